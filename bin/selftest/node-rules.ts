/** What is true of every node whatever the plan says: identity, delivery, results, being there at all. */
import type { Criterion, Plan } from '../../plan/model.ts';
import type { Fault } from '../../runners/sim/options.ts';
import { NODE_CRITERIA } from '../../verdicts/criteria/implicit.ts';
import { READINESS } from '../../verdicts/criteria/readiness.ts';
import type { Word } from '../../verdicts/model.ts';
import { done, inventoried, ofNode, output, records } from './edits.ts';
import type { Break, Healthy, Must, Rule } from './model.ts';

/** What a row of the table needs to know. */
type Row = readonly [
  id: string,
  broken: string,
  how: Break,
  /** Criterion on nodes that must say so, and its words. */
  criterion: string,
  words: readonly Word[],
  on?: 'gpu' | 'accelerator',
];

/** Rules of nodes, one row each. */
export function nodeRules(healthy: Healthy): readonly Rule[] {
  const { victim, other, plan } = healthy;
  const fault = (kind: Fault['kind'], rate = 1): Break => ({
    faults: [{ kind, nodes: [victim], rate }],
  });
  const inventory = (source: string, pattern: RegExp, instead: string): Break => ({
    bytes: inventoried(victim, source, (text) => text.replace(pattern, instead)),
  });
  const smi = 'nvidia-smi -q -x';
  const serial = healthy.verdict.nodes.find((node) => node.id === other)?.identity.slice(7) ?? '';
  const given = healthy.cases.flatMap((one) => one.gives);
  // Where no criterion names it, a check stands under its own name.
  const check = given.find((one) => one.as === 'check' && !one.metric.startsWith(READINESS));
  const stray = check?.metric ?? 'correctness';
  const table: readonly Row[] = [
    [
      'node/missing',
      `${victim} is not there`,
      fault('missing'),
      'completeness',
      ['not-tested', 'fail'],
    ],
    [
      'node/unreachable',
      `${victim} does not answer`,
      fault('dead'),
      'completeness',
      ['not-tested', 'fail'],
    ],
    [
      'node/contact-lost',
      `contact with ${victim} breaks in every attempt`,
      fault('flapping'),
      'completeness',
      ['not-tested', 'fail'],
    ],
    [
      'node/harness-error',
      `the payloads find no torch on ${victim}`,
      { bytes: output(ofNode(victim), () => [done('harness', 'NO_TORCH')]) },
      'completeness',
      ['not-tested'],
    ],
    [
      'node/inventory-lost',
      `the inventory of ${victim} prints nothing`,
      { bytes: output(ofNode(victim, 'inventory'), () => []) },
      'completeness',
      ['not-tested', 'fail'],
    ],
    [
      'identity/serial',
      `${victim} has the serial of ${other}`,
      inventory('dmi', /"product_serial":"[^"]*"/u, `"product_serial":"${serial}"`),
      'identity',
      ['fail'],
    ],
    [
      'identity/accelerators',
      `${victim} shows the accelerators of ${other}`,
      { bytes: borrowed(healthy) },
      'identity',
      ['fail'],
      'gpu',
    ],
    [
      'delivery/other-part',
      `one accelerator of ${victim} is another part`,
      inventory(smi, /<product_name>[^<]*/u, '<product_name>NVIDIA T4'),
      'delivery.matches',
      ['fail'],
      'gpu',
    ],
    [
      'delivery/less-memory',
      `one accelerator of ${victim} has 1 GiB`,
      inventory(smi, /<total>\d+ MiB/u, '<total>1024 MiB'),
      'delivery.matches',
      ['fail'],
      'gpu',
    ],
    [
      'delivery/fewer-accelerators',
      `${victim} has an accelerator less`,
      fault('missing-accelerator'),
      'delivery.matches',
      ['fail'],
      'accelerator',
    ],
    [
      'readiness/any',
      `a check that no criterion names is false on ${victim}`,
      plan.part?.kind === 'tpu'
        ? inventory('clock', /"synchronised":true/u, '"synchronised":false')
        : inventory('system', /"shm":\d+/u, '"shm":1048576'),
      'readiness',
      ['fail'],
    ],
    [
      'correctness/unnamed',
      `results are wrong on ${victim}, and no criterion of the plan asks`,
      {
        plan: withoutResults,
        bytes: records(ofNode(victim), (line) =>
          line['kind'] === 'check' && typeof line['ok'] === 'boolean'
            ? { ...line, ok: false }
            : line,
        ),
      },
      stray,
      ['fail'],
    ],
  ];
  // Versions that differ are shown only, unless the plan says more.
  const uniform = plan.criteria.some((one) => one.metric === 'uniform' && one.mandatory);
  const stale: Row = [
    'uniform/stale-driver',
    `${victim} has an older driver than the others`,
    fault('stale-driver'),
    'uniform',
    ['fail'],
    'gpu',
  ];
  return [...table, ...(uniform ? [stale] : [])]
    .filter(([, , , , , on]) => {
      const kind = plan.part?.kind;
      return on === undefined || kind === on || (on === 'accelerator' && kind !== 'cpu');
    })
    .map(([id, broken, how, criterion, words]) => ({
      id,
      broken,
      break: how,
      must: must(plan, criterion, words, victim),
    }));
}

/** The plan's own criterion on a metric of nodes, or the one that stands where it has none. */
function must(plan: Plan, metric: string, words: readonly Word[], node: string): Must {
  const own = plan.criteria.find((one) => one.metric === metric && metric in NODE_CRITERIA);
  const lot = words.includes('not-tested')
    ? (['inconclusive', 'not-tested', 'reject'] as const)
    : (['reject'] as const);
  return { lot, finding: { criterion: own?.id ?? metric, words, node } };
}

function withoutResults(plan: Plan): Plan {
  const kept = (one: Criterion) => one.decide !== 'exact';
  return { ...plan, criteria: plan.criteria.filter(kept) };
}

/** UUIDs carry the serial of their node. */
function borrowed({ victim, other, verdict }: Healthy): NonNullable<Break['bytes']> {
  const ids = (node: string) =>
    verdict.nodes.find((one) => one.id === node)?.accelerators.map((one) => one.id) ?? [];
  const theirs = ids(other);
  return inventoried(victim, 'nvidia-smi -q -x', (text) =>
    ids(victim).reduce((all, id, at) => all.replaceAll(id, theirs[at] ?? id), text),
  );
}
