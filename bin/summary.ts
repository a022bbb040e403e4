/** What a run's end looks like on a terminal. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { CampaignResult } from '../campaign/setup.ts';
import type { Judgement } from '../verdicts/model.ts';
import { printable, style, type Io } from './terminal.ts';

const ORIGINS = {
  hardware: undefined,
  'reference-device': 'Reference device: measured on a CPU. This proves the tool and not any GPU.',
  'stand-in': 'Stand-in: figures come from a stand-in. This proves the tool and not any GPU.',
  simulated: 'Simulated: no hardware was measured. This proves the tool and not any GPU.',
} as const;
const WORDS = {
  accept: ['green', 'ACCEPT'],
  reject: ['red', 'REJECT'],
  inconclusive: ['yellow', 'INCONCLUSIVE'],
  'not-tested': ['yellow', 'NOT FULLY TESTED'],
} as const;
/** Findings shown; the report has all. */
const SHOWN = 12;

/** Prints the verdict, its reasons, the criteria and the worst nodes. */
export function tellVerdict({ verdict }: Pick<Judgement, 'verdict'>, io: Io): void {
  const origin = ORIGINS[verdict.origin];
  if (origin !== undefined) io.out(style(io, 'bold', origin));
  const { lot } = verdict;
  const [color, word] = WORDS[lot.verdict];
  const units = lot.rejected > 0 && lot.verdict === 'accept' ? `, ${lot.rejected} rejected` : '';
  io.out(
    `${style(io, color, word)}: ${lot.accepted} of ${lot.delivered} accepted${units}, ` +
      `${lot.inconclusive} inconclusive, ${lot.notTested} not tested`,
  );
  for (const reason of lot.reasons) io.out(printable(`  ${reason}`));
  for (const { id, verdict: one, counts, mandatory } of verdict.criteria) {
    const found = Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${count} ${name}`);
    const shown = mandatory ? '' : ' (shown only)';
    io.out(
      printable(`  ${one.padEnd(13)} ${id}: ${found.join(', ') || 'nothing measured'}${shown}`),
    );
  }
  const bad = verdict.nodes.filter((node) => node.verdict !== 'pass');
  for (const node of bad.slice(0, SHOWN)) {
    const [first = '', ...others] = node.reasons;
    const more = others.length === 0 ? '' : ` (+ ${others.length} more reasons)`;
    io.out(printable(`  ${node.id} ${node.identity} ${node.verdict}: ${first}${more}`));
  }
  if (bad.length > SHOWN) io.out(`  … and ${bad.length - SHOWN} more in the report`);
}

/** Prints the end of `accept` and `resume`. */
export function tellEnd(result: CampaignResult, io: Io): void {
  const reported = existsSync(join(result.path, 'report.html'));
  const path = relative(process.cwd(), result.path) || '.';
  if (io.json) {
    io.event({
      event: 'end',
      run: result.id,
      path,
      sealed: result.sealed,
      ...(result.stopped !== undefined && { stopped: result.stopped }),
      ...(result.judgement !== undefined && { lot: result.judgement.verdict.lot }),
      unreleased: result.unreleased,
    });
    return;
  }
  if (result.judgement !== undefined) tellVerdict(result.judgement, io);
  for (const { id, reason } of result.unreleased) {
    io.err(printable(`  not released: ${id}: ${reason}`));
  }
  if (result.sealed)
    io.out(`${reported ? 'report' : 'run'}: ${path}${reported ? '/report.html' : ''}`);
  else io.out(`not finished; go on with: assay resume ${path}`);
}
