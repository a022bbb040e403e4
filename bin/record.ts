/** A run that was just sealed goes into the history of its folder, where one was begun. */
import { dirname, join } from 'node:path';
import { recordSealed } from '../campaign/history/record.ts';
import type { CampaignResult } from '../campaign/setup.ts';
import { HarnessError } from '../plan/errors.ts';
import { printable, type Io } from './terminal.ts';

/** A history that can't take it is warned of: the run is sealed, and the next `assay history` takes it in. */
export async function recordResult({ path, sealed }: CampaignResult, io: Io): Promise<void> {
  if (!sealed) return;
  try {
    await recordSealed(join(dirname(path), 'history'), path);
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    io.err(printable(`  warning: not in the history yet: ${error.message}`));
  }
}
