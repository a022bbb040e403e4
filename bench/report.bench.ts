/** Rendering report.html: time, memory and size for 64, 1,000 and 10,000 nodes × 8 accelerators. */
import { fileURLToPath } from 'node:url';
import { html } from '../reports/html/report.ts';
import { run } from '../runners/process.ts';
import { RUNS, sampleRun, type SampleSpec } from '../test/reports/sample-run.ts';
import type { Bench, Row } from './bench.ts';

const NODES = [64, 1000, 10_000];
const MEBIBYTE = 2 ** 20;
/** Of a run's peak that may be there before the first node. */
const MOST_MEMORY = 1536 * MEBIBYTE;
const MOST_BYTES = 5e6;

interface Measured {
  readonly nodes: number;
  readonly seconds: number;
  readonly peak: number;
  readonly bytes: number;
}

/** Each size in a process of its own, so that peaks are its own; `--render N` is that process. */
export const bench: Bench = async (words) => {
  const at = words.indexOf('--render');
  if (at >= 0) {
    console.log(JSON.stringify(await render(Number(words[at + 1]))));
    return [];
  }
  const measured: Measured[] = [];
  for (const nodes of [1, ...NODES]) measured.push(await inProcess(nodes));
  const [base, ...sizes] = measured as [Measured, ...Measured[]];
  const [, middle, large] = sizes as [Measured, Measured, Measured];
  const grown = (of: (one: Measured) => number) =>
    (of(large) - of(base)) / (of(middle) - of(base)) / (large.nodes / middle.nodes);
  return [
    ...sizes.flatMap(rowsOf),
    growth(
      'time',
      grown(({ seconds }) => seconds),
    ),
    growth(
      'memory',
      grown(({ peak }) => peak),
    ),
    growth(
      'size',
      grown(({ bytes }) => bytes),
    ),
  ];
};

function rowsOf({ nodes, seconds, peak, bytes }: Measured): readonly Row[] {
  const name = `${nodes} nodes × 8`;
  return [
    { figure: `${name}: render, s of processor time`, measured: seconds.toFixed(2) },
    {
      figure: `${name}: peak memory of the process, MiB`,
      measured: Math.round(peak / MEBIBYTE),
      target: '<= 1536',
      met: peak <= MOST_MEMORY,
    },
    {
      figure: `${name}: report.html, MB`,
      measured: (bytes / 1e6).toFixed(2),
      target: '<= 5',
      met: bytes <= MOST_BYTES,
    },
  ];
}

/** Tenfold nodes cost at most tenfold, over what one node costs; a tenth for the clock. */
function growth(what: string, share: number): Row {
  return {
    figure: `growth of ${what} from 1,000 to 10,000 nodes, share of linear`,
    measured: share.toFixed(2),
    target: '<= 1.1',
    met: share <= 1.1,
  };
}

async function inProcess(nodes: number): Promise<Measured> {
  const script = fileURLToPath(new URL('run.ts', import.meta.url));
  const argv = [process.execPath, ...process.execArgv, script, 'report', '--render', String(nodes)];
  const ran = await run(argv as [string, ...string[]], { limit: 600 });
  const line = ran.stdout.toString('utf8').split('\n')[0] ?? '';
  if (ran.ended !== 'exited' || ran.code !== 0) throw new Error(ran.stderr.toString('utf8'));
  return JSON.parse(line) as Measured;
}

/** Renders into nothing: a disk's speed is not the report's. */
async function render(nodes: number): Promise<Measured> {
  const bad = Object.fromEntries(
    Array.from({ length: Math.ceil(nodes / 100) }, (_, at) => [
      (at * 97 + 5) % nodes,
      at % 4 === 3 ? 'wrong' : 'slow',
    ]),
  ) as NonNullable<SampleSpec['bad']>;
  const run = sampleRun({ ...RUNS.large, accelerators: 8, more: 6, trials: 2, nodes, bad });
  // Processor time: what else this machine does is not the report's.
  const before = process.cpuUsage();
  let bytes = 0;
  await html.render(run, {}, async (_, pieces) => {
    for await (const piece of pieces) bytes += Buffer.byteLength(piece);
  });
  const { user, system } = process.cpuUsage(before);
  const seconds = (user + system) / 1e6;
  return { nodes, seconds, peak: process.resourceUsage().maxRSS * 1024, bytes };
}
