/** The viewer's two pages: the list of runs, and a run under way. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import { NONE, showCount } from '../figure.ts';
import { legibleDeep } from '../legible.ts';
import { LOT, ORIGIN, type Mark } from '../words.ts';
import type { ListedRun } from './runs.ts';

const script = text(new URL('./live.js', import.meta.url));
const style = text(new URL('../html/style.css', import.meta.url));
const template = Handlebars.create().compile(text(new URL('pages.hbs', import.meta.url)), {
  strict: true,
  knownHelpersOnly: true,
});

/** Policy of both pages: our script by its hash, its events from here, nothing else. */
export const PAGE_POLICY = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const OPEN: Mark = { text: 'no verdict yet', glyph: '○', kind: 'none' };

/** The list of runs. @param files what each run may be asked for, by its id */
export function listPage(runs: readonly ListedRun[], files: readonly string[]): string {
  return template(
    legibleDeep({
      title: 'Acceptance runs',
      style: raw(style),
      live: false,
      script: raw(''),
      runs: runs.map((run) => ({
        id: run.id,
        delivery: run.delivery,
        provider: run.provider,
        origin: run.origin === undefined ? NONE : ORIGIN[run.origin].label,
        mark: run.verdict === undefined ? OPEN : LOT[run.verdict],
        delivered: run.counts ? showCount(run.counts.delivered) : NONE,
        accepted: run.counts ? showCount(run.counts.accepted) : NONE,
        rejected: run.counts ? showCount(run.counts.rejected) : NONE,
        changed: run.changed.slice(0, 16).replace('T', ' '),
        report: run.report,
        files: run.report ? files : [],
      })),
    }),
  );
}

/** Events of one run as they come. */
export function livePage(id: string): string {
  return template(
    legibleDeep({
      title: `Run ${id}`,
      style: raw(style),
      live: true,
      script: raw(script),
      runs: [],
    }),
  );
}

function raw(markup: string): { toHTML(): string } {
  return { toHTML: () => markup };
}

function text(file: URL): string {
  return readFileSync(file, 'utf8');
}
