import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunReader } from '../../campaign/directory/model.ts';
import { prepareFaults } from '../../campaign/faults.ts';
import { HarnessError } from '../../plan/errors.ts';
import type { Runner } from '../../runners/model.ts';

const test = suite('fault reports of a run');

const attempt = (nodes: readonly string[], startedAt: string, seconds: number) => ({
  trial: { nodes },
  startedAt,
  seconds,
});

/** A run of two nodes, as much of it as is looked at. */
function runOf(path: string, verdict: 'pass' | 'fail') {
  return {
    path,
    plan: { fleet: { standIn: true } },
    verdict: {
      nodes: [
        { id: 'n0001', verdict, reasons: ['copy: 1 wrong'] },
        { id: 'n0002', verdict: 'pass', reasons: [] },
      ],
    },
    fleet: { nodes: [{ id: 'n0001', identity: [{ kind: 'provider-id', value: 'i-1' }] }] },
    async *attempts() {
      yield attempt(['n0001', 'n0002'], '2026-12-01T00:00:10.000Z', 5);
      yield attempt(['n0001'], '2026-12-01T00:00:00.000Z', 3);
      yield attempt(['n0002'], '2026-12-01T01:00:00.000Z', 3);
    },
  } as unknown as RunReader;
}

async function prepared(verdict: 'pass' | 'fail', reportFaults: Runner['reportFaults']) {
  const folder = mkdtempSync(join(tmpdir(), 'assay-faults-'));
  const told: string[] = [];
  try {
    const runner = {
      open: () => Promise.reject(new Error('not opened')),
      ...(reportFaults && { reportFaults }),
    };
    const { signal } = new AbortController();
    const file = await prepareFaults(runOf(folder, verdict), runner, signal, (event) => {
      if (event.kind === 'warning') told.push(event.message);
    });
    const text = file && readFileSync(join(folder, 'faults.json'), 'utf8');
    return { file, text, told };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('a rejected node gets a report, prepared and not sent, with when it was seen', async () => {
  const asked: unknown[] = [];
  const { file, text } = await prepared('fail', async (faults, send, standIn) => {
    asked.push(faults, send, standIn);
    return [{ node: 'n0001', operation: 'Report', request: { id: 'i-1' } }];
  });
  assert.equal(asked, [
    [
      {
        node: 'n0001',
        identity: [{ kind: 'provider-id', value: 'i-1' }],
        reasons: ['copy: 1 wrong'],
        from: '2026-12-01T00:00:00.000Z',
        to: '2026-12-01T00:00:15.000Z',
      },
    ],
    false,
    true,
  ]);
  assert.equal(JSON.parse(text ?? ''), file);
});

test('nothing is written where nothing was rejected, or there is nobody to tell', async () => {
  const never = () => Promise.reject(new Error('it was asked'));
  assert.is((await prepared('pass', never)).file, undefined);
  assert.is((await prepared('fail', undefined)).file, undefined);
});

test('what can not be prepared is said, and the run goes on', async () => {
  const { file, told } = await prepared('fail', () =>
    Promise.reject(new HarnessError('PROVIDER_PACKAGE_MISSING', 'no package', { hint: 'x' })),
  );
  assert.is(file, undefined);
  assert.match(told[0] ?? '', /no fault report was prepared: no package/u);
});

test.run();
