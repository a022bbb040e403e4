// `npm start`: from a fresh clone to a verdict on this machine. `npm start -- ARGS` is `assay ARGS`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkNode, ensureTorch, installPackages, must, root } from './setup.mjs';

checkNode();
installPackages();
if (!existsSync(join(root, 'dist', 'bin', 'main.js'))) must(process.execPath, ['bin/build.mjs']);
const python = ensureTorch();
const arguments_ = process.argv.slice(2);
const environment = { ...process.env };
// A private environment is offered the way an active one is: the payloads' Python search finds it.
if (python.startsWith(root)) environment['VIRTUAL_ENV'] = dirname(dirname(python));

const result = spawnSync(
  process.execPath,
  ['bin/assay.js', ...(arguments_.length === 0 ? ['accept'] : arguments_)],
  { cwd: root, stdio: 'inherit', env: environment },
);
process.exit(result.status ?? 70);
