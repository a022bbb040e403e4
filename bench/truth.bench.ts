/**
 * The extract of Google's protos that tests hold the stand-in against, made anew from the packages themselves,
 * which are too large to be installed for every test. `--write` keeps it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../runners/process.ts';
import type { Bench } from './bench.ts';
import { PACKAGES, readProtos, type Protos } from './protos.ts';

const FILE = fileURLToPath(new URL('../fixtures/recorded/gcp/protos.json', import.meta.url));

export const bench: Bench = async (words) => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-truth-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts'];
    const argv = ['npm', 'install', ...quiet, ...PACKAGES] as [string, ...string[]];
    const installed = await run(argv, { limit: 300, directory: folder });
    if (installed.ended !== 'exited' || installed.code !== 0) {
      throw new Error(installed.stderr.toString('utf8').slice(-500));
    }
    const fresh = readProtos(folder);
    if (words.includes('--write')) writeFileSync(FILE, textOf(fresh));
    const same = readFileSync(FILE, 'utf8') === textOf(fresh);
    return [
      {
        figure: `extract of ${fresh.source}`,
        measured: `${Object.keys(fresh.messages).length} messages, ${Object.keys(fresh.methods).length} methods, ${same ? 'the same' : 'another'} as in fixtures/`,
        target: 'the same',
        met: same,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** A line a method and a message. */
function textOf({ source, methods, messages }: Protos): string {
  const lines = (all: object) =>
    Object.entries(all)
      .map(([key, one]) => `    ${JSON.stringify(key)}: ${JSON.stringify(one)}`)
      .join(',\n');
  return `{\n  "source": ${JSON.stringify(source)},\n  "methods": {\n${lines(methods)}\n  },\n  "messages": {\n${lines(messages)}\n  }\n}\n`;
}
