/** Apache Otava at its defaults on the same series: re-run every night by our port, which its own package checks. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { changePoints, type DivisiveOptions } from '../../verdicts/changes/e-divisive.ts';
import { PLAIN } from '../../verdicts/changes/t-test.ts';

const PACKAGE = 'apache-otava==0.8.0';

/** Otava 0.8 with nothing set. */
const DEFAULTS: DivisiveOptions = {
  window: 50,
  maxP: 0.001,
  minMagnitude: 0,
  ddof: 0,
  renew: 'right',
  widening: PLAIN,
};

/** A point this near to one that was told is the same one. */
const SAME = 5;

/** Alerts of one series over its nights: any change, and those for the worse. */
export interface Alerts {
  readonly all: number;
  readonly worse: number;
}

/**
 * Every night all nights so far are looked at; a point that is not near one told before is an alert.
 *
 * @param level ln, a value a night
 */
export function rerunNightly(level: readonly number[]): Alerts {
  const values = level.map(Math.exp);
  const told: number[] = [];
  let worse = 0;
  for (let night = 2; night <= values.length; night += 1) {
    for (const { index, before, after } of changePoints(values.slice(0, night), DEFAULTS)) {
      if (told.some((one) => Math.abs(one - index) <= SAME)) continue;
      told.push(index);
      if (after.mean < before.mean) worse += 1;
    }
  }
  return { all: told.length, worse };
}

/** Change points by our port at Otava's defaults. */
export function asOtava(values: readonly number[]): readonly number[] {
  return changePoints(values, DEFAULTS).map((one) => one.index);
}

/** One series and how it is to be looked at. */
export interface Question {
  readonly values: readonly number[];
  readonly window: number;
  readonly maxP: number;
}

/**
 * The change points that the package itself finds.
 *
 * @returns undefined when it could not be installed
 */
export function askOtava(
  questions: readonly Question[],
): readonly (readonly number[])[] | undefined {
  const python = installed();
  if (python === undefined) return undefined;
  const folder = join(tmpdir(), 'assay-bench-otava');
  const file = join(folder, 'questions.json');
  writeFileSync(file, JSON.stringify(questions));
  const script = fileURLToPath(new URL('ask-otava.py', import.meta.url));
  const ran = spawnSync(python, [script, file], { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (ran.status !== 0) throw new Error(`Otava failed: ${ran.stderr.slice(-500)}`);
  return JSON.parse(ran.stdout) as number[][];
}

/** A Python with the package, in a virtual environment of the temporary folder that later runs find again. */
function installed(): string | undefined {
  const folder = join(tmpdir(), 'assay-bench-otava');
  const python = join(folder, 'venv', 'bin', 'python');
  const there = () => spawnSync(python, ['-c', 'import otava']).status === 0;
  if (there()) return python;
  mkdirSync(folder, { recursive: true });
  spawnSync('python3', ['-m', 'venv', join(folder, 'venv')]);
  spawnSync(python, ['-m', 'pip', 'install', '--quiet', PACKAGE]);
  return there() ? python : undefined;
}
