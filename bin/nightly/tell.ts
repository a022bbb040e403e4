/** A night's outputs: files beside the run directories, and the webhook. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { onDisk, writeAtomic } from '../../campaign/directory/disk.ts';
import { writeJson } from '../../campaign/directory/json.ts';
import { nightsMade } from '../../campaign/history/events.ts';
import { deliverySlug } from '../../campaign/history/delivery-file.ts';
import type { History } from '../../campaign/history/store.ts';
import { checkAddress, deliver, enqueue, messagesOf } from '../../campaign/nightly/outbox.ts';
import type { NightFile } from '../../campaign/nightly/model.ts';
import { HarnessError } from '../../plan/errors.ts';
import type { Nightly } from '../../plan/model.ts';
import { nightJunit } from '../../reports/nightly/junit.ts';
import { nightMetrics } from '../../reports/nightly/openmetrics.ts';
import { nightPage } from '../../reports/nightly/page.ts';
import { nightSummary } from '../../reports/nightly/summary.ts';
import { printable, type Io } from '../terminal.ts';

/**
 * Writes night.json, nightly.html, summary.md and junit.xml into the delivery's folder of the night, and the delivery's
 * `assay-<delivery>.prom` beside those folders: several deliveries may share them.
 *
 * @param nights folder of all nights
 * @returns path of night.json
 */
export async function writeNight(nights: string, file: NightFile): Promise<string> {
  const slug = deliverySlug(file.delivery);
  const folder = join(nights, slug, file.night);
  await onDisk(folder, () => mkdir(folder, { recursive: true }));
  await writeAtomic(join(folder, 'nightly.html'), nightPage(file));
  await writeAtomic(join(folder, 'summary.md'), nightSummary(file));
  await writeAtomic(join(folder, 'junit.xml'), nightJunit(file));
  // node_exporter reads it at any moment: it is whole or the one before.
  await writeAtomic(join(nights, `assay-${slug}.prom`), nightMetrics(file));
  const path = join(folder, 'night.json');
  await writeJson(path, file);
  return path;
}

/**
 * The webhook of a plan: queued before the commit, sent after it. Each delivery has a queue of its own, as each may
 * have its receiver.
 *
 * @throws {HarnessError} USAGE where nothing could be sent as the plan wants it: before the night, not after it
 */
export function webhookOf(
  history: History,
  delivery: string,
  nightly: Nightly | undefined,
  secret: (name: string) => string | undefined,
) {
  const queue = join(history.root, 'outbox', deliverySlug(delivery));
  const name = nightly?.webhook;
  const address = name === undefined ? undefined : secret(name);
  const key = nightly?.webhookSecret;
  const signing = key === undefined ? undefined : secret(key);
  if (address !== undefined) {
    checkAddress(address);
    if (key !== undefined && signing === undefined) {
      throw new HarnessError('USAGE', `nightly.webhook-secret: ${key} is not in the environment`, {
        hint: 'Nothing is sent unsigned where a signature is asked for.',
      });
    }
  }
  return {
    async queue(file: NightFile): Promise<void> {
      if (name !== undefined) await enqueue(queue, messagesOf(file));
    },
    async send(io: Io): Promise<void> {
      if (name === undefined) return;
      if (address === undefined) {
        io.err(printable(`  warning: the webhook's address is not there: set ${name}; it waits`));
        return;
      }
      const nights = new Set(await nightsMade(history, delivery));
      const receiver = {
        address,
        ...(signing !== undefined && { secret: signing }),
        signal: io.signal,
        now: () => new Date(),
      };
      const result = await deliver(queue, receiver, ({ body }) => nights.has(body.night));
      for (const name of result.aside) {
        io.err(printable(`  warning: the webhook refused a message, kept as ${queue}/${name}`));
      }
      if (result.why === undefined) return;
      io.err(printable(`  warning: ${result.left} webhook messages wait (${result.why})`));
    },
  };
}
