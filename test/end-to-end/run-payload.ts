/** Runs a suite's step as it is, on this machine's own Python, without the campaign. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { availableParallelism, totalmem, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Node, Step } from '../../runners/model.ts';
import { nodeWith } from '../suites/read-session.ts';

/** The interpreter that has Debian's torch. */
export const PYTHON = '/usr/bin/python3';

/** The interpreter that has JAX; `npm test` installs it. */
export const JAX_PYTHON = process.env['ASSAY_JAX_PYTHON'] ?? '/opt/assay-jax/bin/python';

/** This machine as a reference device, or as several. */
export function thisMachine(devices = 1): Node {
  const node = nodeWith('n0001', 'cpu', devices);
  const own = { memory: totalmem(), cores: availableParallelism() };
  return { ...node, accelerators: node.accelerators.map((cpu) => ({ ...cpu, ...own })) };
}

/** What a payload left behind. */
export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit:
    | { readonly ended: 'exited'; readonly code: number }
    | { readonly ended: 'signalled'; readonly signal: string };
  readonly seconds: number;
}

/** @param fault Python that runs with the real `torch` in hand, before the payload sees it */
export async function runStep(step: Step, fault = '', python = PYTHON): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-payload-'));
  try {
    if (fault !== '') plantFaultyTorch(folder, fault);
    const argv = step.argv.map((one) => {
      if (typeof one === 'string') return one;
      if ('payload' in one) return one.payload;
      throw new Error('an argument that only the campaign can place');
    });
    const environment = Object.fromEntries(
      Object.entries(step.environment).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : '',
      ]),
    );
    return await run(
      python,
      argv,
      fault === '' ? environment : { ...environment, PYTHONPATH: folder },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A `torch` that imports the real one and breaks it: the payload has no switch for faults. */
function plantFaultyTorch(folder: string, fault: string): void {
  mkdirSync(join(folder, 'torch'));
  const lines = [
    'import os, sys',
    'sys.path.remove(os.environ["PYTHONPATH"])',
    'del sys.modules["torch"]',
    'import torch',
    fault,
    'sys.modules["torch"] = torch',
  ];
  writeFileSync(join(folder, 'torch', '__init__.py'), `${lines.join('\n')}\n`);
}

function run(
  python: string,
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Ran> {
  const started = performance.now();
  const child = spawn(python, [...argv], {
    env: { PATH: '/usr/bin:/bin', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text.stdout += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (text.stderr += part));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const exit =
        signal === null
          ? ({ ended: 'exited', code: code ?? 1 } as const)
          : ({ ended: 'signalled', signal } as const);
      resolve({ ...text, exit, seconds: (performance.now() - started) / 1000 });
    });
  });
}
