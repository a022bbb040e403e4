import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fileViolations, violations, ZONES } from './layers.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const SOURCES =
  /^(?:plan|runners|suites|verdicts|campaign|reports|bin|fixtures|bench|test)\/.*\.ts$/u;

test('imports run one way, as DESIGN.md draws them', () => {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (path) => SOURCES.test(path) && !path.includes('node_modules'),
  );
  assert.ok(files.length > 20);
  assert.equal(fileViolations(root, files), []);
});

test('a forbidden import planted in each zone is seen', () => {
  for (const zone of ZONES) {
    if (zone.packages.includes('*')) continue;
    const file = zone.path.endsWith('.ts') ? zone.path : `${zone.path}planted.ts`;
    const up = '../'.repeat(file.split('/').length - 1) || './';
    const found = [
      ...violations(file, `import { x } from '${up}test/planted.ts';`),
      ...violations(file, `const x = await import('left-pad');`),
      ...violations(file, `export * from 'left-pad';`),
    ];
    assert.is(found.length, 3, zone.path);
  }
});

test('a file that no zone holds is seen', () => {
  assert.is(violations('utils/x.ts', '').length, 1);
});

test('limits are made by plan/limit.ts alone: others are lost to the garbage collector', () => {
  const product = /^(?:plan|runners|suites|verdicts|campaign|reports|bin)\/.*\.ts$/u;
  const using = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => product.test(path) && !path.includes('node_modules'))
    .filter((path) => readFileSync(`${root}/${path}`, 'utf8').includes('AbortSignal.timeout('));
  assert.equal(using, []);
});

test.run();
