/** The directions of imports as DESIGN.md draws them: a table of zones, and what breaks it. */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path/posix';
import { parseSync } from 'oxc-parser';

/** A part of the tree: which of our paths and which packages its files may import. */
export interface Zone {
  /** Prefix of a path; the longest that fits a file decides. */
  readonly path: string;
  /** Prefixes of our own files, the zone itself included by itself; `x/*` = the files right in x. */
  readonly may: readonly string[];
  /** npm packages; Node.js' own modules are allowed everywhere but where `pure` says not. */
  readonly packages: readonly string[];
  /** No I/O: no node: module but these. */
  readonly pure?: readonly string[];
}

const MODELS = ['plan/', 'runners/model.ts', 'suites/model.ts'];
const PLAN_PACKAGES = ['zod', 'yaml', 'fastest-levenshtein', 'pure-rand'];
const STDLIB = '@stdlib/';
const provider = (name: string, packages: readonly string[], ...may: string[]): Zone => ({
  path: `runners/${name}/`,
  may: [
    'plan/',
    'runners/model.ts',
    'runners/swept.ts',
    'runners/process.ts',
    'runners/session/',
    ...may,
  ],
  packages: ['zod', ...packages],
});
const suite = (name: string): Zone => ({
  path: `suites/${name}/`,
  may: ['plan/', 'runners/model.ts', 'suites/*'],
  packages: ['zod'],
  pure: ['node:url', 'node:crypto'],
});

/** Every zone; a file outside all of them is a violation too. */
export const ZONES: readonly Zone[] = [
  { path: 'plan/', may: [], packages: PLAN_PACKAGES },
  { path: 'runners/model.ts', may: ['plan/', 'runners/swept.ts'], packages: [] },
  { path: 'runners/swept.ts', may: [], packages: [] },
  { path: 'runners/registry.ts', may: ['plan/', 'runners/'], packages: [] },
  { path: 'runners/process.ts', may: ['plan/'], packages: ['execa'] },
  provider('session', []),
  provider('local', []),
  provider('ssh', ['ssh2', 'ssh-config', 'csv-parse']),
  // What every cloud shares; it hands its machines to ssh/.
  provider('cloud', [], 'runners/ssh/'),
  provider('aws', ['@aws-sdk/client-ec2'], 'runners/cloud/', 'runners/ssh/'),
  provider('azure', ['@azure/identity'], 'runners/cloud/', 'runners/ssh/'),
  provider('gcp', ['google-auth-library'], 'runners/cloud/', 'runners/ssh/'),
  provider('oci', ['oci-common'], 'runners/cloud/', 'runners/ssh/'),
  provider('slurm', [], 'runners/ssh/hostlist.ts'),
  provider('sim', ['simple-statistics', STDLIB]),
  provider('inventory', ['saxes'], 'runners/readings.ts'),
  { path: 'suites/model.ts', may: ['plan/', 'runners/model.ts'], packages: [] },
  { path: 'suites/registry.ts', may: ['plan/', 'suites/'], packages: [] },
  { path: 'suites/', may: ['plan/', 'runners/model.ts'], packages: [] },
  suite('nccl'),
  suite('matmul'),
  // What a window's rows come to is statistics: the same functions as the judge's, not second ones.
  { ...suite('inference'), may: [...suite('inference').may, 'verdicts/statistics/'] },
  {
    path: 'suites/inference/load/',
    may: ['plan/', 'suites/inference/', 'verdicts/statistics/'],
    packages: ['zod', 'undici'],
  },
  suite('companion'),
  { path: 'verdicts/model.ts', may: MODELS, packages: [] },
  {
    path: 'verdicts/',
    may: [...MODELS],
    packages: [STDLIB, 'simple-statistics', 'jstat'],
    pure: ['node:crypto'],
  },
  {
    path: 'campaign/',
    may: [
      ...MODELS,
      'runners/process.ts',
      'suites/registry.ts',
      'suites/companion/',
      'verdicts/model.ts',
    ],
    packages: ['hyparquet', 'hyparquet-writer', 'snappy', 'zod'],
  },
  {
    path: 'campaign/history/',
    may: ['campaign/', ...MODELS, 'verdicts/model.ts'],
    packages: ['@duckdb/node-api', '@aws-sdk/client-s3', 'zod'],
  },
  {
    path: 'campaign/nightly/',
    may: [
      'campaign/',
      ...MODELS,
      'verdicts/model.ts',
      'verdicts/changes/model.ts',
      'runners/process.ts',
    ],
    packages: ['zod'],
  },
  {
    path: 'campaign/schedule/',
    may: ['campaign/', ...MODELS, 'verdicts/model.ts'],
    packages: ['p-limit'],
  },
  {
    path: 'reports/',
    may: [
      ...MODELS,
      'verdicts/model.ts',
      'campaign/directory/',
      'campaign/nightly/model.ts',
      'runners/process.ts',
    ],
    packages: ['handlebars', '@observablehq/plot', 'linkedom', 'sirv'],
  },
  {
    path: 'bin/',
    may: ['plan/', 'runners/', 'suites/', 'verdicts/', 'campaign/', 'reports/', 'fixtures/clouds/'],
    packages: ['yargs', 'yaml', 'zod', 'simple-statistics'],
  },
  { path: 'fixtures/', may: ['plan/', 'runners/process.ts'], packages: [] },
  { path: 'bench/', may: [''], packages: ['*'] },
  { path: 'test/', may: [''], packages: ['*'] },
];

