/** Where a delivery's verdict is kept: `<out>/deliveries/<slug>/verdict.json`. */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { onDisk } from '../directory/disk.ts';
import { writeJson } from '../directory/json.ts';
import { VERDICT_DIGITS } from '../results.ts';

/** A reference as a folder's name: its letters and digits, and six hex digits of it that tell two apart. */
export function deliverySlug(reference: string): string {
  const words = reference
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, '-')
    .replaceAll(/^-|-$/gu, '')
    .slice(0, 60);
  const tail = createHash('sha256').update(reference).digest('hex').slice(0, 6);
  return words === '' ? tail : `${words}-${tail}`;
}

/**
 * Writes a delivery's verdict, in place of an earlier one: it follows from the runs.
 *
 * @returns path of the file
 * @throws {HarnessError} DISK_FULL
 */
export async function writeDelivery(
  out: string,
  verdict: { readonly reference: string },
): Promise<string> {
  const folder = join(out, 'deliveries', deliverySlug(verdict.reference));
  await onDisk(folder, () => mkdir(folder, { recursive: true }));
  const file = join(folder, 'verdict.json');
  await writeJson(file, verdict, VERDICT_DIGITS);
  return file;
}
