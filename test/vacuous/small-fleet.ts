/** A plan in a few lines, run by the real campaign on simulated nodes: what our side of each row stands on. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composePlan, type Composed } from '../../bin/compose.ts';
import { runExit } from '../../bin/exit-code.ts';
import { remarksOn } from '../../bin/linted.ts';
import type { Break } from '../../bin/selftest/model.ts';
import { runBroken } from '../../bin/selftest/run.ts';
import type { Verdict } from '../../verdicts/model.ts';
import type { Remark } from '../../verdicts/lint/model.ts';

/** Blocks of a plan as YAML; what is left out is small and good. */
export interface Blocks {
  readonly sku?: string;
  readonly nodes?: number;
  readonly suites?: string;
  readonly criteria?: string;
  /** Further keys of the fleet's block, each on a line. */
  readonly fleet?: string;
  /** Of the simulated parts: `{ metric: …, value: … }` in a list. */
  readonly values?: string;
}

/** One criterion on the sustained product, which good parts meet by 8 %. */
export const PRODUCT = `
  - { id: product, metric: matmul.gemm.throughput, where: { dtype: bf16, shape: 8192, mode: sustained },
      per: accelerator, at-least: 680 TFLOP/s, nominal: 720 TFLOP/s, source: contract }`;

export function planText(blocks: Blocks): string {
  const { sku = 'h200-sxm', nodes = 2, criteria = PRODUCT } = blocks;
  const suites = blocks.suites ?? 'matmul: { dtypes: [bf16], shapes: [8192] }';
  return `assay: 1
seed: 7
delivery: { reference: row of FACTS.md B, provider: own, sku: ${sku}, count: ${nodes} }
fleet:
  runner: sim
  nodes: ${nodes}
  sku: ${sku}
  truth: { between: 0.2 %, within: 0.5 % }
  ${blocks.fleet ?? ''}
  values: ${blocks.values ?? '[]'}
suites:
  ${suites}
criteria: ${criteria}
`;
}

/** Composes a plan as the commands do. */
export async function composed(blocks: Blocks): Promise<Composed> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-vacuous-'));
  try {
    const file = join(folder, 'plan.yaml');
    writeFileSync(file, planText(blocks));
    return await composePlan({ file });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** How our run ended. */
export interface Ours {
  /** Exit code of `assay accept`. */
  readonly exit: number;
  readonly verdict: Verdict;
  /** Node's verdict and all its reasons in one line. */
  node(id: string): string;
}

/** Runs a plan on simulated nodes, with something broken or nothing. */
export async function accepted(blocks: Blocks, broken: Break = {}): Promise<Ours> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-vacuous-'));
  try {
    const result = await runBroken(
      {
        composed: await composed(blocks),
        folder,
        version: '0.0.0-test',
        signal: new AbortController().signal,
      },
      'run',
      broken,
    );
    const verdict = result.judgement?.verdict;
    if (verdict === undefined) throw new Error('the run gave no verdict');
    return {
      exit: runExit(result),
      verdict,
      node(id) {
        const row = verdict.nodes.find((one) => one.id === id);
        return `${row?.verdict}: ${row?.reasons.join('; ')}`;
      },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What lint says of a plan in fixtures/plans. */
export async function lintOf(fixture: string): Promise<readonly Remark[]> {
  const file = new URL(`../../fixtures/plans/${fixture}.yaml`, import.meta.url).pathname;
  return remarksOn(await composePlan({ file }));
}
