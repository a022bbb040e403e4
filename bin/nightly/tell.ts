/** A night's outputs: files beside the run directories, and the webhook. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { onDisk, writeAtomic } from '../../campaign/directory/disk.ts';
import { writeJson } from '../../campaign/directory/json.ts';
import { nightsMade } from '../../campaign/history/events.ts';
import type { History } from '../../campaign/history/store.ts';
import { deliver, enqueue, messagesOf } from '../../campaign/nightly/outbox.ts';
import type { NightFile } from '../../campaign/nightly/model.ts';
import { HarnessError } from '../../plan/errors.ts';
import type { Nightly } from '../../plan/model.ts';
import { nightJunit } from '../../reports/nightly/junit.ts';
import { nightMetrics } from '../../reports/nightly/openmetrics.ts';
import { nightPage } from '../../reports/nightly/page.ts';
import { nightSummary } from '../../reports/nightly/summary.ts';
import { printable, type Io } from '../terminal.ts';

/**
 * Writes night.json, nightly.html, summary.md and junit.xml of the night, and `nights/assay.prom`.
 *
 * @param nights folder of all nights
 * @returns path of night.json
 */
export async function writeNight(nights: string, file: NightFile): Promise<string> {
  const folder = join(nights, file.night);
  await onDisk(folder, () => mkdir(folder, { recursive: true }));
  await writeAtomic(join(folder, 'nightly.html'), nightPage(file));
  await writeAtomic(join(folder, 'summary.md'), nightSummary(file));
  await writeAtomic(join(folder, 'junit.xml'), nightJunit(file));
  // node_exporter reads it at any moment: it is whole or the one before.
  await writeAtomic(join(nights, 'assay.prom'), nightMetrics(file));
  const path = join(folder, 'night.json');
  await writeJson(path, file);
  return path;
}

/** The webhook of a plan: queued before the commit, sent after it. */
export function webhookOf(
  history: History,
  nightly: Nightly | undefined,
  secret: (name: string) => string | undefined,
) {
  const queue = join(history.root, 'outbox');
  const name = nightly?.webhook;
  return {
    async queue(file: NightFile): Promise<void> {
      if (name !== undefined) await enqueue(queue, messagesOf(file));
    },
    async send(delivery: string, io: Io): Promise<void> {
      if (name === undefined) return;
      const address = secret(name);
      if (address === undefined) {
        io.err(printable(`  warning: the webhook's address is not there: set ${name}; it waits`));
        return;
      }
      const key = nightly?.webhookSecret;
      const signing = key === undefined ? undefined : secret(key);
      if (key !== undefined && signing === undefined) {
        throw new HarnessError(
          'USAGE',
          `nightly.webhook-secret: ${key} is not in the environment`,
          {
            hint: 'Nothing is sent unsigned where a signature is asked for.',
          },
        );
      }
      const nights = new Set(await nightsMade(history, delivery));
      const receiver = {
        address,
        ...(signing !== undefined && { secret: signing }),
        signal: io.signal,
        now: () => new Date(),
      };
      const result = await deliver(
        queue,
        receiver,
        ({ body }) => body.delivery !== delivery || nights.has(body.night),
      );
      if (result.why === undefined) return;
      io.err(printable(`  warning: ${result.left} webhook messages wait (${result.why})`));
    },
  };
}
