/** A suite that reads `value=<number>` lines, its inventory, and a judge with a fixed number of trials. */
import { fileURLToPath } from 'node:url';
import type { Plan, Subject } from '../../plan/model.ts';
import { subjectKey } from '../../plan/subject.ts';
import type { Node, Step } from '../../runners/model.ts';
import type { Case, Metric, Outcome, Reading, ReaderContext, Suite } from '../../suites/model.ts';
import type {
  Finding,
  Judge,
  JudgeSetup,
  JudgedReading,
  Judgement,
  Request,
  Stopped,
  Word,
} from '../../verdicts/model.ts';
import type { InventoryUnit, Unit, Units } from '../../campaign/units.ts';

const payload = fileURLToPath(new URL('fake-suite.ts', import.meta.url));

export const metric: Metric = {
  id: 'fake.speed',
  unit: 'B/s',
  display: { unit: 'GB/s', factor: 1e-9, digits: 4 },
  better: 'higher',
  source: 'the test',
};

/** Two cases of one node, one of a pair. */
export function fakeCase(id: string, scope: Case['scope'] = 'node'): Case {
  const per = scope === 'node' ? 'node' : 'link';
  return {
    id,
    suite: 'fake',
    parameters: { case: id },
    scope,
    gives: [{ metric: 'fake.speed', per }],
    expected: 1,
  };
}

function step(suite: string, one: Case, nodes: readonly Node[]): Step {
  return {
    suite,
    case: one.id,
    parameters: one.parameters,
    on: 'each-node',
    nodes: nodes.map((node) => node.id),
    role: suite === 'companion' ? 'companion' : 'rank',
    argv: [{ payload }, '--port', { port: 'rendezvous' }, { addressOf: nodes[0]?.id ?? '' }],
    environment: { NCCL_DEBUG: 'INFO' },
    limit: 30,
  };
}

function subjectOf(nodes: readonly Node[]): Subject {
  const [a, b] = nodes.map((node) => node.id);
  return b === undefined
    ? { kind: 'node', node: a ?? '' }
    : { kind: 'link', ends: [a ?? '', b], finest: 'path' };
}

/** `value=3.5` → a sample; `fault=<owner> <CODE>` → that outcome; no value → OUTPUT_INCOMPLETE. */
function reader(context: ReaderContext) {
  let values = 0;
  let fault: Extract<Outcome, { status: 'failed' }> | undefined;
  return {
    line(text: string, from: Parameters<ReturnType<Suite['reader']>['line']>[1]): Reading[] {
      const value = /^value=([\d.e+-]+)$/u.exec(text)?.[1];
      const failed = /^fault=(harness|reach|node|group) ([A-Z_]+)$/u.exec(text);
      if (failed !== null) {
        fault = {
          status: 'failed',
          owner: failed[1] as 'harness',
          code: failed[2] ?? '',
          message: text,
          suspects: [from.node],
        };
      }
      const heat = /^heat=([\d.]+)$/u.exec(text)?.[1];
      if (heat !== undefined) {
        return [
          { kind: 'telemetry', node: from.node, at: 1, field: 'temperature', value: Number(heat) },
        ];
      }
      if (value === undefined) return [];
      values += 1;
      return [
        {
          kind: 'sample',
          metric: 'fake.speed',
          subject: subjectOf(context.nodes),
          parameters: context.case.parameters,
          value: Number(value),
          at: from,
        },
      ];
    },
    end() {
      const incomplete: Outcome = {
        status: 'failed',
        owner: 'node',
        code: 'OUTPUT_INCOMPLETE',
        message: 'no value',
        suspects: context.nodes.map((node) => node.id),
      };
      const outcome: Outcome = fault ?? (values > 0 ? { status: 'measured' } : incomplete);
      return { readings: [], outcome };
    },
  };
}

