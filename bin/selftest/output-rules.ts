/** What programs may print: anything that is not a whole, single, well-formed answer is no measurement. */
import { done, ofNode, output, records, type Printed } from './edits.ts';
import type { Break, Healthy, Rule } from './model.ts';

type Row = readonly [id: string, broken: string, how: Break];

/** Every row: the node's trials fail, by its own fault. */
export function outputRules(healthy: Healthy): readonly Rule[] {
  const { victim, plan, nodes } = healthy;
  const own = ofNode(victim);
  const fault = (kind: 'hang' | 'crash' | 'forged-output'): Break => ({
    faults: [{ kind, nodes: [victim] }],
  });
  const suites = new Set(healthy.cases.map((one) => one.suite));
  suites.delete('inventory');
  const table: readonly Row[] = [
    [
      'output/empty',
      `programs on ${victim} print nothing and exit 0`,
      { bytes: output(own, () => []) },
    ],
    [
      'output/truncated',
      `output of ${victim} ends before its done line`,
      { bytes: output(own, (lines) => lines.filter((text) => !text.includes('"kind":"done"'))) },
    ],
    [
      'output/incomplete',
      `${victim} says done without one of its values`,
      {
        bytes: output(own, (lines) => {
          const first = lines.findIndex((text) => text.includes('"kind":"sample"'));
          return lines.filter((_, at) => at !== first);
        }),
      },
    ],
    [
      'output/garbage',
      `output of ${victim} is garbage`,
      { bytes: output(own, (lines) => lines.map((text) => text.replaceAll(/[a-z]/gu, '\u0000'))) },
    ],
    [
      'output/not-a-number',
      `values of ${victim} are NaN`,
      {
        bytes: output(own, (lines) =>
          lines.map((text) => text.replace(/"value":[\d.e+]+/u, '"value":NaN')),
        ),
      },
    ],
    ...[...suites].flatMap((suite) => bySuite(suite, victim)),
    ['output/forged', `${victim} prints a better session before its own`, fault('forged-output')],
    [
      'output/node-error',
      `the payloads of ${victim} end in a CUDA error`,
      { bytes: output(own, () => [done('node', 'CUDA_ERROR')]) },
    ],
    ['program/crashed', `programs on ${victim} die half-way with exit 1`, fault('crash')],
    ['program/hung', `programs on ${victim} never end`, fault('hang')],
  ];
  const criterion = plan.criteria.find((one) => one.metric === 'completeness')?.id;
  const completeness = criterion ?? 'completeness';
  return [
    ...table.map(([id, broken, how]): Rule => ({
      id,
      broken,
      break: how,
      must: {
        lot: ['reject'],
        finding: { criterion: completeness, words: ['fail'], node: victim },
      },
    })),
    {
      id: 'output/all-alike',
      broken: `payloads end in the same error on all ${nodes.length} nodes`,
      break: {
        bytes: (lines, place) =>
          nodes.some((node) => ofNode(node)(place)) ? [done('node', 'CUDA_ERROR')] : lines,
      },
      // So many at once speak of the harness: nobody is rejected for it, and nobody accepted.
      must: {
        lot: ['not-tested', 'inconclusive'],
        finding: { criterion: completeness, words: ['not-tested'] },
      },
    },
  ];
}

/** Each suite has a reader of its own, and one that is lax would hide behind the others. */
function bySuite(suite: string, victim: string): readonly Row[] {
  const own = ofNode(victim, suite);
  return [
    [
      `output/said-twice-${suite}`,
      `${victim} says every value of ${suite} twice, the second one better`,
      { bytes: records(own, (line) => (isValue(line) ? [line, better(line)] : line)) },
    ],
    [
      `output/not-its-own-${suite}`,
      `in ${suite}, ${victim} speaks for an accelerator that it does not have`,
      {
        bytes: records(own, (line) =>
          isValue(line) ? { ...line, accelerator: 63, rank: 63 } : line,
        ),
      },
    ],
  ];
}

function isValue(line: Printed): boolean {
  return line['kind'] === 'sample';
}

function better(line: Printed): Printed {
  const value = Number(line['value']);
  return { ...line, value: String(line['metric']).endsWith('.time') ? value / 2 : value * 2 };
}
