// What `npm start` and `npm test` need before anything of ours can run: packages, Debian's and npm's, and torch.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, '.cache');
const isRoot = process.getuid?.() === 0;

/** Says what is about to happen, on standard error: standard output belongs to the command. */
const say = (text) => process.stderr.write(`assay: ${text}\n`);

/** Runs a program with our terminal; ends the process with its status when it fails. */
export function must(program, args, options = {}) {
  const result = spawnSync(program, args, { cwd: root, stdio: 'inherit', ...options });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 70);
}

/** Ends the process when Node.js is too old to run us. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  say(`Node.js 20.19 or newer is needed, this is ${process.versions.node}.`);
  process.exit(70);
}

/** Installs npm packages and builds, unless the lock file is the one that was installed last. */
export function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.assay-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return false;
  say('installing npm packages (npm ci)');
  must('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, lock);
  return true;
}

/** Whether every one of these programs or files is there. */
const present = (names) =>
  names.every((name) =>
    name.startsWith('/')
      ? existsSync(name)
      : spawnSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' }).status === 0,
  );

/**
 * Brings Debian packages when root; says what is missing when not.
 *
 * @param {Readonly<Record<string, readonly string[]>>} wanted package → programs or files that show it is there
 * @returns {readonly string[]} packages that are still missing
 */
export function installDebian(wanted) {
  const missing = Object.keys(wanted).filter((name) => !present(wanted[name]));
  if (missing.length === 0) return [];
  if (!isRoot || !present(['apt-get'])) return missing;
  say(`installing Debian packages: ${missing.join(' ')}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const stdio = ['ignore', 'ignore', 'inherit'];
  spawnSync('apt-get', ['update', '-qq'], { stdio, env: environment });
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
    stdio,
    env: environment,
  });
  return missing.filter((name) => !present(wanted[name]));
}

const has = (python, module) =>
  spawnSync(
    python,
    ['-c', `import importlib.util,sys; sys.exit(importlib.util.find_spec("${module}") is None)`],
    { stdio: 'ignore' },
  ).status === 0;
const hasTorch = (python) => has(python, 'torch');

/**
 * A Python that has torch: the active virtual environment's, python3, /usr/bin/python3; failing these
 * Debian's python3-torch (as root), else a private virtual environment in the project's cache.
 *
 * @returns {string} its path or name
 */
export function ensureTorch() {
  const active = process.env['VIRTUAL_ENV'];
  const own = join(cache, 'python', 'bin', 'python');
  const candidates = [
    ...(active === undefined ? [] : [join(active, 'bin', 'python')]),
    'python3',
    '/usr/bin/python3',
    own,
  ];
  const found = candidates.find(hasTorch);
  if (found !== undefined) return found;
  if (isRoot && existsSync('/etc/debian_version')) {
    installDebian({ 'python3-torch': ['/usr/lib/python3/dist-packages/torch'] });
    if (hasTorch('/usr/bin/python3')) return '/usr/bin/python3';
  }
  say('no Python here has torch: making a private virtual environment in .cache/python (pip)');
  mkdirSync(cache, { recursive: true });
  must('python3', ['-m', 'venv', join(cache, 'python')]);
  must(own, ['-m', 'pip', 'install', '--quiet', 'torch', 'numpy']);
  return own;
}

/**
 * A Python that has JAX, for the TPU payloads on reference devices: the environment's ASSAY_JAX_PYTHON, else
 * a virtual environment in /opt/assay-jax, where the stand-in's plan looks for it (not as root: in the
 * project's cache). Installing goes on while the caller does other things.
 *
 * @returns {{python: string, ready: Promise<boolean>}} its path; ready is false where it could not be installed
 */
export function ensureJax() {
  const folder = isRoot ? '/opt/assay-jax' : join(cache, 'jax');
  const python = process.env['ASSAY_JAX_PYTHON'] ?? join(folder, 'bin', 'python');
  if (has(python, 'jax')) return { python, ready: Promise.resolve(true) };
  say(`installing JAX into ${folder} (pip)`);
  // Debian's own: a manylinux wheel for it is always there.
  const base = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
  const script = '"$1" -m venv "$2" && "$2/bin/python" -m pip install --quiet jax';
  const child = spawn('sh', ['-c', script, 'sh', base, folder], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return {
    python,
    ready: new Promise((resolve) => {
      child.on('error', () => resolve(false));
      child.on('exit', () => resolve(has(python, 'jax')));
    }),
  };
}
