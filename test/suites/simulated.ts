/** A simulated node with given values, for suites' `simulate`. */
import type { Node, PlacedStep, SimulatedNode, Step } from '../../runners/model.ts';
import type { Parameters } from '../../plan/model.ts';

/** @param value what each metric comes to; undefined: the node does not give it */
export function simulated(
  node: Node,
  value: (metric: string, parameters: Parameters, index: number) => number | undefined,
  fault?: Parameters[string],
): SimulatedNode {
  return {
    node,
    value: (metric, parameters, accelerator) => value(metric, parameters, accelerator?.index ?? -1),
    faulty: (kind) => kind === fault,
    random: () => 0.5,
  };
}

/** A step as the campaign would place it. */
export function placed(step: Step): PlacedStep {
  const [program, ...rest] = step.argv.map((one) =>
    typeof one === 'string' ? one : { file: 'f'.repeat(64) },
  );
  if (program === undefined) throw new Error('no program');
  return {
    ...step,
    argv: [program, ...rest],
    environment: {},
    attempt: 'a/0',
    index: 0,
    lease: 600,
  };
}

/** The fields of each kind of line, so that two outputs can be compared in shape. */
export function shapes(output: string): ReadonlySet<string> {
  const kinds = output.split('\n').flatMap((line): string[] => {
    if (!line.startsWith('{')) return [];
    const fields = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const about = fields['metric'] ?? fields['name'];
    const parameters = Object.keys((fields['parameters'] as object | undefined) ?? {}).sort();
    const keys = Object.keys(fields)
      .filter((key) => key !== 'detail')
      .sort();
    if (fields['kind'] !== 'sample' && fields['kind'] !== 'check') return [];
    return [`${String(about)}: ${keys.join(' ')}; ${parameters.join(' ')}`];
  });
  return new Set(kinds);
}
