/** A delivery's ledger on a terminal. */
import { LOT, ORIGIN } from '../reports/words.ts';
import type { DeliveryVerdict, DueDate, LedgerRow } from '../verdicts/ledger/model.ts';
import { alignedColumns as table } from './aligned-columns.ts';
import { printable, style, type Io } from './terminal.ts';

const COLORS = { good: 'green', bad: 'red', doubt: 'yellow', none: 'yellow' } as const;

/** @param names identity → host name, where it is known */
export function tellDelivery(
  verdict: DeliveryVerdict,
  names: ReadonlyMap<string, string>,
  io: Io,
): void {
  const { lot, origin, reference } = verdict;
  const say = (text: string) => io.out(printable(text));
  if (origin !== 'hardware')
    io.out(style(io, 'bold', `${ORIGIN[origin].label}. ${ORIGIN[origin].says}`));
  const { text, kind } = LOT[lot.verdict];
  const word = style(io, COLORS[kind], text.toUpperCase());
  io.out(
    `${word}: ${printable(reference)}: ${lot.accepted} of ${lot.delivered} accepted, ` +
      `${lot.rejected} rejected, ${lot.inconclusive} inconclusive, ${lot.notTested} not tested`,
  );
  for (const reason of lot.reasons) say(`  ${reason}`);
  for (const line of datesOf(verdict)) say(line);
  io.out('');
  const rows = verdict.serials.map((row) => serialCells(row, names));
  for (const line of table(
    ['serial', 'node', 'first seen', 'runs', 'latest', 'replaced, came back'],
    rows,
  ))
    say(line);
  io.out('');
  const steps = verdict.runs.map((step) => [
    step.run,
    step.sealedAt.slice(0, 10),
    step.reference,
    String(step.fresh),
    step.own,
    step.delivery,
    step.total === undefined
      ? 'none decided'
      : `${step.total.nonconforming} of ${step.total.tested}: below ${percent(step.total.upper)}`,
  ]);
  const heads = ['run', 'sealed', 'lot', 'new', 'its verdict', 'delivery', 'nonconforming (95 %)'];
  for (const line of table(heads, steps)) say(line);
  for (const { run, why } of verdict.notCounted) say(`not counted: ${run}: ${why}`);
  for (const note of verdict.notes) say(`note: ${note}`);
}

function datesOf({ milestone, deemed, acceptedOn }: DeliveryVerdict): string[] {
  const lines: string[] = [];
  const accepted = acceptedOn === undefined ? 'not accepted' : `accepted ${acceptedOn}`;
  if (milestone !== undefined) lines.push(`  milestone ${when(milestone)}; ${accepted}`);
  if (deemed === undefined) return lines;
  lines.push(`  deemed acceptance ${when(deemed)}`);
  if (deemed.given.length > 0) {
    lines.push(
      `    by the contract alone, not by measurement, accepted: ${deemed.given.join(', ')}`,
    );
  }
  if (deemed.late.length > 0) {
    lines.push(`    rejected only after that day: ${deemed.late.join(', ')}`);
  }
  return lines;
}

function when({ date, inDays }: DueDate): string {
  const days = `${Math.abs(inDays)} ${Math.abs(inDays) === 1 ? 'day' : 'days'}`;
  if (inDays === 0) return `${date} (that day)`;
  return inDays > 0 ? `${date} (in ${days})` : `${date} (${days} past)`;
}

function serialCells(row: LedgerRow, names: ReadonlyMap<string, string>): string[] {
  const { identity, sightings, verdict, replacedBy, replaces, cameBack } = row;
  const last = sightings.at(-1);
  const fate = [
    ...(replacedBy === undefined ? [] : [`replaced by ${replacedBy.identity}`]),
    ...replaces.map((one) => `in place of ${one}`),
    ...cameBack.map(({ node, after, run, renamed }) => {
      const how = renamed ? 'under another name' : 'again';
      return `${after}, came back ${how} as ${node} in ${run}`;
    }),
  ];
  const node = [last?.node ?? '', names.get(identity) ?? ''].filter((one) => one !== '').join(' ');
  const first = sightings[0]?.run ?? '';
  return [identity, node, first, String(sightings.length), verdict, fate.join('; ')];
}

function percent(share: number): string {
  return `${(share * 100).toPrecision(3)} %`;
}
