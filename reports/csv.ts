/** CSV on request: findings or samples, a row each, in stored units; RFC 4180. */
import type { RunReader } from '../campaign/directory/model.ts';
import { csvLine as line } from './csv-line.ts';
import type { Report } from './model.ts';
import { subjectText } from './words.ts';

export const csv: Report = {
  id: 'csv',
  async render(run, options, write) {
    const rows = options.rows ?? 'findings';
    const name = `${rows}.csv`;
    await write(name, rows === 'samples' ? sampleLines(run) : findingLines(run));
    return [name];
  },
};

async function* findingLines(run: RunReader): AsyncGenerator<string> {
  const units = new Map(run.fleet.metrics.map(({ id, unit }) => [id, unit]));
  const criteria = new Map(run.plan.criteria.map((criterion) => [criterion.id, criterion]));
  yield line([
    'criterion',
    'metric',
    'subject-kind',
    'subject',
    'verdict',
    'value',
    'low',
    'high',
    'unit',
    'n',
    'limit',
    'bound',
    'reason',
    'origin',
  ]);
  for await (const { criterion: id, subject, verdict, estimate, reason } of run.findings()) {
    const criterion = criteria.get(id);
    yield line([
      id,
      criterion?.metric,
      subject.kind,
      subjectText(subject),
      verdict,
      estimate?.value,
      estimate?.interval?.[0],
      estimate?.interval?.[1],
      criterion && units.get(criterion.metric),
      estimate?.n,
      criterion?.limit.value,
      criterion?.bound,
      reason,
      run.verdict?.origin ?? run.fleet.origin,
    ]);
  }
}

async function* sampleLines(run: RunReader): AsyncGenerator<string> {
  const units = new Map(run.fleet.metrics.map(({ id, unit }) => [id, unit]));
  yield line([
    'metric',
    'parameters',
    'subject-kind',
    'subject',
    'value',
    'unit',
    'attempt',
    'stream',
    'line',
    'sha256',
    'origin',
  ]);
  for await (const sample of run.samples()) {
    const { metric, parameters, subject, value, attempt, evidence, origin } = sample;
    yield line([
      metric,
      JSON.stringify(parameters),
      subject.kind,
      subjectText(subject),
      value,
      units.get(metric),
      attempt,
      evidence.stream,
      evidence.line,
      evidence.sha256,
      origin,
    ]);
  }
}
