// Builds dist/: TypeScript to JavaScript, and beside it what is read as it stands (payloads, templates).
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const resolve = createRequire(import.meta.url).resolve;
const dist = join(root, 'dist');
// Made aside and put in place at the end: a command under way never sees half a build.
const making = join(root, `dist.${process.pid}.tmp`);

let compiler;
try {
  compiler = join(dirname(resolve('typescript/package.json')), 'bin', 'tsc');
} catch {
  // A production install of a published package brings dist/ and no compiler.
  process.exit(existsSync(join(dist, 'bin', 'main.js')) ? 0 : 1);
}
const compiled = spawnSync(
  process.execPath,
  [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', making],
  { cwd: root, stdio: 'inherit' },
);
if (compiled.status !== 0) {
  rmSync(making, { recursive: true, force: true });
  process.exit(compiled.status ?? 70);
}
// What runs on a node is one file, with the packages that it imports: nothing is installed there.
const { buildSync } = await import('esbuild');
const bundled = join(making, 'suites', 'inference', 'load', 'on-node');
buildSync({
  entryPoints: [`${bundled}.js`],
  outfile: `${bundled}.bundle.mjs`,
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'error',
  // Packages of CommonJS ask for Node.js' own modules by `require`.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
});
for (const folder of [
  'plan',
  'runners',
  'suites',
  'reports',
  'fixtures/clouds',
  'fixtures/plans',
]) {
  if (!existsSync(join(root, folder))) continue;
  for (const path of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
    if (!/\.(?:py|hbs|css|js|json|sh|yaml)$/u.test(path) || path.includes('__pycache__')) continue;
    const to = join(making, folder, path);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(root, folder, path), to);
  }
}
const old = `${dist}.${process.pid}.old`;
if (existsSync(dist)) renameSync(dist, old);
renameSync(making, dist);
rmSync(old, { recursive: true, force: true });
