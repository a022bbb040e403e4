/** Scheduled events of an instance, as EC2's API and the instance's own metadata both tell them. */
import type { Announced } from '../cloud/metadata.ts';

/** One event; ms since the epoch. */
export interface Window {
  readonly code: string;
  readonly from?: number;
  readonly to?: number;
}

/** Whether the window has begun and is not over. */
export function begun({ from, to }: Window, now: number): boolean {
  return from !== undefined && from <= now && now <= (to ?? Infinity);
}

/** A past event stays listed for a week, and says so. */
export function isOver(description: string): boolean {
  return /^\[(?:Completed|Canceled)\]/u.test(description);
}

/** What is announced by it. */
export function maintenance(event: Window, now: number): Announced {
  const { code, from } = event;
  return {
    kind: 'maintenance',
    detail: `${code}${from === undefined ? '' : ` from ${new Date(from).toISOString()}`}`,
    ...(begun(event, now) && { window: 'open' as const }),
  };
}
