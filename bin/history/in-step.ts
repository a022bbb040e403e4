/** Brings a history into step with its bucket, where one is named. */
import { bucketAddress, openBucket } from '../../campaign/history/bucket.ts';
import { bringIntoStep } from '../../campaign/history/mirror.ts';
import type { History } from '../../campaign/history/store.ts';
import { HarnessError } from '../../plan/errors.ts';
import { printable, type Io } from '../terminal.ts';

/**
 * @param mirror `s3://bucket/prefix`; undefined: there is none
 * @throws {HarnessError} RUN_UNREADABLE where the two can't be joined; a bucket that does not answer is warned of
 */
export async function keepInStep(
  history: History,
  mirror: string | undefined,
  io: Io,
): Promise<void> {
  if (mirror === undefined) return;
  const bucket = await openBucket(bucketAddress(mirror), process.env);
  try {
    const { uploaded, downloaded } = await bringIntoStep(history, bucket);
    if (!io.json && uploaded + downloaded > 0) {
      io.err(printable(`  mirror: ${uploaded} files up, ${downloaded} down`));
    }
  } catch (error) {
    if (!(error instanceof HarnessError) || error.code === 'RUN_UNREADABLE') throw error;
    io.err(printable(`  warning: ${error.message}. ${error.hint}`));
  } finally {
    bucket.close();
  }
}
