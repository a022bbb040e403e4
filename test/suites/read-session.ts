/** Feeds a whole output through a suite's reader, as the campaign would line by line. */
import type { Exit, Node } from '../../runners/model.ts';
import type { Case, Outcome, Reading, StepExit, Suite } from '../../suites/model.ts';

/** A node as inventory leaves it. */
export function nodeWith(
  id: string,
  kind: 'gpu' | 'tpu' | 'cpu',
  count = 1,
  model = 'a model',
): Node {
  return {
    id,
    identity: [],
    name: `${id}.example`,
    fabricAddress: '192.0.2.1',
    accelerators: Array.from({ length: count }, (_, index) => ({
      id: kind === 'cpu' ? (count === 1 ? 'cpu' : `cpu${index}`) : `GPU-${id}-${index}`,
      kind,
      model,
      index,
      memory: 2 ** 36,
      cores: kind === 'cpu' ? 2 : 1,
    })),
    domains: [],
    environment: {},
  };
}

type Ended = Exit extends infer One
  ? One extends Exit
    ? Omit<One, 'node' | 'rank' | 'seconds'>
    : never
  : never;

/** Everything one attempt comes to. */
export function readSession(
  suite: Suite,
  of: Case,
  outputs: readonly {
    readonly node: Node;
    readonly stdout: string;
    readonly stderr?: string;
    readonly exit?: Ended;
  }[],
): { readonly readings: readonly Reading[]; readonly outcome: Outcome } {
  const nodes = outputs.map(({ node }) => node);
  const ids = nodes.map((node) => node.id);
  const steps = [{ index: 0, nodes: ids, on: 'each-node', role: 'rank' } as const];
  const reader = suite.reader({ case: of, attempt: 'a/0', nodes, steps });
  const readings: Reading[] = [];
  for (const { node, stdout, stderr = '' } of outputs) {
    for (const [stream, text] of [
      ['stdout', stdout],
      ['stderr', stderr],
    ] as const) {
      const lines = text.split('\n');
      if (lines.at(-1) === '') lines.pop();
      lines.forEach((line, place) => {
        readings.push(...reader.line(line, { step: 0, node: node.id, stream, line: place + 1 }));
      });
    }
  }
  const exits = outputs.map(({ node, exit }, rank): StepExit => ({
    ...(exit ?? { ended: 'exited', code: 0 }),
    node: node.id,
    rank,
    seconds: 1,
    step: 0,
    role: 'rank',
  }));
  const end = reader.end(exits);
  return { readings: [...readings, ...end.readings], outcome: end.outcome };
}

/** The one case with this id. */
export function theCase(suite: Suite, nodes: readonly Node[], id: string): Case {
  const found = suite.cases(nodes).find((one) => one.id === id);
  if (found === undefined)
    throw new Error(
      `${id} is not among ${suite
        .cases(nodes)
        .map((one) => one.id)
        .join(', ')}`,
    );
  return found;
}
