import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { HarnessError } from '../../../plan/errors.ts';
import { importers } from '../../../suites/inference/importers.ts';

const recorded = (file: string) =>
  readFileSync(new URL(`../../../fixtures/recorded/inference/${file}`, import.meta.url), 'utf8');

function read(tool: string, text: string, metric?: string) {
  const importer = importers.find((one) => one.tool === tool);
  if (importer === undefined) throw new Error(tool);
  return importer.read(text, { file: 'f.json', ...(metric !== undefined && { metric }) });
}

function refusal(tool: string, text: string, metric?: string): string {
  try {
    read(tool, text, metric);
    return 'read';
  } catch (error) {
    const { code, message } = error as HarnessError;
    return `${code} ${message}`;
  }
}

const value = (samples: ReturnType<typeof read>, metric: string, percentile: number) =>
  samples.find((one) => one.metric === metric && one.parameters['percentile'] === percentile)
    ?.value;

const B200 = recorded('vllm-bench-kimi-k2.5-b200-conc4.json');

test('vllm bench serve: figures in our units, with what they were measured under', () => {
  const samples = read('vllm-bench', B200);
  assert.is(value(samples, 'inference.endpoint.tpot_excl_ttft', 0.99), 0.008925252313079376);
  assert.is(value(samples, 'inference.endpoint.chunk_gap', 0.999), 9.446962681177329 / 1e3);
  assert.is(value(samples, 'vllm-bench.ttft', 0.5), 0.25282916900050623);
  assert.is(value(samples, 'inference.endpoint.ttft', 0.5), undefined);
  const [first] = samples;
  assert.is(first?.parameters['max_concurrency'], 4);
  assert.is(first?.parameters['failed'], 0);
  assert.is(first?.parameters['request_rate'], 'inf');
  const rate = samples.find((one) => one.metric === 'vllm-bench.output_throughput');
  assert.is(rate?.value, 426.2437309866369);
});

test('vllm bench serve: with failures its latencies leave out what ours count, so they keep its name', () => {
  const failed = B200.replace('"completed": 40', '"completed": 39');
  assert.is(value(read('vllm-bench', failed), 'vllm-bench.tpot', 0.99), 0.008925252313079376);
  assert.match(
    refusal('vllm-bench', failed, 'inference.endpoint.tpot_excl_ttft'),
    /UNIT_MISMATCH .*failed requests are left out/u,
  );
});

test('vllm bench serve: nothing completed is refused, not read as 0 ms', () => {
  assert.match(
    refusal('vllm-bench', B200.replace('"completed": 40', '"completed": 0')),
    /OUTPUT_UNREADABLE f\.json:1: not one request completed/u,
  );
});

const AIPERF = recorded('aiperf-reference-12.json');
const GUIDELLM = recorded('guidellm-reference-12.json');

test('vllm bench serve where every request failed: it printed 0 ms, and is refused', () => {
  const text = recorded('vllm-bench-all-failed.json');
  assert.match(text, /"p99_ttft_ms": 0\.0/u);
  assert.match(refusal('vllm-bench', text), /OUTPUT_UNREADABLE .*not one request completed/u);
});

test('aiperf: ms to seconds, its ITL under the name of our TPOT, its TTFT under its own', () => {
  const samples = read('aiperf', AIPERF);
  assert.is(value(samples, 'inference.endpoint.tpot_excl_ttft', 0.5), 9.899876142857142 / 1e3);
  assert.is(value(samples, 'aiperf.time_to_first_token', 0.99), 132.78913900999999 / 1e3);
  assert.is(
    samples.find((one) => one.metric === 'aiperf.output_token_throughput')?.value,
    56.21596713896578,
  );
  assert.match(refusal('aiperf', AIPERF, 'inference.endpoint.ttft'), /clock starts when/u);
  const itl = samples.find((one) => one.metric === 'inference.endpoint.tpot_excl_ttft');
  assert.match(AIPERF.split('\n')[(itl?.line ?? 0) - 1] ?? '', /inter_token_latency/u);
});

test('guidellm: its TPOT includes TTFT, so that it is refused as ours, by name', () => {
  const samples = read('guidellm', GUIDELLM);
  const tpot = value(samples, 'guidellm.time_per_output_token_ms', 0.5) ?? 0;
  const itl = value(samples, 'guidellm.inter_token_latency_ms', 0.5) ?? 0;
  // 8 tokens, the first after 0.1 s: TTFT's eighth is in it.
  assert.ok(tpot > 1.8 * itl, `${tpot} against ${itl}`);
  assert.ok(samples.every((one) => !one.metric.startsWith('inference.')));
  assert.match(
    refusal('guidellm', GUIDELLM, 'inference.endpoint.tpot_excl_ttft'),
    /UNIT_MISMATCH .*its TPOT includes TTFT/u,
  );
});

test('guidellm where nothing succeeded: its percentiles of nothing are refused', () => {
  const report = JSON.parse(GUIDELLM) as {
    benchmarks: { metrics: { request_totals: { successful: number } } }[];
  };
  for (const one of report.benchmarks) one.metrics.request_totals.successful = 0;
  assert.match(refusal('guidellm', JSON.stringify(report)), /not one request succeeded/u);
});

test('the three tools of one server agree where their definitions do', () => {
  const vllm = read('vllm-bench', recorded('vllm-bench-reference-12.json'));
  const aiperf = read('aiperf', AIPERF);
  const name = 'inference.endpoint.tpot_excl_ttft';
  const median = (samples: typeof vllm) => value(samples, name, 0.5) ?? 0;
  assert.ok(Math.abs(median(vllm) / median(aiperf) - 1) < 0.1);
});

test('a TTFT that counts from the send is not ours, by name, in every tool', () => {
  const files = [
    ['vllm-bench', B200],
    ['inferencex', recorded('inferencex-row-kimi-k2.5-mi300x.json')],
  ] as const;
  for (const [tool, text] of files) {
    assert.match(
      refusal(tool, text, 'inference.endpoint.ttft'),
      /UNIT_MISMATCH .*clock starts/u,
      tool,
    );
  }
});

test('InferenceX: figures of a row, GPU by GPU, under their own names', () => {
  const samples = read('inferencex', recorded('inferencex-row-kimi-k2.5-mi300x.json'));
  assert.is(value(samples, 'inferencex.tpot', 0.99), 0.1282672055492602);
  assert.is(
    samples.find((one) => one.metric === 'inferencex.tput_per_gpu')?.value,
    260.43053275981913,
  );
  assert.is(samples[0]?.parameters['device'], 'mi300x');
  assert.ok(samples.every((one) => one.line > 1));
});

test('another tool’s file, a torn one, and none at all are refused', () => {
  for (const tool of ['vllm-bench', 'aiperf', 'guidellm', 'inferencex']) {
    for (const text of ['', '{}', '[]', '{"a": 1}', 'completed: 40', B200.slice(0, 300)]) {
      assert.match(refusal(tool, text), /^OUTPUT_UNREADABLE f\.json:\d+: /u, `${tool} ${text}`);
    }
  }
  assert.match(refusal('aiperf', B200), /no "request_count"/u);
});

test.run();
