/**
 * junit.xml: a suite a criterion, a case a subject that did not pass, one case for all that did, and
 * the lot. Undecided and untested are errors, not skips, where the criterion is mandatory: a build
 * server shows a skipped case as green, and nothing passes by absence.
 */
import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import type { RunReader } from '../campaign/directory/model.ts';
import type { Finding, LotWord, Verdict, Word } from '../verdicts/model.ts';
import { legibleDeep } from './legible.ts';
import type { Report } from './model.ts';
import { LOT, ORIGIN, plural, subjectText, WORD } from './words.ts';

/** Cases of one criterion; the rest is one case that says how many. */
const CASES = 5000;

export const junit: Report = {
  id: 'junit',
  async render(run, _options, write) {
    await write('junit.xml', [junitText(view(run))]);
    return ['junit.xml'];
  },
};

type Element = 'failure' | 'error' | 'skipped';

/** What the template is filled with. */
interface JunitView {
  readonly name: string;
  readonly run: string;
  readonly origin: string;
  readonly tests: number;
  readonly failures: number;
  readonly errors: number;
  readonly skipped: number;
  /** The one case that stands for the whole; no element: it passed. */
  readonly lot: {
    readonly claim: string;
    readonly element: Element | '';
    readonly type: string;
    readonly message: string;
    readonly failures: number;
    readonly errors: number;
  };
  readonly suites: readonly {
    readonly name: string;
    readonly passed: string;
    readonly cases: readonly {
      readonly name: string;
      readonly element: Element;
      readonly type: string;
      readonly message: string;
    }[];
    readonly tests: number;
    readonly failures: number;
    readonly errors: number;
    readonly skipped: number;
  }[];
}

/** junit.xml as text; everything that others said is made legible and escaped. */
export function junitText(junitView: JunitView): string {
  const template = Handlebars.create().compile(
    readFileSync(new URL('junit.hbs', import.meta.url), 'utf8'),
    { strict: true, knownHelpersOnly: true },
  );
  return template(legibleDeep(junitView));
}

function view(run: RunReader): JunitView {
  const { verdict } = run;
  const byCriterion = new Map<string, Finding[]>();
  for (const finding of verdict?.findings ?? []) {
    const list = byCriterion.get(finding.criterion);
    if (list === undefined) byCriterion.set(finding.criterion, [finding]);
    else list.push(finding);
  }
  const suites = (verdict?.criteria ?? []).map((criterion) =>
    suite(criterion, byCriterion.get(criterion.id) ?? []),
  );
  const lot = lotCase(verdict);
  const sum = (key: 'tests' | 'failures' | 'errors' | 'skipped') =>
    suites.reduce((total, one) => total + one[key], 0);
  return {
    name: `assay ${run.plan.delivery.reference}`,
    run: run.id,
    origin: ORIGIN[verdict?.origin ?? run.fleet.origin].label,
    tests: sum('tests') + 1,
    failures: sum('failures') + lot.failures,
    errors: sum('errors') + lot.errors,
    skipped: sum('skipped'),
    lot,
    suites,
  };
}

function lotCase(verdict: Verdict | undefined): JunitView['lot'] {
  const word: LotWord = verdict?.lot.verdict ?? 'not-tested';
  const element: Element | '' = word === 'accept' ? '' : word === 'reject' ? 'failure' : 'error';
  return {
    claim: 'lot is accepted',
    element,
    type: word,
    message: verdict?.lot.reasons.join('; ') ?? `${LOT[word].text}: the run has not ended`,
    failures: element === 'failure' ? 1 : 0,
    errors: element === 'error' ? 1 : 0,
  };
}

function suite(criterion: Verdict['criteria'][number], findings: readonly Finding[]) {
  const listed = findings.slice(0, CASES).map((finding) => ({
    name: subjectText(finding.subject),
    element: elementOf(finding.verdict, criterion.mandatory),
    type: finding.verdict,
    message: finding.reason,
  }));
  const rest = findings.length - listed.length;
  if (rest > 0) {
    listed.push({
      name: `${rest} more`,
      element: 'failure',
      type: 'fail',
      message: `${plural(rest, criterion.per)} more did not pass`,
    });
  }
  const count = (element: Element) => listed.filter((one) => one.element === element).length;
  const passed =
    criterion.counts.pass === 0
      ? ''
      : `${plural(criterion.counts.pass, criterion.per)} ${WORD.pass.text}`;
  return {
    name: criterion.id,
    passed,
    cases: listed,
    tests: listed.length + (passed === '' ? 0 : 1),
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
  };
}

function elementOf(word: Word, mandatory: boolean): Element {
  if (word === 'fail') return 'failure';
  return mandatory ? 'error' : 'skipped';
}
