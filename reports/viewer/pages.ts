/** The viewer's two pages: the list of runs, and a run under way. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import { NONE, showCount } from '../figure.ts';
import { legibleDeep } from '../legible.ts';
import { LOT, ORIGIN, SEVERITY, WORD, type Mark } from '../words.ts';
import type { Delivery } from './deliveries.ts';
import type { ListedRun } from './runs.ts';

const script = text(new URL('./live.js', import.meta.url));
const style = text(new URL('../html/style.css', import.meta.url));
const template = Handlebars.create().compile(text(new URL('pages.hbs', import.meta.url)), {
  strict: true,
  knownHelpersOnly: true,
});

/** Policy of both pages: our script by its hash, its events from here, nothing else. */
export const PAGE_POLICY = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;

const OPEN: Mark = { text: 'no verdict yet', glyph: '○', kind: 'none' };

/** Serials listed of one delivery; a search finds the others. */
const SERIALS = 500;

const EMPTY = {
  live: false,
  list: false,
  script: raw(''),
  runs: [],
  deliveries: [],
  delivery: [],
  query: '',
};

/**
 * The list of deliveries and runs.
 *
 * @param files what each run may be asked for, by its id
 * @param query shown are those that have it in their id, delivery, provider or verdict
 */
export function listPage(
  runs: readonly ListedRun[],
  files: readonly string[],
  deliveries: readonly Delivery[],
  query: string,
): string {
  const shown = runs.filter((run) => has(query, run.id, run.delivery, run.provider, run.verdict));
  return template(
    legibleDeep({
      ...EMPTY,
      title: 'Acceptance runs',
      style: raw(style),
      list: true,
      query,
      found: query === '' ? '' : `${showCount(shown.length)} of ${showCount(runs.length)} runs`,
      deliveries: deliveries
        .filter(({ reference }) => has(query, reference))
        .map(({ slug, reference, lot, runs: steps, on }) => ({
          slug,
          reference,
          mark: LOT[lot.verdict],
          ...counts(lot),
          steps: showCount(steps.length),
          on,
        })),
      runs: shown.map((run) => ({
        id: run.id,
        delivery: run.delivery,
        provider: run.provider,
        origin: run.origin === undefined ? NONE : ORIGIN[run.origin].label,
        mark: run.verdict === undefined ? OPEN : LOT[run.verdict],
        delivered: run.counts ? showCount(run.counts.delivered) : NONE,
        accepted: run.counts ? showCount(run.counts.accepted) : NONE,
        rejected: run.counts ? showCount(run.counts.rejected) : NONE,
        trend: trendOf(run, runs),
        changed: run.changed.slice(0, 16).replace('T', ' '),
        report: run.report,
        files: run.report ? files : [],
      })),
    }),
  );
}

/** A delivery's serials and runs, those that did not pass first. */
export function deliveryPage(delivery: Delivery, query: string): string {
  const { reference, lot, serials, runs, notes, on } = delivery;
  const shown = serials
    .filter((one) => has(query, one.identity, one.verdict))
    .sort((a, b) => SEVERITY[a.verdict] - SEVERITY[b.verdict]);
  return template(
    legibleDeep({
      ...EMPTY,
      title: `Delivery ${reference}`,
      style: raw(style),
      query,
      found: `${showCount(Math.min(shown.length, SERIALS))} of ${showCount(serials.length)} serials`,
      delivery: [
        {
          mark: LOT[lot.verdict],
          ...counts(lot),
          on,
          notes,
          steps: runs.map((step) => ({
            run: step.run,
            at: step.sealedAt.slice(0, 16).replace('T', ' '),
            reference: step.reference,
            fresh: showCount(step.fresh),
            own: LOT[step.own],
            after: LOT[step.delivery],
          })),
          serials: shown.slice(0, SERIALS).map((one) => ({
            identity: one.identity,
            mark: WORD[one.verdict],
            reason: one.reasons[0] ?? '',
            replacedBy: one.replacedBy?.identity ?? '',
            sightings: one.sightings.map(({ run, node }) => `${run} ${node}`).join(', '),
          })),
        },
      ],
    }),
  );
}

function counts(lot: Delivery['lot']) {
  return {
    delivered: showCount(lot.delivered),
    accepted: showCount(lot.accepted),
    rejected: showCount(lot.rejected),
    notTested: showCount(lot.notTested),
  };
}

function has(query: string, ...texts: readonly (string | undefined)[]): boolean {
  const wanted = query.toLowerCase();
  return texts.some((text) => text?.toLowerCase().includes(wanted));
}

/** Against the run of the same delivery before it: run ids sort by time. */
function trendOf(run: ListedRun, runs: readonly ListedRun[]): string {
  const before = runs
    .filter((one) => one.delivery === run.delivery && one.id < run.id && one.counts !== undefined)
    .sort((a, b) => (a.id < b.id ? 1 : -1))[0];
  if (before?.counts === undefined || run.counts === undefined) return NONE;
  const { accepted, rejected } = before.counts;
  return `accepted ${showCount(accepted)} → ${showCount(run.counts.accepted)}, rejected ${showCount(rejected)} → ${showCount(run.counts.rejected)}`;
}

/** Events of one run as they come. */
export function livePage(id: string): string {
  return template(
    legibleDeep({
      ...EMPTY,
      title: `Run ${id}`,
      style: raw(style),
      live: true,
      script: raw(script),
      found: '',
    }),
  );
}

function raw(markup: string): { toHTML(): string } {
  return { toHTML: () => markup };
}

function text(file: URL): string {
  return readFileSync(file, 'utf8');
}
