/** The checks see what they are for: a violation planted in a copy of the tree turns each of them red. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const root = fileURLToPath(new URL('../..', import.meta.url));
const test = suite<{ copy: string }>('planted violations');

test.before((context) => {
  context.copy = mkdtempSync(join(tmpdir(), 'assay-planted-'));
  const listed = ['ls-files', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', listed, { cwd: root, encoding: 'utf8' }).split('\n');
  for (const file of files) {
    // A file that was deleted and not committed is listed all the same.
    if (file === '' || file.startsWith('fixtures/recorded/')) continue;
    cpSync(join(root, file), join(context.copy, file), { force: true, errorOnExist: false });
  }
  symlinkSync(join(root, 'node_modules'), join(context.copy, 'node_modules'));
});

test.after((context) => rmSync(context.copy, { recursive: true, force: true }));

function run(copy: string, program: string, ...args: string[]) {
  const bin = join(root, 'node_modules', '.bin', program);
  const { status, stdout, stderr } = spawnSync(bin, args, { cwd: copy, encoding: 'utf8' });
  return { status, text: `${stdout}${stderr}` };
}

test('the linter sees a promise that nobody waits for, and a file over 350 lines', ({ copy }) => {
  const planted = join(copy, 'verdicts', 'planted.ts');
  writeFileSync(planted, 'export function go(): void {\n  Promise.resolve(1);\n}\n');
  const floating = run(copy, 'oxlint', '--type-aware', '--deny-warnings', 'verdicts/planted.ts');
  assert.is.not(floating.status, 0);
  assert.match(floating.text, 'no-floating-promises');
  writeFileSync(planted, `export {};\n${'// a line\n'.repeat(351)}`);
  const long = run(copy, 'oxlint', '--deny-warnings', 'verdicts/planted.ts');
  assert.is.not(long.status, 0);
  assert.match(long.text, 'max-lines');
  rmSync(planted);
});

test('knip sees a file that nobody imports', ({ copy }) => {
  const planted = join(copy, 'reports', 'planted.ts');
  writeFileSync(planted, 'export const planted = 1;\n');
  const { status, text } = run(copy, 'knip');
  assert.is.not(status, 0);
  assert.match(text, 'reports/planted.ts');
  rmSync(planted);
});

test('the compiler sees a wrong type', ({ copy }) => {
  const planted = join(copy, 'plan', 'planted.ts');
  writeFileSync(planted, "export const planted: number = 'text';\n");
  const { status, text } = run(copy, 'tsc', '--noEmit');
  assert.is.not(status, 0);
  assert.match(text, 'plan/planted.ts');
  rmSync(planted);
});

test('no file outside tests and tables is over 350 lines', () => {
  const listed = execFileSync('git', ['ls-files', '*.ts', '*.py', '*.js', '*.mjs'], {
    cwd: root,
    encoding: 'utf8',
  });
  const own = listed
    .split('\n')
    .filter((file) => file !== '' && !/^(?:test|bench|fixtures|plan\/catalogue)\//u.test(file));
  const long = own.filter((file) => {
    const { stdout } = spawnSync('wc', ['-l', file], { cwd: root, encoding: 'utf8' });
    return Number(stdout.trim().split(' ')[0]) > 350;
  });
  assert.ok(own.length > 100);
  assert.equal(long, []);
});

test.run();
