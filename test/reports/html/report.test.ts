import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseHTML } from 'linkedom';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunReader } from '../../../campaign/directory/model.ts';
import { contextOf } from '../../../reports/html/context.ts';
import { policyFor } from '../../../reports/html/report.ts';
import { openingView } from '../../../reports/html/view/opening.ts';
import type { Survey } from '../../../reports/survey/model.ts';
import { rendered } from '../rendered.ts';
import { HOSTILE, RUNS, sampleRun } from '../sample-run.ts';

const page = async (run: RunReader) => (await rendered('html', run)).get('report.html') ?? '';

test('the golden run renders to the golden report; npm run golden writes it again', async () => {
  const golden = readFileSync(new URL('../../golden/report.html', import.meta.url), 'utf8');
  const now = await page(sampleRun(RUNS.golden));
  const at =
    Array.from({ length: now.length }, (_, index) => index).find(
      (index) => now[index] !== golden[index],
    ) ?? golden.length;
  assert.is(now === golden, true, `differs at ${at}: …${now.slice(at - 80, at + 80)}…`);
});

test('the same run gives the same bytes twice', async () => {
  assert.is(await page(sampleRun(RUNS.mixed)), await page(sampleRun(RUNS.mixed)));
});

test('an NCCL profile is told with what it sets and where that was read; a name of nobody set nothing', async () => {
  const run = sampleRun(RUNS.mixed);
  const named = (profile: string) =>
    page({ ...run, plan: { ...run.plan, suites: [{ id: 'nccl', options: { profile } }] } });
  const known = await named('azure-ndv5');
  assert.match(known, /NCCL_TOPO_FILE(?:=|&#x3D;)\/opt\/microsoft\/ndv5-topo\.xml/u);
  assert.match(known, /Source: <bdi>Azure\/azhpc-images/u);
  assert.match(
    await named('my-lab'),
    /<bdi>my-lab<\/bdi>: a name of the plan's own; it set nothing/u,
  );
  assert.not.match(await page(run), /NCCL profile<\/h3>/u);
});

test("a rejected node's report to the provider is shown as it would be sent", async () => {
  const run = sampleRun(RUNS.mixed);
  const node = run.verdict?.nodes.find(({ verdict }) => verdict === 'fail')?.id ?? '';
  const request = { Instances: ['i-0<b>'] };
  const html = await page({
    ...run,
    faults: {
      schema: 'assay/faults/1',
      sent: false,
      reports: [{ node, operation: 'ReportInstanceStatus', request, problem: 'onboard first' }],
    },
  });
  const { document } = parseHTML(html);
  const shown = [...document.querySelectorAll(`#node-${node} details`)];
  const text = shown.find((one) => one.textContent?.includes('ReportInstance'))?.textContent ?? '';
  assert.match(text, /prepared and not sent: ReportInstanceStatus/u);
  assert.match(text, /"i-0<b>"/u);
  assert.match(text, /onboard first/u);
  assert.match(text, /assay report-faults .* --send/u);
});

test('no markup of a hostile run survives: only our elements, attributes and scripts are there', async () => {
  const html = await page(sampleRun(RUNS.hostile));
  const { document } = parseHTML(html);
  assert.is(
    document.querySelectorAll('img, iframe, object, embed, form[action], base, link').length,
    0,
  );
  assert.is(document.querySelectorAll('script').length, 2);
  for (const element of document.querySelectorAll('*')) {
    for (const { name, value } of element.attributes) {
      assert.not.match(name, /^on/u);
      if (name === 'href') assert.match(value, /^#[\w.-]+$/u);
    }
  }
  for (const raw of ['<script>globalThis', '<img src=x', '\u001b', '\u202e', '\u2066', '\u0007']) {
    assert.not.ok(html.includes(raw), JSON.stringify(raw));
  }
});

test('each place of the plan, the fleet and the verdict that holds a text is shown escaped', async () => {
  // A text for each place, so that one unescaped place can be named.
  let place = 0;
  const seen: string[] = [];
  const run = sampleRun({
    ...RUNS.hostile,
    text: (plain) => {
      place += 1;
      const tag = `<i x=${place}>`;
      seen.push(tag);
      return `${tag}${plain}`;
    },
  });
  const html = await page(run);
  assert.ok(seen.length > 50);
  assert.equal(
    seen.filter((tag) => html.includes(tag)),
    [],
  );
  assert.match(html, /&lt;i x&#x3D;\d+&gt;tranche-7\.yaml/u);
  assert.ok(HOSTILE.length > 0);
});

test('no host name, address or price reaches the report', async () => {
  const html = await page(sampleRun(RUNS.mixed));
  for (const secret of ['gpu7.lab', '192.0.2.1', '31.5', 'USD'])
    assert.not.ok(html.includes(secret), secret);
});

test('the policy names the one script by its hash', async () => {
  const html = await page(sampleRun(RUNS.reference));
  const script = /<script>([\s\S]*?)<\/script>/u.exec(html)?.[1] ?? '';
  const { document } = parseHTML(html);
  const policy = document.querySelector('meta[http-equiv]')?.getAttribute('content');
  assert.is(policy, policyFor(script));
  assert.match(policy ?? '', /^default-src 'none'; /u);
});

test('the origin is the first line and the head of every printed page', async () => {
  for (const name of ['reference', 'hostile', 'golden'] as const) {
    const html = await page(sampleRun(RUNS[name]));
    const { document } = parseHTML(html);
    const first = document.querySelector('body .origin')?.textContent ?? '';
    assert.match(first, /this proves the tool, not any GPU/u);
    assert.match(html, /@page\{@top-left\{content:"[^"]*this proves the tool, not any GPU\."\}/u);
  }
});

test('every chart has a role, a title, a description with the finding, a limit and a table', async () => {
  const { document } = parseHTML(await page(sampleRun(RUNS.mixed)));
  const figures = [...document.querySelectorAll('figure')];
  for (const figure of figures) {
    const svg = figure.querySelector('svg');
    assert.is(svg?.getAttribute('role'), 'img');
    assert.ok((svg?.querySelector('title')?.textContent ?? '').length > 5);
    assert.ok((svg?.querySelector('desc')?.textContent ?? '').length > 20);
    assert.ok(figure.querySelector('details table'));
  }
  const charts = [...document.querySelectorAll('#distributions figure')];
  assert.is(charts.length, 4);
  for (const figure of charts) {
    const svg = figure.querySelector('svg');
    assert.match(svg?.querySelector('desc')?.textContent ?? '', /conform to .*Median .*worst /u);
    assert.match(svg?.textContent ?? '', /limit ≥/u);
  }
});

test('the worst nodes are in the order of the margins that stand beside them', () => {
  const run = sampleRun({ nodes: 8, bad: { 1: 'slow', 4: 'slow', 6: 'slow' } });
  const { verdict } = run;
  if (verdict === undefined) throw new Error('it has a verdict');
  const criteria = new Map(run.plan.criteria.map((one) => [one.id, one]));
  // Each node fails two criteria, the nearer one first, and has a worst figure of its own elsewhere.
  const losses = [0.05, 0.09, 0.02];
  const slow = verdict.findings.filter(
    ({ estimate, criterion }) =>
      estimate !== undefined && criteria.get(criterion)?.decide !== 'exact',
  );
  assert.is(slow.length, 3);
  const findings = slow.flatMap((finding, at) => {
    const limit = criteria.get(finding.criterion)?.limit.value ?? 0;
    return [0.01, losses[at] ?? 0].map((loss) => ({
      ...finding,
      ...(finding.estimate && {
        estimate: { ...finding.estimate, value: limit * (1 - loss) },
      }),
    }));
  });
  const spreads = new Map(
    run.plan.criteria.map((criterion) => [
      criterion.id,
      { criterion, worst: Float64Array.from({ length: 8 }, (_, at) => 1e9 * (at + 1)) },
    ]),
  );
  const nodeIds = verdict.nodes.map(({ id }) => id);
  const survey = { verdict: { ...verdict, findings }, spreads, nodeIds } as unknown as Survey;
  const { worst } = openingView(contextOf(run, survey));
  assert.equal(
    worst.map(({ margin }) => margin.replace(/[^\d.]/gu, '')),
    ['9.0', '5.0', '2.0'],
  );
});

test('a run without a verdict says so and nothing better', async () => {
  const whole = sampleRun(RUNS.mixed);
  const { verdict: _verdict, ...open } = whole;
  const { document } = parseHTML(await page({ ...open, sealed: false }));
  assert.match(document.querySelector('.word')?.textContent ?? '', 'No verdict');
  assert.not.match(document.querySelector('#verdict')?.textContent ?? '', /Accepted/u);
});

test('an accepted lot with rejected units says so in its first words', async () => {
  const run = sampleRun(RUNS.rejected);
  const { verdict } = run;
  if (verdict === undefined) throw new Error('the sample has a verdict');
  const lot = { ...verdict.lot, verdict: 'accept' as const };
  const { document } = parseHTML(await page({ ...run, verdict: { ...verdict, lot } }));
  assert.match(
    document.querySelector('.word')?.textContent ?? '',
    'Accepted, without 1 rejected unit',
  );
});

test('the client script type-checks against the DOM', () => {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  for (const folder of ['reports/html/client', 'reports/viewer']) {
    execFileSync('node', ['node_modules/typescript/bin/tsc', '--noEmit', '-p', folder], {
      cwd: root,
    });
  }
});

test.run();
