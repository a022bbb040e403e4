/** What the search of the page reads: every node in columns, every kept sample; texts shown as they are. */
import { subjectNodes } from '../../plan/subject.ts';
import { showValue } from '../figure.ts';
import { legible } from '../legible.ts';
import { appliesTo } from '../survey/samples.ts';
import { againstOf } from '../survey/survey.ts';
import { boundText, SEVERITY } from '../words.ts';
import type { Context } from './context.ts';

/** Columns joined by this; figures never hold it. */
const BETWEEN = '|';

/** Data of the client script; see client/client.js for the reader. */
export function clientData(context: Context): object {
  const { survey, run } = context;
  const verdicts = survey.verdict?.nodes ?? [];
  const spreads = [...survey.spreads.values()].filter(({ values }) => values.length > 0);
  return {
    run: run.id,
    nodes: {
      ids: survey.nodeIds.map(legible),
      identities: verdicts.map(({ identity }) => legible(identity)),
      words: verdicts.map(({ verdict }) => SEVERITY[verdict]).join(''),
      anchors: Object.fromEntries(
        survey.nodeIds
          .map((id, index) => [index, context.anchor('node', id)] as const)
          .filter(([index, anchor]) => anchor !== `node-${survey.nodeIds[index] ?? ''}`),
      ),
    },
    criteria: spreads.map(({ criterion, worst, n }) => {
      const display = context.display(criterion);
      const against = againstOf(criterion);
      return {
        id: legible(criterion.id),
        anchor: context.anchor('criterion', criterion.id),
        unit: legible(display.unit),
        bound: legible(boundText(criterion, display)),
        values: Array.from(worst, (value) =>
          Number.isNaN(value) ? '' : showValue(value, display, against),
        ).join(BETWEEN),
        n: Array.from(n).join(BETWEEN),
      };
    }),
    ...evidenceColumns(
      context,
      spreads.map(({ criterion }) => criterion),
    ),
  };
}

/** Samples as rows of numbers that point into lists of attempts and streams. */
function evidenceColumns(context: Context, criteria: readonly Parameters<typeof appliesTo>[0][]) {
  const { survey } = context;
  const attempts = new Index();
  const streams = new Index();
  const rows = survey.samples.flatMap((sample) => {
    const node = subjectNodes(sample.subject)[0];
    const nodeIndex = node === undefined ? undefined : survey.nodeIndex.get(node);
    const criterion = criteria.findIndex((one) => appliesTo(one, sample));
    const judged = criteria[criterion];
    if (nodeIndex === undefined || judged === undefined) return [];
    const attempt = attempts.of(legible(sample.attempt));
    const { stream, sha256, line } = sample.evidence;
    // The stream's key starts with the attempt's id: kept once.
    const rest = stream.startsWith(sample.attempt) ? stream.slice(sample.attempt.length) : stream;
    const value = showValue(sample.value, context.display(judged), againstOf(judged));
    const part = sample.subject.kind === 'node' ? '' : partOf(context, sample.subject);
    return [
      [nodeIndex, criterion, part, value, attempt, streams.of(`${legible(rest)} ${sha256}`), line],
    ];
  });
  return { complete: survey.samplesComplete, attempts: attempts.list, streams: streams.list, rows };
}

function partOf(context: Context, subject: Parameters<Context['subject']>[0]): string {
  const text = legible(context.subject(subject));
  return subject.kind === 'accelerator' ? (text.split(' · ').at(-1) ?? text) : text;
}

/** Texts kept once, each with its place. */
class Index {
  readonly list: string[] = [];
  readonly #places = new Map<string, number>();

  of(text: string): number {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    this.#places.set(text, this.list.length);
    this.list.push(text);
    return this.list.length - 1;
  }
}
