/** Collects from a run what the packs of its rejected units are made from. */
import { subjectKey, subjectNodes } from '../../plan/subject.ts';
import type { RunReader } from '../../campaign/directory/model.ts';
import type { Attempt, Sample } from '../../suites/model.ts';
import type { Finding } from '../../verdicts/model.ts';
import { appliesTo } from '../survey/samples.ts';
import { expectedOf } from './expected.ts';
import { readLines, type Spoken } from './lines.ts';
import type { JournalProgram, Rejected, Rerun } from './model.ts';

/** Attempts whose output is read for one finding: the last ones. */
const READ = 40;

/** Rejected units in the order of the verdict. */
export async function rejectedUnits(run: RunReader): Promise<readonly Rejected[]> {
  const nodes = (run.verdict?.nodes ?? []).filter(({ verdict }) => verdict === 'fail');
  const failed = (run.verdict?.findings ?? []).filter(({ verdict }) => verdict === 'fail');
  const wanted = new Set(failed.flatMap(({ attempts }) => attempts.slice(-READ)));
  const [journal, samples] = [await readJournal(run, wanted), await readSamples(run, wanted)];
  const spoken = await readLines(run, wanted, samples);
  return nodes.map((node) => ({
    node,
    environment: run.fleet.nodes.find(({ id }) => id === node.id)?.environment ?? {},
    facts: factsOf(spoken, node.id),
    findings: failed
      .filter(({ subject }) => subjectNodes(subject).includes(node.id))
      .flatMap((finding) => {
        const criterion = run.plan.criteria.find(({ id }) => id === finding.criterion);
        const judged = run.verdict?.criteria.find(({ id }) => id === finding.criterion);
        const one = judged ?? criterion;
        if (one === undefined) return [];
        const attempts = finding.attempts.flatMap((id) => journal.attempts.get(id) ?? []);
        const rerun = rerunOf(finding, journal);
        const own = samples.filter(
          (sample) =>
            subjectKey(sample.subject) === subjectKey(finding.subject) && appliesTo(one, sample),
        );
        const expected = expectedOf(run, finding, one, {
          samples: own,
          spoken,
          attempts,
          ...(rerun && { case: rerun.case }),
        });
        return [{ finding, criterion: one, expected, attempts, ...(rerun && { rerun }) }];
      }),
  }));
}

interface Journal {
  readonly attempts: ReadonlyMap<string, Attempt>;
  readonly reruns: ReadonlyMap<string, Rerun>;
}

async function readJournal(run: RunReader, wanted: ReadonlySet<string>): Promise<Journal> {
  const attempts = new Map<string, Attempt>();
  for await (const attempt of run.attempts()) {
    if (wanted.has(attempt.id)) attempts.set(attempt.id, attempt);
  }
  const programs = new Map<string, JournalProgram>();
  const reruns = new Map<string, Rerun>();
  for await (const event of run.journal()) {
    if (event.event === 'program') {
      programs.set(event['id'] as string, event['program'] as JournalProgram);
    }
    if (event.event !== 'trial-start' || !wanted.has(event['attempt'] as string)) continue;
    const steps = event['steps'] as readonly { readonly program: string }[];
    reruns.set(event['attempt'] as string, {
      case: event['case'] as string,
      nodes: event['nodes'] as readonly string[],
      programs: steps.flatMap(({ program }) => programs.get(program) ?? []),
      ports: event['ports'] as Readonly<Record<string, number>>,
    });
  }
  return { attempts, reruns };
}

/** The last trial that ran is the one to be made again. */
function rerunOf({ attempts }: Finding, { reruns }: Journal): Rerun | undefined {
  const all = attempts.flatMap((id) => reruns.get(id) ?? []);
  const last = all.at(-1);
  if (last === undefined || last.case === 'inventory' || last.programs.length === 0)
    return undefined;
  // A load comes from our side, not from a program that could be brought to the node.
  return last.programs.some(({ on }) => on === 'controller') ? undefined : last;
}

async function readSamples(run: RunReader, wanted: ReadonlySet<string>): Promise<Sample[]> {
  const samples: Sample[] = [];
  for await (const sample of run.samples()) if (wanted.has(sample.attempt)) samples.push(sample);
  return samples;
}

function factsOf(spoken: readonly Spoken[], node: string): Readonly<Record<string, string>> {
  const facts: Record<string, string> = {};
  for (const one of spoken) {
    if (one.node === node && one.said.kind === 'fact') facts[one.said.name] = one.said.value;
  }
  return facts;
}
