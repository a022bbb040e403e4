/** `assay history declare`: a change that is told before its effect is seen. */
import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { deliveriesOf, eventBatch } from '../../campaign/history/events.ts';
import type { DeclaredChange } from '../../campaign/history/model.ts';
import type { History } from '../../campaign/history/store.ts';
import { HarnessError } from '../../plan/errors.ts';
import { nearest } from '../../plan/options.ts';
import { printable, type Io } from '../terminal.ts';

/** What can be declared by an option of its own. */
export const CHANGED = [
  'driver',
  'firmware',
  'nccl',
  'cuda',
  'kernel',
  'image',
  'power',
  'other',
] as const;

/** Stores one declaration for each thing that changed. */
export async function declare(
  history: History,
  args: Readonly<Partial<Record<(typeof CHANGED)[number], string | undefined>>> & {
    readonly delivery?: string | undefined;
    readonly serials?: string | undefined;
    readonly note?: string | undefined;
    readonly renews?: boolean | undefined;
    readonly from: string;
  },
  io: Io,
): Promise<number> {
  const told = CHANGED.flatMap((what) => {
    const change = args[what];
    return change === undefined ? [] : [{ what, change }];
  });
  if (told.length === 0) {
    throw new HarnessError('USAGE', 'nothing is declared', {
      hint: `Say what changed: --${CHANGED.join(', --')}; e.g. --driver 570→580.`,
    });
  }
  const delivery = await deliveryNamed(history, args.delivery);
  const { from, note } = args;
  const serials = args.serials?.split(',').filter((one) => one !== '');
  for (const one of told) {
    const id = `declared-${randomBytes(6).toString('hex')}`;
    const change: DeclaredChange = {
      ...one,
      from,
      ...(serials && { serials: serials.map(keyed) }),
      ...(note !== undefined && { note }),
      ...(args.renews === true && { renews: true }),
      by: userInfo().username,
    };
    const event = {
      id,
      at: new Date().toISOString(),
      night: from,
      kind: 'declared' as const,
      body: { ...change },
    };
    await history.append([eventBatch(id, delivery, from, [event])]);
    if (io.json) io.event(event);
    else {
      io.out(printable(`declared for ${delivery} from ${from}: ${one.what} ${one.change} (${id})`));
    }
  }
  return 0;
}

function keyed(serial: string): string {
  return serial.includes(':') ? serial : `serial:${serial}`;
}

/**
 * The delivery that is meant: the one named, or the only one there is.
 *
 * @throws {HarnessError} USAGE
 */
export async function deliveryNamed(history: History, named: string | undefined): Promise<string> {
  const known = await deliveriesOf(history);
  if (named !== undefined && known.includes(named)) return named;
  const [only] = known;
  if (named === undefined && only !== undefined && known.length === 1) return only;
  const message =
    named === undefined
      ? `${known.length} deliveries are in the history: name one`
      : `the history holds no delivery ${JSON.stringify(named)}`;
  throw new HarnessError('USAGE', message, {
    hint: named === undefined ? '--delivery REFERENCE' : nearest(named, known, 'Deliveries there'),
  });
}
