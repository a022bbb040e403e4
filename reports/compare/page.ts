/** compare.html: one file that opens offline, without a script. */
import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import type { Comparison } from './model.ts';
import { comparisonView } from './view.ts';

/** The page as text; the same comparison gives the same bytes. */
export function comparisonPage(comparison: Comparison): string {
  const template = Handlebars.create().compile(text(new URL('compare.hbs', import.meta.url)), {
    strict: true,
    knownHelpersOnly: true,
  });
  const style = text(new URL('../html/style.css', import.meta.url));
  return template({ ...comparisonView(comparison), style: { toHTML: () => style } });
}

function text(file: URL): string {
  return readFileSync(file, 'utf8');
}
