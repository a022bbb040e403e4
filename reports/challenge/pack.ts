/** Writes a folder a rejected unit: notice, script, programs, expected figures, hashes. */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalFile } from '../../campaign/directory/canonical.ts';
import { onDisk } from '../../campaign/directory/disk.ts';
import { hashFile } from '../../campaign/directory/manifest.ts';
import type { RunReader } from '../../campaign/directory/model.ts';
import { HarnessError } from '../../plan/errors.ts';
import { type DiagnosticFile, diagnosticFiles } from './diagnostics.ts';
import { rejectedUnits } from './gather.ts';
import type { ChallengeSetup, JournalProgram, Rejected } from './model.ts';
import { noticeOf, noticeOfLot } from './notice.ts';
import { scriptOf, type Again } from './script.ts';

const COMPARE = new URL('payload/compare.py', import.meta.url);

/**
 * Writes the packs of all rejected units into a folder.
 *
 * @param into an existing folder
 * @returns folders of the units, relative to it; none where nothing was rejected
 * @throws {HarnessError} RUN_UNREADABLE when a program is not of this version; EVIDENCE_MISSING,
 *   EVIDENCE_HASH_MISMATCH; DISK_FULL
 */
export async function writeChallenges(
  run: RunReader,
  into: string,
  setup: ChallengeSetup,
): Promise<readonly string[]> {
  const units = await rejectedUnits(run);
  const diagnostics = await diagnosticFiles(
    run,
    units.map(({ node }) => node.id),
  );
  const manifest = await hashFile(join(run.path, 'manifest.json'));
  const named: [Rejected, string][] = [];
  for (const unit of units) {
    const folder = folderOf(unit);
    const own = diagnostics.get(unit.node.id) ?? [];
    await onDisk(into, () => writeUnit(run, unit, own, join(into, folder), manifest, setup));
    named.push([unit, folder]);
  }
  if (named.length > 0) await writeFile(join(into, 'notice.md'), noticeOfLot(run, named));
  return named.map(([, folder]) => folder);
}

function folderOf({ node }: Rejected): string {
  const serial = node.identity
    .replace(/^[^:]*:/u, '')
    .replaceAll(/[^\w.-]/gu, '')
    .slice(0, 60);
  return serial === '' ? node.id : `${node.id}-${serial}`;
}

async function writeUnit(
  run: RunReader,
  unit: Rejected,
  diagnostics: readonly DiagnosticFile[],
  folder: string,
  manifest: string,
  { payloads }: ChallengeSetup,
): Promise<void> {
  await mkdir(join(folder, 'files'), { recursive: true });
  const again = againOf(unit);
  for (const sha256 of new Set(again.flatMap(({ rerun }) => rerun.programs.flatMap(filesOf)))) {
    const path = payloads.get(sha256);
    if (path === undefined) {
      throw new HarnessError('RUN_UNREADABLE', `the program ${sha256} is not of this version`, {
        hint: 'Make the pack with the version of assay that wrote the run (manifest.json says which).',
      });
    }
    await copyFile(path, join(folder, 'files', sha256));
  }
  const texts: Readonly<Record<string, string>> = {
    'notice.md': noticeOf(run, unit, manifest),
    'rerun.sh': scriptOf(unit.node.id, again, run.plan.fleet.python),
    'expected.json': canonicalFile({
      schema: 'assay/challenge/1',
      run: run.id,
      manifest,
      unit: unit.node.id,
      identity: unit.node.identity,
      findings: unit.findings.map(({ expected }) => expected),
      environment: unit.environment,
      facts: unit.facts,
    }),
    'compare.py': await readFile(COMPARE, 'utf8'),
  };
  const sums = new Set(again.flatMap(({ rerun }) => rerun.programs.flatMap(filesOf)));
  const lines = [...sums].map((sha256) => `${sha256}  files/${sha256}\n`);
  for (const [name, text] of Object.entries(texts)) {
    await writeFile(join(folder, name), text, { mode: name === 'rerun.sh' ? 0o755 : 0o644 });
    lines.push(`${createHash('sha256').update(text).digest('hex')}  ${name}\n`);
  }
  if (diagnostics.length > 0) await mkdir(join(folder, 'diagnostics'));
  for (const { name, bytes } of diagnostics) {
    await writeFile(join(folder, 'diagnostics', name), bytes);
    lines.push(`${createHash('sha256').update(bytes).digest('hex')}  diagnostics/${name}\n`);
  }
  await writeFile(join(folder, 'SHA256SUMS'), lines.join(''));
}

/** Each case once, with the most trials that a finding of it rests on. */
function againOf({ findings }: Rejected): readonly Again[] {
  const byCase = new Map<string, Again>();
  for (const { rerun, finding } of findings) {
    if (rerun === undefined) continue;
    const trials = Math.max(finding.estimate?.n ?? 1, byCase.get(rerun.case)?.trials ?? 1);
    byCase.set(rerun.case, { rerun, trials });
  }
  return [...byCase.values()];
}

function filesOf({ argv, environment, role }: JournalProgram): readonly string[] {
  if (role === 'companion') return [];
  return [...argv, ...Object.values(environment)].flatMap((one) =>
    typeof one === 'object' && 'file' in one ? [one.file] : [],
  );
}