export function fakeSuite(cases: readonly Case[] = [fakeCase('one'), fakeCase('two')]): Suite {
  return {
    id: 'fake',
    metrics: [metric],
    checks: [],
    cases: () => cases,
    steps: (one, nodes) => [step('fake', one, nodes)],
    reader,
    ceiling: () => undefined,
    simulate: () => [],
  };
}

const inventoryCase: Case = {
  id: 'inventory',
  suite: 'inventory',
  parameters: {},
  scope: 'node',
  gives: [],
  expected: 1,
};

/** Reads `machine=<name>`. */
export const fakeInventory: InventoryUnit = {
  id: 'inventory',
  checks: [],
  cases: () => [inventoryCase],
  steps: (one, nodes) => [step('inventory', one, nodes)],
  reader: (context) => {
    let fault: Outcome | undefined;
    return {
      line(text, from) {
        const machine = /^machine=(\S+)$/u.exec(text)?.[1];
        const code = /^fault=(reach) ([A-Z_]+)$/u.exec(text)?.[2];
        if (code !== undefined) {
          fault = { status: 'failed', owner: 'reach', code, message: text, suspects: [from.node] };
        }
        return machine === undefined
          ? []
          : [{ kind: 'fact', node: from.node, name: 'machine', value: machine }];
      },
      end: (exits) => {
        const lost = exits.find((exit) => exit.ended === 'lost');
        if (lost?.ended !== 'lost')
          return { readings: [], outcome: fault ?? { status: 'measured' } };
        const suspects = context.nodes.map((node) => node.id);
        return {
          readings: [],
          outcome: { status: 'failed', owner: 'reach', code: lost.code, message: '', suspects },
        };
      },
    };
  },
  inventoriedNode(node, readings) {
    const fact = readings.find((one) => one.kind === 'fact' && one.name === 'machine');
    return {
      ...node,
      accelerators: [
        { id: `GPU-${node.id}`, kind: 'gpu', model: 'Fake', index: 0, memory: 1, cores: 1 },
      ],
      ...(fact?.kind === 'fact' && { machine: fact.value }),
    };
  },
};

export const fakeCompanion: Unit = {
  id: 'companion',
  steps: (one, nodes) => [step('companion', one, nodes)],
  reader: (context) => reader(context),
};

export function fakeUnits(suite: Suite = fakeSuite(), companion?: Unit): Units {
  return { inventory: fakeInventory, suites: [suite], ...(companion && { companion }) };
}

/** Asks `trials` of each case on each node (pairs: neighbours), in two rounds; all at or over the limit pass. */
export function fakeJudge(trials = 2) {
  return (setup: JudgeSetup): Judge => {
    const values = new Map<string, { subject: Subject; values: number[]; attempts: string[] }>();
    const told = new Set<string>();
    const attempts: { id: string; outcome: Outcome }[] = [];
    const criterion = setup.plan.criteria[0];
    const limit = criterion?.limit.value ?? 0;
    let round = 0;
    const finding = (key: string, verdict: Word): Finding => {
      const one = values.get(key);
      if (one === undefined) throw new Error(key);
      const sorted = [...one.values].sort((a, b) => a - b);
      return {
        criterion: criterion?.id ?? '',
        subject: one.subject,
        verdict,
        ...(sorted.length > 0 && {
          estimate: { value: sorted.reduce((a, b) => a + b, 0) / sorted.length, n: sorted.length },
        }),
        reason: `${sorted.length} values against ${limit}`,
        attempts: [...one.attempts].sort(),
      };
    };
    return {
      observe(attempt, readings: Iterable<JudgedReading>) {
        if (attempt.outcome?.status === 'failed') {
          attempts.push({ id: attempt.id, outcome: attempt.outcome });
        }
        const failed: Finding[] = [];
        for (const reading of readings) {
          if (reading.kind !== 'sample') continue;
          const key = subjectKey(reading.subject);
          const one = values.get(key) ?? { subject: reading.subject, values: [], attempts: [] };
          values.set(key, one);
          one.values.push(reading.value);
          one.attempts.push(attempt.id);
          if (reading.value < limit && !told.has(key)) {
            told.add(key);
            failed.push(finding(key, 'fail'));
          }
        }
        return failed;
      },
      next() {
        round += 1;
        const planned = round === 1 ? 1 : round === 2 ? trials - 1 : 0;
        const ids = setup.nodes.map((node) => node.id);
        const pairs = ids.flatMap((id, at) => (at % 2 === 1 ? [[ids[at - 1] ?? '', id]] : []));
        const requests: Request[] = setup.cases
          .filter((one) => one.suite !== 'inventory')
          .flatMap((one) =>
            Array.from({ length: planned }, () => ({
              case: one.id,
              groups: one.scope === 'node' ? ids.map((id) => [id]) : pairs,
              why: round === 1 ? ('planned' as const) : ('undecided' as const),
            })),
          );
        return { requests, repeatability: [], failed: [] };
      },
      decide: (stopped) => judgement(setup, values, told, attempts, finding, stopped),
    };
  };
}

