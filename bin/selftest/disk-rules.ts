/** Evidence at rest: lost, changed or replaced bytes, each with a manifest that was made to fit. */
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeManifest } from '../../campaign/directory/manifest.ts';
import type { Manifest, StreamEntry } from '../../campaign/directory/model.ts';
import { EvidenceReader } from '../../campaign/evidence/reader.ts';
import { EvidenceWriter } from '../../campaign/evidence/writer.ts';
import type { Healthy, Rule } from './model.ts';

/** What verification must refuse, one row each. */
export function diskRules({ victim }: Healthy): readonly Rule[] {
  const rule = (
    id: string,
    broken: string,
    disk: (run: string) => Promise<void>,
    says: RegExp,
  ) => ({
    id,
    broken,
    break: { disk },
    must: { refused: says },
  });
  const measured = (entry: StreamEntry) =>
    entry.node === victim && !['inventory', 'companion'].includes(entry.suite);
  return [
    rule(
      'evidence/lost-segment',
      'a segment of the evidence is gone',
      async (run) => {
        const segment = await firstSegment(run);
        await rm(segment);
        await fitManifest(run);
      },
      /evidence/u,
    ),
    rule(
      'evidence/lost-stream',
      `one stream of ${victim} is in no index`,
      async (run) => {
        let left = 1;
        await rewriteEvidence(run, (entry, bytes) => {
          const gone = left > 0 && measured(entry);
          if (gone) left -= 1;
          return gone ? undefined : bytes;
        });
      },
      /streams are in the evidence|EVIDENCE_MISSING/u,
    ),
    rule(
      'evidence/flipped-bit',
      'one bit of a segment is another',
      async (run) => {
        const segment = await firstSegment(run);
        const bytes = await readFile(segment);
        const at = Math.floor(bytes.length / 2);
        bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
        await writeFile(segment, bytes);
        await fitManifest(run);
      },
      /evidence/u,
    ),
    rule(
      'evidence/replaced',
      `values of ${victim} are replaced, with hashes that fit`,
      (run) =>
        rewriteEvidence(run, (entry, bytes) =>
          measured(entry)
            ? Buffer.from(bytes.toString('utf8').replaceAll(/"value":(?=\d)/gu, '"value":1'))
            : bytes,
        ),
      /verdict|findings|samples/u,
    ),
    rule(
      'evidence/cut-short',
      `an output of ${victim} is cut before its end, with hashes that fit`,
      (run) =>
        rewriteEvidence(run, (entry, bytes) =>
          measured(entry) ? bytes.subarray(0, Math.floor(bytes.length / 2)) : bytes,
        ),
      /the evidence says/u,
    ),
    rule(
      'evidence/stale-manifest',
      'plan.json is not the one that was sealed',
      async (run) => {
        const file = join(run, 'plan.json');
        const text = await readFile(file, 'utf8');
        await writeFile(file, text.replace(/"seed":\s*\d+/u, '"seed": 1234567'));
      },
      /plan\.json/u,
    ),
  ];
}

async function firstSegment(run: string): Promise<string> {
  const names = (await readdir(join(run, 'evidence'))).filter((name) => name.endsWith('.seg'));
  const [first] = names.sort();
  if (first === undefined) throw new Error('the healthy run has no evidence');
  return join(run, 'evidence', first);
}

/** Writes all evidence anew; undefined leaves a stream out. */
async function rewriteEvidence(
  run: string,
  change: (entry: StreamEntry, bytes: Buffer) => Buffer | undefined,
): Promise<void> {
  const [from, to] = [join(run, 'evidence'), join(run, 'evidence.new')];
  const reader = new EvidenceReader(from);
  const writer = await EvidenceWriter.open(to);
  for await (const entry of reader.streams()) {
    const parts: Uint8Array[] = [];
    for (const bytes of reader.bytes(entry)) parts.push(Uint8Array.from(bytes));
    const changed = change(entry, Buffer.concat(parts));
    if (changed === undefined) continue;
    const stream = writer.stream(entry);
    await stream.write(changed);
    const text = changed.toString('utf8');
    // A last line without its end is a line too.
    const lines = text.split('\n').length - (text.endsWith('\n') || text === '' ? 1 : 0);
    await stream.close({ lines, redactions: entry.redactions });
  }
  await writer.close();
  await reader.close();
  await rm(from, { recursive: true });
  await rename(to, from);
  await fitManifest(run);
}

async function fitManifest(run: string): Promise<void> {
  const text = await readFile(join(run, 'manifest.json'), 'utf8');
  const { schema: _schema, files: _files, ...about } = JSON.parse(text) as Manifest;
  await writeManifest(run, about);
}
