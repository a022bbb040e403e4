/** report.html: the dossier in one file that opens offline. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import type { RunReader } from '../../campaign/directory/model.ts';
import type { Origin } from '../../plan/model.ts';
import type { Report } from '../model.ts';
import { surveyRun } from '../survey/survey.ts';
import { ORIGIN } from '../words.ts';
import { contextOf } from './context.ts';
import { clientData } from './data.ts';
import { embed } from './embed.ts';
import { pageView } from './view.ts';

/** Templates, one a section, in reading order. */
const PARTS = [
  'opening',
  'criteria',
  'units',
  'nodes',
  'distributions',
  'telemetry',
  'differences',
  'coverage',
  'attempts',
  'evidence',
  'method',
  'environment',
  'signatures',
] as const;

export const html: Report = {
  id: 'html',
  async render(run, options, write) {
    const survey = await surveyRun(run);
    const context = contextOf(run, survey);
    const view = pageView(context, options);
    const templates = compileAll();
    const script = text(new URL('./client/client.js', import.meta.url));
    async function* page() {
      yield templates.head({
        title: view.title,
        policy: policyFor(script),
        style: raw(
          text(new URL('style.css', import.meta.url)) +
            pageMargins(run, survey.verdict?.origin ?? run.fleet.origin),
        ),
      });
      for (const part of PARTS) yield templates[part](view);
      yield `<script type="application/json" id="data">${embed(clientData(context))}</script>\n`;
      yield `<script>${script}</script>\n</body>\n</html>\n`;
    }
    await write('report.html', page());
    return ['report.html'];
  },
};

/**
 * Nothing may load and only our script may run.
 *
 * @param script exact text between the script tags
 */
export function policyFor(script: string): string {
  const hash = createHash('sha256').update(script).digest('base64');
  return `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
}

function compileAll() {
  const handlebars = Handlebars.create();
  const options = { strict: true, knownHelpersOnly: true, noEscape: false };
  for (const name of ['mark', 'rows']) {
    handlebars.registerPartial(
      name,
      handlebars.compile(text(new URL(`templates/${name}.hbs`, import.meta.url)), options),
    );
  }
  const compiled = ['head' as const, ...PARTS].map(
    (name) =>
      [
        name,
        handlebars.compile(text(new URL(`templates/${name}.hbs`, import.meta.url)), options),
      ] as const,
  );
  return Object.fromEntries(compiled) as Record<
    'head' | (typeof PARTS)[number],
    (view: object) => string
  >;
}

/** Head of every printed page: the origin can't be left behind with page 1. */
function pageMargins(run: RunReader, origin: Origin): string {
  const { label, says } = ORIGIN[origin];
  const id = run.id.replaceAll(/[^\w.-]/gu, '').slice(0, 60);
  return `@page{@top-left{content:"${label}. ${says}"}@bottom-left{content:"assay run ${id}"}}\n`;
}

function raw(markup: string): { toHTML(): string } {
  return { toHTML: () => markup };
}

function text(file: URL): string {
  return readFileSync(file, 'utf8');
}
