/** Outputs → facts and readiness, for all nodes of one inventory attempt. */
import type { Exit } from '../model.ts';
import { factsOf } from './facts.ts';
import { hardwareOf } from './hardware.ts';
import type {
  InventoryContext,
  InventoryOutcome,
  InventoryReader,
  InventoryReading,
  Line,
} from './model.ts';
import { Outputs } from './outputs.ts';
import { readinessOf, readinessRules } from './readiness.ts';

/**
 * Live and in replay the same. Facts: `accelerator.<i>`, `identity.<i>`, `environment.<key>`, `machine`,
 * `nics`, `nic-rate` (B/s), `memory` (B) and others of facts.ts; `lost.<fact>` = why it can't be read.
 */
export function inventoryReader(context: InventoryContext, referenceDevices = 1): InventoryReader {
  const nodes = new Map(context.nodes.map((node) => [node.id, new Outputs()]));
  const steps = new Map<string, number>();
  return {
    line(text: string, from: Line) {
      if (from.stream === 'stdout') nodes.get(from.node)?.take(text, from.line);
      steps.set(from.node, from.step);
      return [];
    },
    end(exits) {
      return {
        // When asked: who wants the outcome alone need not have thousands of nodes parsed.
        get readings() {
          return [...nodes].flatMap(([node, outputs]) =>
            read(node, steps.get(node) ?? 0, outputs, referenceDevices),
          );
        },
        outcome: outcome(nodes, exits),
      };
    },
  };
}

function read(
  node: string,
  step: number,
  outputs: Outputs,
  referenceDevices: number,
): readonly InventoryReading[] {
  // Half an inventory names a half node: nothing is taken from it.
  if (!outputs.done) return [];
  const hardware = hardwareOf(outputs, referenceDevices);
  const ready = readinessOf(hardware);
  const facts = new Map(factsOf(hardware));
  for (const [fact, why] of outputs.lost) facts.set(`lost.${fact}`, why);
  for (const [name, rule] of Object.entries(readinessRules)) {
    const kinds: readonly string[] = rule.kinds;
    const short = name.slice('readiness.'.length);
    if (!kinds.includes(hardware.kind) || ready.some((one) => one.name === name)) continue;
    if (!facts.has(`lost.${short}`)) facts.set(`lost.${short}`, `not shown by ${rule.from}`);
  }
  return [
    ...[...facts].map(([name, value]): InventoryReading => ({ kind: 'fact', node, name, value })),
    ...ready.map((one): InventoryReading => {
      const accelerator = one.gpu?.uuid;
      const source = readinessRules[one.name].from;
      return {
        kind: 'check',
        name: one.name,
        subject:
          accelerator === undefined
            ? { kind: 'node', node }
            : { kind: 'accelerator', node, accelerator },
        parameters: {},
        ok: one.ok,
        detail: one.detail,
        at: { step, node, stream: 'stdout', line: outputs.lines.get(source) ?? 1 },
      };
    }),
  ];
}

function outcome(nodes: ReadonlyMap<string, Outputs>, exits: readonly Exit[]): InventoryOutcome {
  const open = [...nodes].filter(([, outputs]) => !outputs.done).map(([node]) => node);
  if (open.length === 0) return { status: 'measured' };
  const exit = exits.find((one) => open.includes(one.node));
  const failed = (owner: 'harness' | 'reach' | 'node', code: string, message: string) =>
    ({ status: 'failed', owner, code, message, suspects: open }) as const;
  switch (exit?.ended) {
    case undefined:
    case 'stopped':
      return failed('harness', 'STOPPED', 'inventory was stopped before it ended');
    case 'not-started':
      return failed(
        /^(?:SSH|FLEET|PROVIDER)_/u.test(exit.code) ? 'reach' : 'harness',
        exit.code,
        exit.reason,
      );
    case 'lost':
      return failed('reach', exit.code, exit.reason);
    case 'timed-out':
      return failed(
        'node',
        'TIMED_OUT',
        `inventory did not end within ${exit.seconds.toFixed(0)} s`,
      );
    case 'over-limit':
      return failed('node', 'OUTPUT_UNREADABLE', 'inventory printed more than is kept');
    case 'exited':
    case 'signalled': {
      const how = exit.ended === 'exited' ? `exit ${exit.code}` : exit.signal;
      return failed('harness', 'NO_DONE', `inventory ended (${how}) without its last line`);
    }
  }
}