function judgement(
  setup: JudgeSetup,
  values: ReadonlyMap<string, { readonly subject: Subject; readonly values: readonly number[] }>,
  told: ReadonlySet<string>,
  attempts: readonly { id: string; outcome: Outcome }[],
  finding: (key: string, verdict: Word) => Finding,
  stopped: Stopped | undefined,
): Judgement {
  const word = (key: string): Word =>
    told.has(key) ? 'fail' : stopped === undefined ? 'pass' : 'inconclusive';
  const findings = [...values.keys()].sort().map((key) => finding(key, word(key)));
  const nodes = setup.nodes.map((node) => ({
    id: node.id,
    identity: `serial:${node.identity[0]?.value ?? ''}`,
    verdict: values.has(`node:${node.id}`) ? word(`node:${node.id}`) : ('not-tested' as const),
    reasons: [],
    accelerators: [],
  }));
  const count = (verdict: Word) => nodes.filter((node) => node.verdict === verdict).length;
  return {
    findings,
    verdict: {
      schema: 'assay/verdict/1',
      origin: setup.origin,
      lot: {
        verdict:
          count('fail') > 0 ? 'reject' : count('pass') === nodes.length ? 'accept' : 'inconclusive',
        reasons: stopped === undefined ? [] : [stopped],
        delivered: nodes.length,
        tested: nodes.length - count('not-tested'),
        accepted: count('pass'),
        rejected: count('fail'),
        inconclusive: count('inconclusive'),
        notTested: count('not-tested'),
      },
      nodes,
      links: [],
      groups: [],
      criteria: [],
      findings: findings.filter((one) => one.verdict !== 'pass'),
      coverage: [],
      errorRates: {
        consumerRisk: 0.03,
        producerRisk: 0.03,
        decisions: 1,
        maxTrials: 5,
        repeatability: [],
      },
      notes: [],
      attempts: [...attempts].sort((a, b) => (a.id < b.id ? -1 : 1)),
    },
  };
}

/** A plan for the fake suite. */
export function fakePlan(change: Partial<Plan> = {}): Plan {
  return {
    schema: 'assay/plan/1',
    seed: 7,
    delivery: {
      reference: 'test',
      provider: 'own',
      sku: 'fake',
      unit: 'node',
      acceleratorsPerNode: 1,
    },
    fleet: { runner: 'fake', options: {}, grace: 60, lease: 600 },
    suites: [{ id: 'fake', options: {} }],
    criteria: [
      {
        id: 'speed',
        metric: 'fake.speed',
        where: {},
        per: 'node',
        mandatory: true,
        decide: 'level',
        standing: 'contract',
        bound: 'at-least',
        limit: { value: 100, source: 'test' },
        fixed: 'before',
      },
    ],
    decision: {
      consumerRisk: 0.03,
      producerRisk: 0.03,
      inconclusive: 'hold',
      nonconforming: 0,
    },
    budget: {},
    report: { private: [] },
    origins: {},
    warnings: [],
    ...change,
  };
}
