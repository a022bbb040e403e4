/** Reads from a run what a comparison needs; memory is a number a part and trial. */
import type { RunReader } from '../../campaign/directory/model.ts';
import type { Subject } from '../../plan/model.ts';
import { parametersKey, subjectKey } from '../../plan/subject.ts';
import type { ComparedRun, Measured } from './model.ts';

type Parts = Map<string, number[]>;
type Growing = Omit<Measured, 'units'> & { readonly units: Map<string, Parts> };

/** Reads one run. Values of attempts that did not measure are left out. */
export async function comparedRun(run: RunReader): Promise<ComparedRun> {
  const { delivery } = run.plan;
  const identities = new Map(
    run.fleet.nodes.map(({ id, identity: [first] }) => [
      id,
      first === undefined ? `${run.id}/${id}` : `${first.kind}:${first.value}`,
    ]),
  );
  const metrics = new Map(run.fleet.metrics.map((metric) => [metric.id, metric]));
  const broken = new Set((run.verdict?.attempts ?? []).map(({ id }) => id));
  const measured = new Map<string, Growing>();
  for await (const sample of run.samples()) {
    const metric = metrics.get(sample.metric);
    if (metric === undefined || broken.has(sample.attempt)) continue;
    const { subject, parameters } = sample;
    const key = `${metric.id}\t${subject.kind}\t${parametersKey(parameters)}`;
    const growing = measured.get(key) ?? {
      metric,
      parameters,
      per: subject.kind,
      units: new Map<string, Parts>(),
    };
    measured.set(key, growing);
    const unit = unitOf(subject, identities);
    const parts: Parts = growing.units.get(unit) ?? new Map<string, number[]>();
    growing.units.set(unit, parts);
    // Of an accelerator its own id: known again when the node has another place.
    const part = subject.kind === 'accelerator' ? subject.accelerator : subject.kind;
    const values = parts.get(part);
    if (values === undefined) parts.set(part, [sample.value]);
    else values.push(sample.value);
  }
  return {
    id: run.id,
    delivery: run.plan.into ?? delivery.reference,
    provider: delivery.provider,
    sku: delivery.sku,
    origin: run.verdict?.origin ?? run.fleet.origin,
    date: await startOf(run),
    nodes: run.fleet.nodes.length,
    ...(run.private?.price && { price: run.private.price }),
    environment: environmentOf(run),
    measured: new Map([...measured].map(([key, one]) => [key, settled(one)])),
  };
}

function settled({ units, ...rest }: Growing): Measured {
  return {
    ...rest,
    units: [...units].map(([id, parts]) => ({
      id,
      parts: [...parts].map(([part, values]) => ({ id: part, values })),
    })),
  };
}

/** Accelerators of one node share its board, power and air: the node is the independent unit. */
function unitOf(subject: Subject, identities: ReadonlyMap<string, string>): string {
  return 'node' in subject ? (identities.get(subject.node) ?? subject.node) : subjectKey(subject);
}

async function startOf(run: RunReader): Promise<string> {
  for await (const { at } of run.journal()) return at;
  return '';
}

function environmentOf(run: RunReader): ComparedRun['environment'] {
  const values = new Map<string, Set<string>>();
  for (const node of run.fleet.nodes) {
    for (const [fact, value] of Object.entries(node.environment)) {
      values.set(fact, (values.get(fact) ?? new Set()).add(value));
    }
    const models = new Set(node.accelerators.map(({ model }) => model));
    for (const model of models) {
      values.set('accelerator', (values.get('accelerator') ?? new Set()).add(model));
    }
  }
  return Object.fromEntries([...values].map(([fact, seen]) => [fact, [...seen].sort()]));
}
