/** What Slurm's words for a node mean to us. */
import { printable } from '../session/printable.ts';
import type { SlurmNode } from './node-table.ts';

const OUT =
  /^(?:DOWN|DRAIN|FAIL|UNKNOWN|FUTURE|ERROR|NOT_RESPONDING|INVALID_REG|INVAL|REBOOT_.*|BLOCKED|PERFCTRS|POWERING_DOWN)$/u;
/** Inside a job that has the node already, only these end its use. */
const GONE = /^(?:DOWN|FAIL|UNKNOWN|FUTURE|ERROR|NOT_RESPONDING|INVAL)$/u;
const HELD = /^(?:MAINTENANCE|MAINT|RESERVED)$/u;

/**
 * Why a job of ours can't get a node now; undefined: it can, perhaps when others have ended.
 *
 * @param reserved our jobs are in a reservation: its nodes are reserved for us
 */
export function unusable(node: SlurmNode, reserved: boolean): string | undefined {
  const bad = node.states.some((one) => OUT.test(one) || (!reserved && HELD.test(one)));
  return bad ? stateWords(node) : undefined;
}

/** Why a node that a job of ours has is gone; undefined: it is not. */
export function lostWithin(node: SlurmNode): string | undefined {
  return node.states.some((one) => GONE.test(one)) ? stateWords(node) : undefined;
}

/** Nobody uses it and a job could start at once. */
export function isIdle(node: SlurmNode, reserved: boolean): boolean {
  return unusable(node, reserved) === undefined && node.states.includes('IDLE');
}

/** An operator, or we, took it out of service. */
export function isDrained(node: SlurmNode): boolean {
  return node.states.includes('DRAIN');
}

/** "Slurm has it DOWN+NOT_RESPONDING: pulled cable (root)". */
export function stateWords(node: SlurmNode): string {
  const { states, reason, reasonBy } = node;
  const why = reason === '' ? '' : `: ${printable(reason)}`;
  const by = reasonBy === '' ? '' : ` (set by ${printable(reasonBy)})`;
  return `Slurm has it ${states.join('+')}${why}${by}`;
}
