import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadPlan } from '../../../plan/load.ts';
import { matches } from '../../../plan/subject.ts';
import { createInventory } from '../../../runners/inventory/suite.ts';
import type { Fleet, Node, PlacedStep, RunContext, Step } from '../../../runners/model.ts';
import { runners } from '../../../runners/registry.ts';
import { companion } from '../../../suites/companion/suite.ts';
import type { Case, Reading, Suite } from '../../../suites/model.ts';
import { suites } from '../../../suites/registry.ts';

const inventory: Suite & ReturnType<typeof createInventory> = createInventory();
type Unit = Pick<Suite, 'id' | 'steps' | 'reader' | 'simulate'>;

async function opened(file: string) {
  const text = readFileSync(new URL(`../../../fixtures/plans/${file}`, import.meta.url), 'utf8');
  const loaded = await loadPlan(
    { file, text },
    { runners, suites, always: [inventory, companion] },
  );
  const units: readonly Unit[] = [inventory, companion, ...loaded.suites];
  const context: RunContext = {
    run: 'r',
    seed: loaded.plan.seed,
    fleet: { grace: 1800, lease: 600 },
    expires: new Date(0),
    scratch: '',
    secret: () => undefined,
    redact: () => undefined,
    simulate: (step, node, others) =>
      units.find((unit) => unit.id === step.suite)?.simulate(step, node, others) ?? [],
    intent: async () => undefined,
    pending: () => [],
  };
  const runner = await loaded.runner.use();
  return { ...loaded, fleet: await runner.open(context, new AbortController().signal) };
}

function place(step: Step, attempt: string): PlacedStep {
  const argument = (one: Step['argv'][number]) =>
    typeof one === 'string' ? one : 'payload' in one ? { file: 'sha' } : '1';
  const [program, ...rest] = step.argv;
  return {
    ...step,
    attempt,
    index: 0,
    lease: 60,
    argv: [argument(program), ...rest.map(argument)],
    environment: {},
  };
}

async function trial(fleet: Fleet, unit: Unit, of: Case, nodes: readonly Node[]) {
  const attempt = `${of.id}@${nodes.map((node) => node.id).join('~')}#0/0`;
  const readings: Reading[] = [];
  const steps = unit.steps(of, nodes).map((step) => place(step, attempt));
  const reader = unit.reader({ case: of, attempt, nodes, steps });
  const lines = new Map<string, number>();
  const exits = [];
  for (const step of steps) {
    const stop = new AbortController();
    const ended = fleet.start(
      step,
      async ({ node, bytes }) => {
        for (const text of Buffer.from(bytes).toString().split('\n').slice(0, -1)) {
          const line = (lines.get(node) ?? 0) + 1;
          lines.set(node, line);
          readings.push(...reader.line(text, { step: 0, node, stream: 'stdout', line }));
        }
      },
      stop.signal,
    );
    if (step.role === 'companion') setTimeout(() => stop.abort(), 5);
    exits.push(...(await ended).map((exit) => ({ ...exit, step: 0, role: step.role })));
  }
  const end = reader.end(exits);
  return { outcome: end.outcome, readings: [...readings, ...end.readings] };
}

async function inventoried(fleet: Fleet, ids: readonly string[]): Promise<Node[]> {
  const [of] = inventory.cases([]);
  return Promise.all(
    fleet.nodes
      .filter((node) => ids.includes(node.id))
      .map(async (node) =>
        inventory.inventoriedNode(node, (await trial(fleet, inventory, of!, [node])).readings),
      ),
  );
}

for (const file of ['sim-64-healthy.yaml', 'sim-10000.yaml']) {
  test(`${file}: every case of every suite is measured, and every criterion has its reading`, async () => {
    const { plan, fleet, suites: own } = await opened(file);
    const nodes = await inventoried(fleet, ['n0001', 'n0002']);
    assert.equal(
      nodes.map((node) => node.accelerators.length),
      [8, 8],
    );
    const all: Reading[] = [];
    for (const suite of own) {
      for (const of of suite.cases(nodes)) {
        const claimed = of.scope === 'node' ? nodes.slice(0, 1) : nodes;
        const { outcome, readings } = await trial(fleet, suite, of, claimed);
        assert.equal(outcome, { status: 'measured' }, of.id);
        const watched = await trial(fleet, companion, of, claimed);
        all.push(...readings, ...watched.readings);
      }
    }
    const [of] = inventory.cases([]);
    all.push(...(await trial(fleet, inventory, of!, nodes.slice(0, 1))).readings);
    for (const criterion of plan.criteria) {
      const found = all.filter(
        (one) =>
          (one.kind === 'sample' ? one.metric : 'name' in one ? one.name : '') ===
            criterion.metric &&
          'parameters' in one &&
          'subject' in one &&
          one.subject.kind === criterion.per &&
          matches(criterion.where, one.parameters),
      );
      assert.ok(found.length > 0, criterion.id);
      for (const one of found) {
        if (one.kind === 'check') assert.ok(one.ok, criterion.id);
        if (one.kind !== 'sample') continue;
        const { value: limit } = criterion.limit;
        const good = criterion.bound === 'at-least' ? one.value >= limit : one.value <= limit;
        assert.ok(good, `${criterion.id}: ${one.value} against ${limit}`);
      }
    }
  });
}

test.run();
