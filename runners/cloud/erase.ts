/** Giving back: everything in a scope is deleted in order, and looked for again until it is gone. */
import { HarnessError } from '../../plan/errors.ts';
import type { Clock } from './clock.ts';
import type { Holdings, Listing, Resource } from './model.ts';
import { inScope, type Scope } from './ownership.ts';
import { mayAgain } from './problem.ts';

/** How long, and what is spared. */
export interface Erasing {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Seconds. */
  readonly limit: number;
  /** Ids that stay. */
  readonly keep?: ReadonlySet<string>;
  /** What is known to exist: named as left when nothing can be listed any more. */
  readonly known?: readonly Resource[];
  /** Seconds for which nothing must be seen: after an answer was lost, a machine may still appear. */
  readonly settle?: number;
}

/** What came of it. */
export interface Erased {
  readonly deleted: readonly Resource[];
  readonly left: readonly { readonly resource: Resource; readonly reason: string }[];
  readonly blind: Listing<Resource>['blind'];
}

const FIRST_POLL = 500;
const LONGEST_POLL = 10_000;
/** A refusal that is repeated this often is final. */
const REFUSALS = 3;
/** So often a list that is refused for good is asked for again: credentials may be renewed meanwhile. */
const BLIND = 3;

/**
 * Deletes what is in the scope, kind after kind in the provider's order, each run by itself: what can't be
 * deleted in one run holds up no other.
 */
export async function erase(holdings: Holdings, scope: Scope, how: Erasing): Promise<Erased> {
  const { clock, signal, keep = new Set<string>(), settle = 0 } = how;
  const end = clock.now() + how.limit * 1000;
  const seen = new Map<string, Resource>();
  const refused = new Map<string, { reason: string; times: number }>();
  let blind: Listing<Resource>['blind'] = [];
  let left: readonly Resource[] = how.known ?? [];
  let emptySince: number | undefined;
  let failure: string | undefined;
  let refusals = 0;
  for (let wait = FIRST_POLL; ; wait = Math.min(wait * 1.5, LONGEST_POLL)) {
    try {
      const listing = await holdings.holdings(scope, signal);
      blind = listing.blind;
      failure = undefined;
      left = listing.found.filter((one) => isMeant(one, scope, holdings.order, keep));
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      failure = error.message;
      refusals += mayAgain(error) ? 0 : 1;
    }
    for (const one of left) seen.set(key(one), one);
    const open = left.filter((one) => (refused.get(key(one))?.times ?? 0) < REFUSALS);
    if (failure === undefined && open.length === 0) {
      emptySince ??= clock.now();
      if (left.length > 0 || clock.now() - emptySince >= settle * 1000) break;
    } else emptySince = undefined;
    if (clock.now() >= end || refusals >= BLIND) break;
    if (failure === undefined) await removeDue(holdings, open, refused, signal);
    await clock.sleep(wait, signal);
  }
  const remaining = new Set(left.map(key));
  return {
    deleted: [...seen.values()].filter((one) => !remaining.has(key(one))),
    left: left.map((resource) => ({
      resource,
      reason:
        refused.get(key(resource))?.reason ??
        failure ??
        `still ${resource.state} after ${how.limit} s`,
    })),
    blind: failure === undefined ? blind : [...blind, { where: 'everywhere', reason: failure }],
  };
}

/** Asks for the deletion of what nothing of its own run stands before. */
async function removeDue(
  holdings: Holdings,
  open: readonly Resource[],
  refused: Map<string, { reason: string; times: number }>,
  signal: AbortSignal,
): Promise<void> {
  const rank = (one: Resource) => holdings.order.indexOf(one.kind);
  const first = new Map<string, number>();
  for (const one of open) {
    const { run } = one.marks;
    first.set(run, Math.min(first.get(run) ?? Infinity, rank(one)));
  }
  const due = open.filter((one) => rank(one) === first.get(one.marks.run));
  for (const kind of holdings.order) {
    const resources = due.filter((one) => one.kind === kind);
    if (resources.length === 0) continue;
    try {
      const refusals = await holdings.remove(resources, signal);
      for (const { id, reason } of refusals) {
        for (const one of resources.filter((other) => other.id === id)) {
          refused.set(key(one), { reason, times: (refused.get(key(one))?.times ?? 0) + 1 });
        }
      }
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      // Asked again at the next turn; the limit ends it.
      for (const one of resources) {
        refused.set(key(one), { reason: error.message, times: 0 });
      }
    }
  }
}

/** The provider's filter is not trusted with what gets deleted. */
function isMeant(
  one: Resource,
  scope: Scope,
  order: readonly string[],
  keep: ReadonlySet<string>,
): boolean {
  const kept = keep.has(one.id) || (one.contains ?? []).some((id) => keep.has(id));
  return inScope(one.marks, scope) && order.includes(one.kind) && !kept;
}

function key({ where, kind, id }: Resource): string {
  return `${where} ${kind} ${id}`;
}
