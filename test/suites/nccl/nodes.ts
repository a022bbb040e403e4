/** Nodes and a session for tests of the suite. */
import type { Node } from '../../../runners/model.ts';
import type { Case, Reader, Reading, StepExit, Suite } from '../../../suites/model.ts';

/** Node n0001 …, with accelerators of a kind and, where given, a leaf. */
export function node(
  number: number,
  kind: 'gpu' | 'tpu' | 'cpu',
  count: number,
  leaf?: string,
): Node {
  const id = `n${String(number).padStart(4, '0')}`;
  return {
    id,
    identity: [],
    name: `host-${number}`,
    fabricAddress: `127.0.0.${number + 1}`,
    accelerators: Array.from({ length: count }, (_, index) => ({
      id: kind === 'cpu' ? (count === 1 ? 'cpu' : `cpu${index}`) : `GPU-${number}-${index}`,
      kind,
      model: kind === 'cpu' ? 'a CPU' : 'NVIDIA H200',
      index,
      memory: kind === 'cpu' ? 16 * 2 ** 30 : 141e9,
      cores: 1,
    })),
    domains: leaf === undefined ? [] : [{ kind: 'leaf', id: leaf, from: 'plan' }],
    environment: {},
  };
}

/** A case by the start of its id. */
export function caseOf(suite: Suite, nodes: readonly Node[], id: string): Case {
  const found = suite.cases(nodes).find((one) => one.id.startsWith(id));
  if (found === undefined) throw new Error(`no case ${id}`);
  return found;
}

/** A reader of one step over these nodes, that takes a node's whole output at once. */
export function session(suite: Suite, of: Case, nodes: readonly Node[]) {
  const [step] = suite.steps(of, nodes);
  if (step === undefined) throw new Error('no step');
  const reader: Reader = suite.reader({
    case: of,
    attempt: 'a/0',
    nodes,
    steps: [{ index: 0, nodes: step.nodes, on: step.on, role: step.role }],
  });
  const readings: Reading[] = [];
  return {
    reader,
    readings,
    /** What a node prints on stdout. */
    hear(id: string, text: string) {
      text
        .split('\n')
        .filter((line) => line !== '')
        .forEach((line, at) => {
          readings.push(
            ...reader.line(line, { step: 0, node: id, stream: 'stdout', line: at + 1 }),
          );
        });
    },
    end: (exits: readonly StepExit[]) => reader.end(exits),
  };
}

/** A process that ended by itself. */
export function exited(id: string, rank: number, code = 0): StepExit {
  return { node: id, rank, seconds: 3, ended: 'exited', code, step: 0, role: 'rank' };
}
