/**
 * The shapes of a suite that inventory fills in. Runners import no suite, so they stand here in the
 * same form as in suites/model.ts; a test holds that `Inventory` is assignable to `Suite`.
 */
import type { Parameters, Subject } from '../../plan/model.ts';
import type { Exit, Node, PlacedStep, SimulatedNode, Step } from '../model.ts';

/** How it is asked. */
export interface InventoryOptions {
  /** Argument prefix for facts that need root, e.g. `['sudo', '-n']`; absent: such facts are lost. */
  readonly become?: readonly string[];
  /** What a machine without accelerators counts as; absent: one. */
  readonly referenceDevices?: number;
}

/** A place in an attempt's output. */
export interface Line {
  readonly step: number;
  readonly node: string;
  readonly stream: 'stdout' | 'stderr';
  readonly line: number;
}

/** What inventory reads: facts, and readiness as checks. It measures nothing. */
export type InventoryReading =
  | { readonly kind: 'fact'; readonly node: string; readonly name: string; readonly value: string }
  | {
      readonly kind: 'check';
      readonly subject: Subject;
      readonly name: string;
      readonly parameters: Parameters;
      readonly ok: boolean;
      readonly detail: string;
      readonly at: Line;
    };

/** The one case: everything about one node. */
export interface InventoryCase {
  readonly id: string;
  readonly suite: string;
  readonly parameters: Parameters;
  readonly scope: 'node';
  readonly gives: readonly {
    readonly metric: string;
    readonly per: Subject['kind'];
    readonly as: 'check';
  }[];
  readonly expected: number;
}

export type InventoryOutcome =
  | { readonly status: 'measured' }
  | {
      readonly status: 'failed';
      readonly owner: 'harness' | 'reach' | 'node';
      readonly code: string;
      readonly message: string;
      readonly suspects: readonly string[];
    };

export interface InventoryContext {
  readonly nodes: readonly Pick<Node, 'id'>[];
}

export interface InventoryReader {
  line(text: string, from: Line): readonly InventoryReading[];
  end(exits: readonly Exit[]): {
    readonly readings: readonly InventoryReading[];
    readonly outcome: InventoryOutcome;
  };
}

/** A `Suite` in form: the campaign runs it first, on every node. */
export interface Inventory {
  readonly id: 'inventory';
  readonly metrics: readonly never[];
  /** Names of the readiness checks. */
  readonly checks: readonly string[];
  cases(nodes: readonly Node[]): readonly InventoryCase[];
  steps(of: unknown, nodes: readonly Pick<Node, 'id'>[]): readonly Step[];
  reader(context: InventoryContext): InventoryReader;
  ceiling(): undefined;
  simulate(step: PlacedStep, node: SimulatedNode): Iterable<string>;
  /** The node with what its readings say; pure. */
  inventoriedNode(
    node: Node,
    readings: Iterable<{ readonly kind: string; readonly node?: string }>,
  ): Node;
  /** What is asked of a rejected node before it is given back. */
  diagnosis(node: Pick<Node, 'id'>): Step;
}

/** One GPU as `nvidia-smi -q -x` or `rocm-smi` shows it; absent = not shown or "N/A". */
export interface Gpu {
  /** In the tool's order, which is the bus order. */
  readonly index: number;
  readonly uuid?: string;
  readonly serial?: string;
  readonly model: string;
  readonly vbios?: string;
  readonly gsp?: string;
  /** PCI address, lower case, "0000:1b:00.0". */
  readonly pci?: string;
  /** Bytes. */
  readonly memory?: number;
  readonly mig?: boolean;
  readonly ecc?: boolean;
  /** Uncorrectable, since the driver was loaded and over the life. */
  readonly eccVolatile?: number;
  readonly eccAggregate?: number;
  readonly remaps?: {
    readonly correctable: number;
    readonly uncorrectable: number;
    readonly pending: boolean;
    readonly failure: boolean;
  };
  /** W. */
  readonly powerLimit?: number;
  readonly powerDefault?: number;
  readonly pcie?: {
    readonly gen: number;
    readonly maxGen: number;
    /** What the device itself could do. */
    readonly deviceGen: number;
    readonly width: number;
    readonly maxWidth: number;
  };
  /** P0 = not idling: the PCIe generation is what it is at work. */
  readonly state?: string;
  readonly fabric?: {
    readonly state: string;
    readonly status: string;
    readonly clique?: string;
    readonly cluster?: string;
  };
  /** Hz, graphics clock that can be reached. */
  readonly maxClock?: number;
  readonly processes: readonly { readonly pid: number; readonly name: string }[];
}
