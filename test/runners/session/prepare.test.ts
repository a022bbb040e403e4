import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { prepare } from '../../../runners/session/prepare.ts';
import type { Shell } from '../../../runners/session/shell.ts';
import { thisMachine } from '../../../runners/session/this-machine.ts';

const test = suite('prepare');

/** This machine with stand-ins for programs in front of its PATH. */
function machineWith(programs: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'assay-prepare-'));
  for (const [name, body] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  const real = thisMachine();
  const path = `PATH=${folder}:${process.env['PATH']}`;
  const shell: Shell = {
    ...real,
    exec: (argv, options) => real.exec(['env', path, ...argv], options),
  };
  return { folder, shell };
}

const signal = AbortSignal.timeout(60_000);

test('installs the Debian package through the become prefix where there is one', async () => {
  const log = join(mkdtempSync(join(tmpdir(), 'assay-prepare-')), 'log');
  const { folder, shell } = machineWith({
    'as-root': `echo "$@" >> ${log}; exec "$@"`,
    'apt-get': 'exit 0',
  });
  const done = await prepare(shell, folder, ['as-root'], signal);
  assert.is(done, 'installed python3-torch');
  assert.match(readFileSync(log, 'utf8'), /apt-get .* install python3-torch/u);
});

test('makes a private virtual environment where the package can not be had, and says a failure', async () => {
  const { folder, shell } = machineWith({
    'apt-get': 'exit 100',
    python3: 'echo "no venv module here" >&2; exit 1',
  });
  assert.is(await prepare(shell, folder, undefined, signal), 'failed: no venv module here');
  const working = machineWith({
    'apt-get': 'exit 100',
    python3: `mkdir -p "$3/bin" && printf '#!/bin/sh\\nexit 0\\n' > "$3/bin/python" && chmod +x "$3/bin/python"`,
  });
  assert.is(
    await prepare(working.shell, working.folder, undefined, signal),
    'installed torch (pip)',
  );
});

test.run();
