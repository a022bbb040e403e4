// `npm test`: installs what the tests need, then the checks and every test. Words pick test files by path.
import { spawnSync } from 'node:child_process';
import {
  checkNode,
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

const words = process.argv.slice(2);
const checks = words.length === 0 ? ['--checks'] : [];
const tests = spawnSync('npx', ['--no-install', 'tsx', 'test/run.ts', ...words, ...checks], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(tests.status ?? 70);
