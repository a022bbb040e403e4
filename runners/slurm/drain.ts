/** Rejected nodes out of service, and back: only what we drained, and only while nobody touched it. */
import { userInfo } from 'node:os';
import { HarnessError } from '../../plan/errors.ts';
import type { Judged, RunContext, Serviced, ServiceMark } from '../model.ts';
import { printable } from '../session/printable.ts';
import { slurm } from './commands.ts';
import { isDrained, stateWords } from './node-states.ts';
import type { NodeReader, SlurmNode } from './node-table.ts';
import type { SlurmOptions } from './options.ts';

/** Reasons of ours begin so. */
const OURS = 'assay ';
/** Characters of a reason: Slurm keeps more, its tables don't show it. */
const LONGEST = 200;

/** How rejected nodes are drained. */
type DrainTerms = NonNullable<SlurmOptions['drain']>;

/** A judged node with its name in Slurm. */
type Named = Judged & { readonly name: string };

/**
 * Drains those that failed, and gives those back that passed and that an earlier run of ours drained.
 * Above the cap nothing is drained: so many at once have a common cause, and the cluster is still needed.
 *
 * @returns what became of each node that was meant
 */
export async function serviceNodes(
  judged: readonly Named[],
  terms: DrainTerms,
  reader: NodeReader,
  context: Pick<RunContext, 'run' | 'intent'>,
): Promise<readonly Serviced[]> {
  const failed = judged.filter((one) => one.verdict === 'fail');
  const passed = judged.filter((one) => one.verdict === 'pass');
  const most = Math.max(1, Math.floor(terms.most * judged.length));
  const states = await statesOf(judged, reader);
  const apply = terms.mode === 'apply';
  const back = passed.filter(({ name }) => isOurs(states.get(name)));
  const meant = failed.length > most ? [] : failed;
  if (apply && meant.length + back.length > 0) {
    const ids = (some: readonly Named[]) => some.map(({ node }) => node);
    await context.intent({ slurm: 'service', drain: ids(meant), return: ids(back) });
  }
  const done: Serviced[] = [];
  for (const one of failed) {
    done.push(
      meant.length === 0
        ? { node: one.node, done: 'left', detail: commonCause(failed.length, judged.length, most) }
        : await drain(one, states.get(one.name), apply, context.run),
    );
  }
  for (const { node, name } of back) done.push(await giveBack(node, name, apply));
  return marked(done, judged, reader);
}

/**
 * Gives back what a run drained.
 *
 * @param drained with the marks that the run recorded
 * @param apply otherwise only what would be done
 */
export async function returnDrained(
  drained: readonly { readonly node: string; readonly name: string; readonly mark: ServiceMark }[],
  apply: boolean,
  reader: NodeReader,
): Promise<readonly Serviced[]> {
  const states = await statesOf(drained, reader);
  const done: Serviced[] = [];
  for (const { node, name, mark } of drained) {
    const now = states.get(name);
    if (now === undefined) done.push({ node, done: 'left', detail: 'Slurm does not know it' });
    else if (!isDrained(now))
      done.push({ node, done: 'left', detail: `not drained: ${stateWords(now)}` });
    else if (!untouched(now, mark)) {
      done.push({ node, done: 'left', detail: `touched since: ${stateWords(now)}` });
    } else done.push(await giveBack(node, name, apply));
  }
  return done;
}

async function statesOf(nodes: readonly { readonly name: string }[], reader: NodeReader) {
  const read = await reader.read(nodes.map(({ name }) => name));
  return new Map(read.map((node) => [node.name, node]));
}

async function drain(
  { node, name, reason }: Named,
  now: SlurmNode | undefined,
  apply: boolean,
  run: string,
): Promise<Serviced> {
  const why = reasonText(run, reason);
  if (now === undefined) return { node, done: 'left', detail: 'Slurm does not know it' };
  if (isDrained(now)) {
    // Ours from before this process was cut off, else somebody's own: that one stays.
    const done = now.reason === why ? 'drained' : 'left';
    return { node, done, detail: stateWords(now) };
  }
  if (!apply) return { node, done: 'would-drain', detail: why };
  return attempt(node, 'drained', why, [`NodeName=${name}`, 'State=DRAIN', `Reason=${why}`]);
}

function giveBack(node: string, name: string, apply: boolean): Promise<Serviced> | Serviced {
  const detail = 'drained by us, touched by nobody since';
  if (!apply) return { node, done: 'would-return', detail };
  return attempt(node, 'returned', detail, [`NodeName=${name}`, 'State=RESUME']);
}

async function attempt(
  node: string,
  done: 'drained' | 'returned',
  detail: string,
  update: readonly string[],
): Promise<Serviced> {
  try {
    await slurm(['scontrol', 'update', ...update]);
    return { node, done, detail };
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    return { node, done: 'failed', detail: `${error.code}: ${error.message}` };
  }
}

/** What we drained, as Slurm has it now: by this it is known again. */
async function marked(
  done: readonly Serviced[],
  judged: readonly Named[],
  reader: NodeReader,
): Promise<readonly Serviced[]> {
  if (!done.some((one) => one.done === 'drained')) return done;
  const states = await statesOf(judged, reader);
  const nameOf = new Map(judged.map((one) => [one.node, one.name]));
  return done.map((one) => {
    const now = states.get(nameOf.get(one.node) ?? '');
    if (one.done !== 'drained' || now === undefined) return one;
    return { ...one, mark: { reason: now.reason, by: now.reasonBy, at: now.reasonAt } };
  });
}

function untouched(now: SlurmNode, { reason, by, at }: ServiceMark): boolean {
  return now.reason === reason && now.reasonBy === by && now.reasonAt === at;
}

/** Drained with a reason of ours by this account. */
function isOurs(node: SlurmNode | undefined): boolean {
  if (node === undefined || !isDrained(node) || !node.reason.startsWith(OURS)) return false;
  return node.reasonBy === userInfo().username;
}

/** "assay RUN criterion: figure", without what a table or a shell would trip over. */
export function reasonText(run: string, reason: string): string {
  return printable(`${OURS}${run} ${reason}`)
    .replaceAll(/["'\\|]/gu, ' ')
    .replaceAll(/\s+/gu, ' ')
    .slice(0, LONGEST)
    .trim();
}

function commonCause(failed: number, judged: number, most: number): string {
  return `common cause: ${failed} of ${judged} nodes rejected, at most ${most} are drained; none is`;
}
