// `npm test`: installs what the tests need, then the checks and every test. Words pick test files by path.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  checkNode,
  ensureJax,
  ensureTorch,
  installDebian,
  installPackages,
  must,
  root,
} from '../bin/setup.mjs';

checkNode();
installPackages();
must(process.execPath, ['bin/build.mjs']);
const missing = installDebian({
  'openssh-server': ['/usr/sbin/sshd'],
  'openssh-client': ['ssh', 'ssh-keygen', 'ssh-agent'],
  iproute2: ['ip', 'tc'],
  chromium: ['/usr/bin/chromium'],
  'openmpi-bin': ['mpirun'],
  slurmctld: ['/usr/sbin/slurmctld'],
  slurmd: ['/usr/sbin/slurmd'],
  'slurm-client': ['srun'],
  munge: ['/usr/sbin/munged'],
  sudo: ['sudo'],
  // moto, against which the aws runner is tested, lives in a virtual environment of its own.
  'python3-venv': ['/usr/share/doc/python3-venv'],
  'python3-torch': ['/usr/lib/python3/dist-packages/torch'],
});
if (missing.length > 0) {
  console.error(`not installed (their tests are skipped with the reason): ${missing.join(' ')}`);
}
ensureTorch();
const jax = ensureJax();

const words = process.argv.slice(2);
const failed = [];
if (words.length === 0) {
  const checks = ['types', 'lint', 'unused'].map(async (script) => {
    const check = spawn('npm', ['run', '--silent', script], { cwd: root, stdio: 'inherit' });
    const [status] = await once(check, 'close');
    if (status !== 0) failed.push(script);
  });
  await Promise.all(checks);
}
// A test of a JAX payload fails without it: nothing is skipped.
if (!(await jax.ready)) console.error('JAX could not be installed: its tests will fail');
const tests = spawnSync(
  'npx',
  ['--no-install', 'tsx', 'test/run.ts', ...words, ...failed.map((one) => `--failed=${one}`)],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ASSAY_JAX_PYTHON: jax.python },
  },
);
process.exit(tests.status ?? 70);
