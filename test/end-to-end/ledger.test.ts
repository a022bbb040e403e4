/** Three tranches, two replacements and one smuggled-back serial, over four runs of the real command line. */
import { appendFileSync, cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { deliverySlug } from '../../campaign/history/delivery-file.ts';
import type { DeliveryVerdict } from '../../verdicts/ledger/model.ts';
import { Workplace, json, words } from './command-line.ts';

const test = suite('ledger');
const REFERENCE = 'MSA-2025-114';
const FILE = join('runs/deliveries', deliverySlug(REFERENCE), 'verdict.json');
const place = new Workplace();
test.after(() => place.remove());

interface Tranche {
  /** Number of the first serial. */
  readonly first: number;
  readonly nodes: number;
  readonly slow?: readonly string[];
  readonly machines?: readonly { node: string; serial: string; name: string }[];
  readonly limit?: string;
}

function plan(name: string, { first, nodes, slow = [], machines = [], limit }: Tranche): string {
  return place.write(`${name}.yaml`, {
    assay: 1,
    seed: 40 + first,
    delivery: {
      reference: `${REFERENCE} / ${name}`,
      provider: 'own',
      sku: 'h200-sxm',
      count: 12,
      milestone: '2026-12-15',
      'deemed-acceptance': '2027-01-15',
    },
    fleet: {
      runner: 'sim',
      nodes,
      serial: { first },
      machines,
      truth: { between: '0.5 %', within: '1 %' },
      values: [
        { metric: 'matmul.gemm.throughput', where: { mode: 'sustained' }, value: '760 TFLOP/s' },
      ],
      faults: slow.length === 0 ? [] : [{ kind: 'slow', nodes: slow, by: '15 %' }],
    },
    suites: { matmul: { dtypes: ['bf16'], shapes: [8192] } },
    criteria: [
      {
        id: 'bf16-sustained',
        metric: 'matmul.gemm.throughput',
        where: { dtype: 'bf16', shape: 8192, mode: 'sustained', devices: 'all' },
        per: 'accelerator',
        'at-least': limit ?? '700 TFLOP/s',
        nominal: '740 TFLOP/s',
        source: 'Annex B',
      },
    ],
  });
}

async function accept(file: string, ...more: string[]) {
  const ran = await place.run('accept', file, '--into', REFERENCE, ...more);
  const run = place
    .runs()
    .filter((path) => !path.endsWith('deliveries'))
    .at(-1);
  return { ...ran, run };
}

async function history(...more: string[]) {
  const ran = await place.run('history', '--delivery', REFERENCE, '--on', '2026-12-12', ...more);
  assert.ok(existsSync(place.path(FILE)), ran.text);
  return { ...ran, verdict: json(place.folder, FILE) as DeliveryVerdict };
}

/** Last digits of the serial → how it stands. */
function standing({ serials }: DeliveryVerdict): Record<string, string> {
  const short = (identity: string) => identity.replace(/^serial:SIM0*/u, '');
  return Object.fromEntries(
    serials.map(({ identity, verdict, replacedBy, cameBack }) => [
      short(identity),
      [
        verdict,
        ...cameBack.map((one) => `back after ${one.after}${one.renamed ? ', renamed' : ''}`),
        ...(replacedBy === undefined
          ? []
          : [`replaced by ${short(replacedBy.identity)} (${replacedBy.by})`]),
      ].join('; '),
    ]),
  );
}

const TRANCHE_3: Tranche = {
  first: 9,
  nodes: 5,
  machines: [{ node: 'n0005', serial: 'SIM000102', name: 'sim-sim000007' }],
};

test('after the first tranche the delivery is rejected for its slow serial', async () => {
  const { code, text, run } = await accept(
    plan('tranche-1', { first: 1, nodes: 4, slow: ['n0002'] }),
  );
  assert.is(code, 1, text);
  assert.equal(words(run), { n0001: 'pass', n0002: 'fail', n0003: 'pass', n0004: 'pass' });
  const { code: exit, verdict } = await history();
  assert.is(exit, 1);
  assert.is(verdict.origin, 'simulated');
  assert.is(verdict.lot.verdict, 'reject');
  assert.equal(
    [verdict.lot.delivered, verdict.lot.accepted, verdict.lot.rejected, verdict.lot.notTested],
    [12, 3, 1, 8],
  );
  assert.equal(standing(verdict), { 1: 'pass', 2: 'fail', 3: 'pass', 4: 'pass' });
  assert.equal(verdict.milestone, { date: '2026-12-15', inDays: 3 });
  // One-sided 95 % Clopper-Pearson of 1 in 4.
  assert.ok(Math.abs((verdict.runs[0]?.total?.upper ?? 0) - 0.751395) < 1e-6);
});

test('with the second its replacement counts, and another serial is rejected', async () => {
  const { code, text } = await accept(
    plan('tranche-2', {
      first: 5,
      nodes: 5,
      slow: ['n0003'],
      machines: [{ node: 'n0005', serial: 'SIM000101', name: 'sim-sim000002' }],
    }),
  );
  assert.is(code, 1, text);
  const { code: exit, verdict } = await history();
  assert.is(exit, 1);
  assert.equal([verdict.lot.accepted, verdict.lot.rejected, verdict.lot.notTested], [7, 1, 4]);
  const { 2: second, 7: seventh, 101: replacement } = standing(verdict);
  assert.is(second, 'fail; replaced by 101 (name)');
  assert.is(seventh, 'fail');
  assert.is(replacement, 'pass');
});

test('in the third a returned serial is smuggled back under another name, and is named', async () => {
  const smuggled = { node: 'n0004', serial: 'SIM000002', name: 'sim-sim000012' };
  const { code, text } = await accept(
    plan('tranche-3', {
      ...TRANCHE_3,
      slow: ['n0004'],
      machines: [...(TRANCHE_3.machines ?? []), smuggled],
    }),
  );
  assert.is(code, 1, text);
  const { code: exit, verdict, stdout } = await history();
  assert.is(exit, 1);
  assert.equal(
    [verdict.lot.delivered, verdict.lot.accepted, verdict.lot.rejected, verdict.lot.notTested],
    [12, 11, 1, 0],
  );
  const now = standing(verdict);
  assert.is(now['2'], 'fail; back after replaced, renamed');
  assert.is(now['7'], 'fail; replaced by 102 (name)');
  assert.match(verdict.notes.join('\n'), /^smuggled back: serial:SIM000002 was replaced/mu);
  assert.match(stdout, /REJECTED: MSA-2025-114: 11 of 12 accepted, 1 rejected/u);
  assert.match(stdout, /SIM000002 +n0004 sim-sim000012 .*came back under another name/u);
  // The file is for both sides: host names stay in private.json.
  assert.not.match(readFileSync(place.path(FILE), 'utf8'), /sim-sim/u);
});

test('the fourth tests the new serial in its place alone, and the delivery is accepted', async () => {
  const file = plan('tranche-3b', TRANCHE_3);
  const { code, text, run } = await accept(file, '--only', 'sim-sim000012');
  assert.is(code, 3, text);
  assert.equal(words(run), {
    n0001: 'not-tested',
    n0002: 'not-tested',
    n0003: 'not-tested',
    n0004: 'pass',
    n0005: 'not-tested',
  });
  const { code: exit, verdict } = await history();
  assert.is(exit, 0);
  assert.equal([verdict.lot.delivered, verdict.lot.accepted], [12, 12]);
  assert.equal(standing(verdict), {
    ...Object.fromEntries([1, 3, 4, 5, 6, 8, 9, 10, 11, 12, 101, 102].map((n) => [n, 'pass'])),
    2: 'fail; back after replaced, renamed; replaced by 12 (name)',
    7: 'fail; replaced by 102 (name)',
  });
  assert.equal(
    verdict.runs.map((step) => [step.own, step.delivery, step.fresh, step.total?.nonconforming]),
    [
      ['reject', 'reject', 4, 1],
      ['reject', 'reject', 5, 2],
      ['reject', 'reject', 4, 2],
      ['inconclusive', 'accept', 1, 2],
    ],
  );
  assert.is(verdict.runs.at(-1)?.total?.tested, 14);
  assert.ok(verdict.acceptedOn);
});

test('history in JSON is the file, and a delivery that is not there is exit 4', async () => {
  const { stdout, verdict } = await history('--json');
  assert.equal(JSON.parse(stdout).serials, verdict.serials);
  const other = await place.run('history', '--delivery', 'MSA-2025-115');
  assert.is(other.code, 4);
  assert.match(other.text, /Did you mean "MSA-2025-114"/u);
  assert.is((await place.run('history', '--delivery', REFERENCE, '--on', 'soon')).code, 2);
});

test('a run under other criteria is refused by name, before anything starts', async () => {
  const before = place.runs().length;
  const other = plan('lenient', { first: 1, nodes: 4, limit: '500 TFLOP/s' });
  const { code, text } = await accept(other);
  assert.is(code, 2);
  assert.match(text, /two plans claiming one delivery/u);
  assert.is(place.runs().length, before);
});

test('--only with a node that is not there is exit 2 and leaves no run', async () => {
  const before = place.runs().length;
  const { code, text } = await accept(plan('tranche-3b', TRANCHE_3), '--only', 'n0009');
  assert.is(code, 2);
  assert.match(text, /n0009, which is no node of this fleet/u);
  assert.is(place.runs().length, before);
});

test('a run whose files were changed is named, and keeps the delivery from accept', async () => {
  const [first] = place.runs();
  const hidden = place.path('tampered');
  cpSync(place.path('runs'), hidden, { recursive: true });
  appendFileSync(join(hidden, first?.split('/').at(-1) ?? '', 'verdict.json'), ' ');
  const { code, text } = await place.run('history', '--delivery', REFERENCE, '--out', 'tampered');
  assert.is(code, 3, text);
  assert.match(text, /not counted: .* its files are not those that were sealed \(verdict\.json/u);
});

test.run();
