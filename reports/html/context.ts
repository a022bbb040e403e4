/** What every section of the report asks of its run: names, displays, anchors. */
import { subjectKey } from '../../plan/subject.ts';
import type { RunReader } from '../../campaign/directory/model.ts';
import type { Criterion, Subject } from '../../plan/model.ts';
import type { Finding } from '../../verdicts/model.ts';
import {
  displayBeside,
  marginOf,
  NONE,
  showInterval,
  showMargin,
  showValue,
  type Display,
} from '../figure.ts';
import { againstOf } from '../survey/survey.ts';
import type { Survey } from '../survey/model.ts';
import { boundText, subjectText } from '../words.ts';

export interface Context {
  readonly run: RunReader;
  readonly survey: Survey;
  readonly criteria: ReadonlyMap<string, Criterion>;
  display(criterion: Criterion): Display;
  subject(subject: Subject): string;
  /** Fragment of a node, a criterion or a finding; letters, digits, dot, dash and underscore only. */
  anchor(kind: 'node' | 'criterion', id: string): string;
  numberAnchor(finding: Pick<Finding, 'criterion' | 'subject'>): string;
}

export function contextOf(run: RunReader, survey: Survey): Context {
  const criteria = new Map([...survey.spreads].map(([id, { criterion }]) => [id, criterion]));
  const places = new Map(
    run.fleet.nodes.flatMap((node) =>
      node.accelerators.map(({ id, kind, index }, _, all): [string, string] => [
        `${node.id}\t${id}`,
        kind === 'cpu' && all.length === 1 ? 'CPU' : `${kind.toUpperCase()} ${index}`,
      ]),
    ),
  );
  const order = {
    node: survey.nodeIndex,
    criterion: new Map([...criteria.keys()].map((id, index) => [id, index])),
  };
  const anchor: Context['anchor'] = (kind, id) =>
    `${kind}-${/^[\w.-]{1,60}$/u.test(id) ? id : `number-${order[kind].get(id) ?? 'unknown'}`}`;
  const numbers = new Map<string, number>();
  return {
    run,
    survey,
    criteria,
    display: (criterion) => displayBeside(run.fleet.metrics, criterion),
    subject: (subject) => subjectText(subject, (node, id) => places.get(`${node}\t${id}`)),
    anchor,
    numberAnchor: (finding) => {
      const key = `${finding.criterion}\t${subjectKey(finding.subject)}`;
      const number = numbers.get(key) ?? numbers.size + 1;
      numbers.set(key, number);
      return `number-${number}`;
    },
  };
}

/** A finding's number beside its limit, in the words of a table cell. */
export interface Numbers {
  readonly value: string;
  readonly unit: string;
  readonly interval: string;
  readonly n: string;
  readonly bound: string;
  readonly margin: string;
  /** The two evidence processes against what they need, or nothing. */
  readonly arithmetic: string;
}

/** Shows the estimate of a finding against the limit of its criterion. */
export function numbersOf(context: Context, finding: Finding, criterion: Criterion): Numbers {
  const display = context.display(criterion);
  const against = againstOf(criterion);
  const { estimate } = finding;
  const bound = boundText(criterion, display);
  if (estimate === undefined || criterion.decide === 'exact') {
    const n = estimate === undefined ? NONE : String(estimate.n);
    return { value: NONE, unit: '', interval: '', n, bound, margin: NONE, arithmetic: '' };
  }
  return {
    value: showValue(estimate.value, display, against),
    unit: display.unit,
    interval: estimate.interval ? showInterval(estimate.interval, display, against) : '',
    n: String(estimate.n),
    bound,
    margin: showMargin(marginOf(estimate.value, against)),
    arithmetic: arithmeticOf(context, estimate.evidence),
  };
}

/** Sums of STATISTICS 2.3: a word is given when its evidence reaches ln(1/risk). */
function arithmeticOf(
  { survey }: Context,
  evidence: NonNullable<Finding['estimate']>['evidence'],
): string {
  const rates = survey.verdict?.errorRates;
  if (evidence === undefined || rates === undefined) return '';
  const need = (risk: number) => Math.log(1 / risk).toFixed(2);
  const fail = rates.producerRisk / Math.max(1, rates.decisions);
  return (
    `ln evidence for pass ${signed(evidence.pass)} (needs ${need(rates.consumerRisk)}), ` +
    `for fail ${signed(evidence.fail)} (needs ${need(fail)})`
  );
}

function signed(value: number): string {
  return value < 0 ? `−${Math.abs(value).toFixed(2)}` : value.toFixed(2);
}
