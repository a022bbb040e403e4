/** `delivery.matches`: the part, the count and the memory delivered are those bought. */
import type { Part, Plan } from '../../plan/model.ts';
import type { Node } from '../../runners/model.ts';
import { count } from '../show.ts';
import type { NodeWord } from './node-facts.ts';

/** Drivers count binary units and hold some back: between these shares of the datasheet's bytes it is the part bought. */
const MEMORY_SHARE = [0.93, 1.25] as const;

/**
 * What differs between the delivery and this node; not-tested where nothing is known of the part.
 *
 * @param missing why there is no node, or no inventory of it
 * @param nics active NICs that its inventory counted; undefined: it could not
 */
export function deliveryWord(
  plan: Plan,
  node: Node | undefined,
  missing: string,
  nics: number | undefined,
): NodeWord {
  if (node === undefined) return { verdict: 'not-tested', reason: missing };
  const { part, delivery } = plan;
  if (part === undefined) {
    const reason = `nothing is known of the part "${delivery.sku}", so what was delivered can't be held against it`;
    return { verdict: 'not-tested', reason };
  }
  // An inventory names a CPU at least: none of all is one that was not made, whoever's fault that is.
  if (node.accelerators.length === 0) return { verdict: 'not-tested', reason: missing };
  const held = heldBack(plan, node);
  if (held !== undefined) return { verdict: 'not-tested', reason: held };
  const wrong = [
    ...countMismatch(plan, node),
    ...partMismatch(part, node),
    ...nicMismatch(plan, part, nics),
  ];
  if (wrong.length > 0) return { verdict: 'fail', reason: wrong.join('; ') };
  const found = `${node.accelerators.length} × ${node.accelerators[0]?.model ?? part.title}`;
  return { verdict: 'pass', reason: `${found}, as bought (${part.title})` };
}

function countMismatch(plan: Plan, node: Node): string[] {
  const bought = plan.delivery.acceleratorsPerNode;
  const found = gpusAmong(node);
  const promised = promisedBySlurm(node);
  const said =
    promised === undefined || promised === found
      ? []
      : [`Slurm promises ${count(promised, 'GPU')} (GRES) where ${found} are found`];
  return node.accelerators.length === bought
    ? said
    : [
        `${count(node.accelerators.length, 'accelerator')} found where ${bought} were bought`,
        ...said,
      ];
}

/**
 * A scheduler that hands out fewer GPUs than were bought hides the others from us: its configuration is to
 * be mended, and nothing is known of the node by it.
 */
function heldBack(plan: Plan, node: Node): string | undefined {
  const bought = plan.delivery.acceleratorsPerNode;
  const promised = promisedBySlurm(node);
  if (promised === undefined || promised >= bought || gpusAmong(node) !== promised)
    return undefined;
  return `Slurm hands out ${count(promised, 'GPU')} of this node (GRES) where ${bought} were bought: mend gres.conf`;
}

function gpusAmong(node: Node): number {
  return node.accelerators.filter((one) => one.kind === 'gpu').length;
}

/** GPUs that the scheduler says the node has; undefined: it says nothing. */
function promisedBySlurm(node: Node): number | undefined {
  const said = node.environment['slurm.gpus'];
  return said === undefined ? undefined : Number(said);
}

function partMismatch(part: Part, node: Node): string[] {
  const wrong: string[] = [];
  const strange = node.accelerators.filter(
    (one) => one.kind !== part.kind || !named(part, one.model),
  );
  if (strange.length > 0) {
    wrong.push(
      `${strange[0]?.model ?? ''} (${strange[0]?.kind ?? ''}) found where ${part.title} was bought`,
    );
  }
  if (part.memory !== undefined) {
    const { value } = part.memory;
    const [low, high] = MEMORY_SHARE;
    const off = node.accelerators.find(
      (one) => one.memory < low * value || one.memory > high * value,
    );
    if (off !== undefined) {
      wrong.push(
        `${off.id} has ${(off.memory / 1e9).toFixed(1)} GB where ${(value / 1e9).toFixed(1)} GB were bought`,
      );
    }
  }
  return wrong;
}

/** Held against the provider's machine with the fewest NICs: which of them was bought is not in the plan. */
function nicMismatch(plan: Plan, part: Part, nics: number | undefined): string[] {
  const own = part.machines.filter((one) => one.provider === plan.delivery.provider);
  const bought = Math.min(...own.map((one) => one.nics));
  if (own.length === 0 || nics === undefined || nics >= bought) return [];
  return [`${count(nics, 'active NIC')} found where ${bought} were bought`];
}

/** Whether the driver's name holds one of the part's word lists whole, and none of the words that it must not. */
function named(part: Part, model: string): boolean {
  const text = model.toLowerCase();
  const holds = (word: string) => text.includes(word.toLowerCase());
  if (part.not?.some(holds) === true) return false;
  return part.models.length === 0 || part.models.some((words) => words.every(holds));
}