/** The zone of a file: the longest path that fits; undefined outside all. */
export function zoneOf(file: string): Zone | undefined {
  return ZONES.filter((zone) => file.startsWith(zone.path)).sort(
    (a, b) => b.path.length - a.path.length,
  )[0];
}

/** Module names that a source imports: static, re-exported and dynamic with a literal. */
export function importsOf(file: string, source: string): readonly string[] {
  const { module } = parseSync(file, source);
  const requests = [
    ...module.staticImports.map((one) => one.moduleRequest.value),
    ...module.staticExports.flatMap((one) =>
      one.entries.flatMap((entry) =>
        entry.moduleRequest === null ? [] : [entry.moduleRequest.value],
      ),
    ),
    ...module.dynamicImports.flatMap((one) => {
      const text = source.slice(one.moduleRequest.start, one.moduleRequest.end);
      return /^['"]/u.test(text) ? [text.slice(1, -1)] : [];
    }),
  ];
  return [...new Set(requests)];
}

/**
 * What a file imports against its zone.
 *
 * @param file path from the root, with /
 * @param source its text
 * @returns one sentence a violation
 */
export function violations(file: string, source: string): readonly string[] {
  const zone = zoneOf(file);
  if (zone === undefined) return [`${file}: in no zone of test/layers.ts`];
  return importsOf(file, source).flatMap((request) => {
    if (request.startsWith('node:')) {
      const allowed = zone.pure === undefined || zone.pure.includes(request);
      return allowed ? [] : [`${file}: imports ${request}, and ${zone.path} does no I/O`];
    }
    if (request.startsWith('.')) {
      const target = join(dirname(file), request);
      const allowed = target.startsWith(zone.path) || zone.may.some((one) => allows(one, target));
      return allowed ? [] : [`${file}: imports ${relative('.', target)}, ${zone.path} may not`];
    }
    const name = request
      .split('/')
      .slice(0, request.startsWith('@') ? 2 : 1)
      .join('/');
    const allowed = zone.packages.some(
      (one) => one === '*' || one === name || (one.endsWith('/') && name.startsWith(one)),
    );
    return allowed ? [] : [`${file}: imports the package ${name}, ${zone.path} may not`];
  });
}

function allows(rule: string, target: string): boolean {
  if (!rule.endsWith('/*')) return target.startsWith(rule);
  const folder = rule.slice(0, -1);
  return target.startsWith(folder) && !target.slice(folder.length).includes('/');
}

/** Violations of files that are read from disk. */
export function fileViolations(root: string, files: readonly string[]): readonly string[] {
  return files.flatMap((file) => violations(file, readFileSync(join(root, file), 'utf8')));
}
