/** An SVG from Observable Plot as text: static, without a script, the same bytes every time. */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** What a chart is to somebody who can't see it, and what stands under it for all. */
export interface Drawing {
  /** Unique in the page; names the title and the description. */
  readonly id: string;
  readonly title: string;
  /** One sentence with the finding. */
  readonly description: string;
}

/**
 * Draws.
 *
 * @param options Plot's options; colours as CSS variables, so that light, dark and print follow
 * @returns `<svg role="img">` with title and description; all text in it is escaped by the serializer
 */
export function drawSvg(drawing: Drawing, options: Plot.PlotOptions): string {
  const { document } = parseHTML('<html><body></body></html>');
  const svg = Plot.plot({
    ...options,
    // linkedom gives what Plot asks of a document; its type is another than the DOM library's.
    document: document as never,
    className: 'plot',
    figure: false,
  }) as unknown as Drawn;
  for (const style of svg.querySelectorAll('style')) style.remove();
  // The fixed size gives way to the style sheet; the view box keeps the proportions.
  svg.removeAttribute('width');
  svg.removeAttribute('height');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-labelledby', `${drawing.id}-t ${drawing.id}-d`);
  const named = (tag: string, id: string, text: string) => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
    element.setAttribute('id', id);
    element.textContent = text;
    return element;
  };
  svg.prepend(
    named('title', `${drawing.id}-t`, drawing.title),
    named('desc', `${drawing.id}-d`, drawing.description),
  );
  for (const part of svg.querySelectorAll('*')) {
    part.removeAttribute('aria-label');
    for (const name of COORDINATES) shorten(part, name);
  }
  return svg.outerHTML;
}

/** Attributes that hold places in the drawing: two decimals are finer than a pixel. Text is never touched. */
const COORDINATES = [
  'd',
  'transform',
  'x',
  'y',
  'x1',
  'x2',
  'y1',
  'y2',
  'cx',
  'cy',
  'width',
  'height',
] as const;

function shorten(part: Drawn, name: string): void {
  const value = part.getAttribute(name);
  if (value === null || !/\.\d{3}/u.test(value)) return;
  part.setAttribute(
    name,
    value.replace(/-?\d+\.\d{3,}/gu, (long) => String(Number(Number(long).toFixed(2)))),
  );
}

/** The little of an element that is used here. */
interface Drawn {
  readonly outerHTML: string;
  querySelectorAll(selector: string): Iterable<Drawn>;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  remove(): void;
  prepend(...elements: unknown[]): void;
}
