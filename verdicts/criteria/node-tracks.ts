/** The tracks on what is known of nodes without a case. */
import type { Criterion } from '../../plan/model.ts';
import { subjectNodes } from '../../plan/subject.ts';
import type { Node } from '../../runners/model.ts';
import type { JudgeSetup } from '../model.ts';
import type { Completeness } from './completeness.ts';
import { deliveryWord } from './delivery.ts';
import { identityWord, sharedIdentities } from './identity.ts';
import { NODE_CRITERION_NAMES, nodeCriterion, type NodeCriterion } from './implicit.ts';
import type { Ledger } from './ledger.ts';
import { nodeFactTrack, type NodeFactOptions } from './node-facts.ts';
import { createReadiness, READINESS } from './readiness.ts';
import type { Track } from './track.ts';
import { oddEnvironments, uniformWord } from './uniform.ts';

type Rule = Pick<NodeFactOptions, 'wordOf' | 'take'>;

/**
 * @param missing node id → why it is not there
 */
export function nodeTracks(
  setup: JudgeSetup,
  ledger: Ledger,
  completeness: Completeness,
  missing: ReadonlyMap<string, string>,
): Track[] {
  const byId = new Map(setup.nodes.map((node) => [node.id, node]));
  const nodes = [...byId.keys(), ...missing.keys()];
  const rules = rulesOf(setup, ledger, completeness, missing, byId);
  return NODE_CRITERION_NAMES.flatMap((name) => {
    const own = setup.plan.criteria.filter((criterion) => criterion.metric === name);
    const criteria: readonly Criterion[] = own.length > 0 ? own : [nodeCriterion(name)];
    return criteria.map((criterion) =>
      nodeFactTrack({ criterion, implicit: own.length === 0, nodes, ...rules[name] }),
    );
  });
}

function rulesOf(
  setup: JudgeSetup,
  ledger: Ledger,
  completeness: Completeness,
  missing: ReadonlyMap<string, string>,
  byId: ReadonlyMap<string, Node>,
): Readonly<Record<NodeCriterion, Rule>> {
  const readiness = createReadiness(ledger);
  const nics = new Map<string, number>();
  const shared = sharedIdentities(setup.nodes);
  const odd = oddEnvironments(setup.nodes.filter((node) => node.accelerators.length > 0));
  const why = (node: string) => missing.get(node) ?? completeness.whyNot(['inventory'], [node]);
  return {
    completeness: { wordOf: (node) => completeness.wordOf(node) },
    'delivery.matches': {
      wordOf: (node) =>
        deliveryWord(
          setup.plan,
          byId.get(node),
          why(node) ?? 'the inventory of this node is missing',
          nics.get(node),
        ),
      take: (reading) => {
        if (reading.kind !== 'fact' || reading.name !== 'nics') return undefined;
        const found = Number(reading.value);
        if (Number.isInteger(found)) nics.set(reading.node, found);
        return undefined;
      },
    },
    correctness: strayChecks(setup, ledger),
    readiness: {
      wordOf: (node) => readiness.wordOf(node, why(node)),
      take: (reading, from) => readiness.take(reading, from),
    },
    identity: { wordOf: (node) => identityWord(byId.get(node), shared) },
    uniform: { wordOf: (node) => uniformWord(byId.get(node), odd) },
  };
}

/** False checks that no case of the plan gives: still wrong results. */
function strayChecks(setup: JudgeSetup, ledger: Ledger): Rule {
  const given = new Set(setup.cases.flatMap((one) => one.gives.map((give) => give.metric)));
  for (const criterion of setup.plan.criteria) given.add(criterion.metric);
  const wrong = new Map<string, { reason: string; attempts: string[] }>();
  return {
    wordOf: (node) => {
      const own = wrong.get(node);
      return own === undefined ? undefined : { verdict: 'fail', ...own };
    },
    take: (reading, from) => {
      if (reading.kind !== 'check' || reading.ok || given.has(reading.name)) return undefined;
      if (reading.name.startsWith(READINESS)) return undefined;
      const [node] = subjectNodes(reading.subject);
      if (node === undefined) return undefined;
      const attempt = ledger.id(from.attempt);
      const own = wrong.get(node);
      if (own === undefined) {
        const reason = `${reading.name} is false in ${attempt}: ${reading.detail}`;
        wrong.set(node, { reason, attempts: [attempt] });
      } else if (!own.attempts.includes(attempt)) own.attempts.push(attempt);
      return node;
    },
  };
}
