/** From a node and a metric to findings, samples, the lines they were read from and the commands. */
import type { RunReader, StreamEntry } from '../campaign/directory/model.ts';
import { LineSplitter } from '../campaign/lines.ts';
import { subjectNodes } from '../plan/subject.ts';
import type { Sample } from '../suites/model.ts';
import type { Finding } from '../verdicts/model.ts';

/** What `assay explain` shows. */
export interface Explanation {
  readonly node: string;
  readonly metric: string;
  readonly findings: readonly Finding[];
  /** `text`: the line as the program printed it. */
  readonly samples: readonly { readonly sample: Sample; readonly text?: string }[];
  /** What was run, as JSON argv with files by hash. */
  readonly commands: readonly string[];
}

/**
 * @param metric a metric or a criterion's id
 * @throws {HarnessError} EVIDENCE_MISSING, EVIDENCE_HASH_MISMATCH
 */
export async function explained(
  run: RunReader,
  node: string,
  metric: string,
): Promise<Explanation> {
  const criteria = run.verdict?.criteria ?? run.plan.criteria;
  const wanted = criteria.filter((one) => one.id === metric || one.metric === metric);
  const metrics = new Set([metric, ...wanted.map((one) => one.metric)]);
  const ids = new Set(wanted.map((one) => one.id));
  const findings: Finding[] = [];
  for await (const finding of run.findings()) {
    if (ids.has(finding.criterion) && subjectNodes(finding.subject).includes(node)) {
      findings.push(finding);
    }
  }
  const samples: Sample[] = [];
  for await (const sample of run.samples()) {
    if (metrics.has(sample.metric) && subjectNodes(sample.subject).includes(node)) {
      samples.push(sample);
    }
  }
  const texts = await linesOf(run, samples);
  return {
    node,
    metric,
    findings,
    samples: samples.map((sample) => {
      const text = texts.get(placeOf(sample));
      return text === undefined ? { sample } : { sample, text };
    }),
    commands: await commandsOf(run, new Set(samples.map((sample) => sample.attempt))),
  };
}

function placeOf({ evidence }: Sample): string {
  return `${evidence.stream}:${evidence.line}`;
}

/** The text of each sample's line; every stream is read once, its hash checked on the way. */
async function linesOf(run: RunReader, samples: readonly Sample[]): Promise<Map<string, string>> {
  const wanted = new Map<string, Set<number>>();
  for (const { evidence } of samples) {
    const lines = wanted.get(evidence.stream) ?? new Set();
    wanted.set(evidence.stream, lines.add(evidence.line));
  }
  const texts = new Map<string, string>();
  for await (const stream of run.streams()) {
    const lines = wanted.get(stream.key);
    if (lines !== undefined) await readLines(run, stream, lines, texts);
  }
  return texts;
}

async function readLines(
  run: RunReader,
  stream: StreamEntry,
  wanted: ReadonlySet<number>,
  texts: Map<string, string>,
): Promise<void> {
  let number = 0;
  const splitter = new LineSplitter();
  const take = (lines: Iterable<string>) => {
    for (const text of lines) {
      number += 1;
      if (wanted.has(number)) texts.set(`${stream.key}:${number}`, text);
    }
  };
  for await (const bytes of run.bytes(stream)) take(splitter.push(bytes));
  take(splitter.flush());
}

async function commandsOf(run: RunReader, attempts: ReadonlySet<string>): Promise<string[]> {
  const programs = new Map<string, string>();
  const commands = new Set<string>();
  for await (const event of run.journal()) {
    if (event.event === 'program') {
      const { argv, environment } = event['program'] as { argv: unknown; environment: unknown };
      programs.set(String(event['id']), `${JSON.stringify(argv)} ${JSON.stringify(environment)}`);
    }
    if (event.event === 'trial-start' && attempts.has(String(event['attempt']))) {
      for (const { program } of event['steps'] as readonly { program: string }[]) {
        commands.add(programs.get(program) ?? program);
      }
    }
  }
  return [...commands];
}
