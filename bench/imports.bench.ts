/** What starting costs: `assay --version`, and each runner with all that its first use loads. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { run } from '../runners/process.ts';
import { runners } from '../runners/registry.ts';
import type { Bench, Row } from './bench.ts';
import { builtDist } from './prepare.ts';

/** ms. */
const VERSION_LIMIT = 150;
const TIMES = 7;
const VENDORS =
  /node_modules\/(?:@aws-sdk|@smithy|@azure|google-auth-library|gaxios|oci-[a-z]+)\//u;

/** Runner → its vendor's package, which its first call loads. */
const PACKAGES: Readonly<Record<string, string>> = {
  aws: '@aws-sdk/client-ec2',
  azure: '@azure/identity',
  gcp: 'google-auth-library',
  oci: 'oci-common',
};

export const bench: Bench = async () => {
  const dist = builtDist();
  const command = fileURLToPath(new URL('../bin/assay.js', import.meta.url));
  const rows: Row[] = [];
  const times: number[] = [];
  for (let turn = 0; turn < TIMES; turn += 1) {
    const start = performance.now();
    await run([process.execPath, command, '--version'], { limit: 20 });
    times.push(performance.now() - start);
  }
  const least = Math.min(...times);
  rows.push({
    figure: 'assay --version, least of seven',
    measured: `${least.toFixed(0)} ms`,
    target: `≤ ${VERSION_LIMIT} ms`,
    met: least <= VERSION_LIMIT,
  });
  const loaded = await loadedBy([command, '--version']);
  rows.push({
    figure: 'modules of providers that assay --version loads',
    measured: String(loaded.length),
    target: '0',
    met: loaded.length === 0,
  });
  const bare = await cost([]);
  for (const { id } of runners) {
    const file = pathToFileURL(join(dist, 'runners', id, 'runner.js')).href;
    const own = await cost([file]);
    const vendor = PACKAGES[id];
    const whole = vendor === undefined ? own : await cost([file, vendor]);
    const alone = vendor === undefined ? undefined : await cost([vendor]);
    rows.push({
      figure: `runner ${id}${vendor === undefined ? '' : ` with ${vendor}`}`,
      measured: `${(whole.ms - bare.ms).toFixed(0)} ms, ${(whole.rss - bare.rss).toFixed(0)} MB`,
      ...(alone && {
        peer: `the package alone ${(alone.ms - bare.ms).toFixed(0)} ms, ${(alone.rss - bare.rss).toFixed(0)} MB`,
      }),
    });
    if (vendor === undefined) continue;
    rows.push({
      figure: `runner ${id} before its first call`,
      measured: `${(own.ms - bare.ms).toFixed(0)} ms, ${(own.rss - bare.rss).toFixed(0)} MB`,
    });
  }
  return rows;
};

/** Importing some modules in a process of its own: ms of its life, MB resident at its end; least of three. */
async function cost(modules: readonly string[]): Promise<{ ms: number; rss: number }> {
  const imports = modules.map((name) => `await import(${JSON.stringify(name)});`).join('');
  const code = `${imports}console.log(JSON.stringify({ms:performance.now(),rss:process.memoryUsage().rss/1e6}))`;
  const root = fileURLToPath(new URL('../', import.meta.url));
  const all: { ms: number; rss: number }[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    const argv = [process.execPath, '--input-type=module', '-e', code] as const;
    const { stdout } = await run([...argv], { limit: 60, directory: root });
    all.push(JSON.parse(stdout.toString('utf8')) as { ms: number; rss: number });
  }
  return {
    ms: Math.min(...all.map(({ ms }) => ms)),
    rss: Math.min(...all.map(({ rss }) => rss)),
  };
}

/** Scripts of vendors that a command loads, as V8's own coverage lists them. */
async function loadedBy(words: readonly string[]): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-imports-'));
  try {
    const environment = { NODE_V8_COVERAGE: folder };
    await run([process.execPath, ...words], { limit: 30, environment });
    const seen = readdirSync(folder).flatMap(
      (name) => readFileSync(join(folder, name), 'utf8').match(/"url":"[^"]+"/gu) ?? [],
    );
    if (seen.length === 0) throw new Error('V8 wrote no coverage: nothing was looked at');
    return seen.filter((url) => VENDORS.test(url));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
