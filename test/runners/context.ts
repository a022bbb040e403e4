/** What a runner gets, for tests. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Chunk, Exit, Fleet, PlacedStep, RunContext } from '../../runners/model.ts';

let runs = 0;

/** A context with a lease of a few seconds. */
export function testContext(more: Partial<RunContext> = {}): RunContext {
  runs += 1;
  return {
    run: `test-${process.pid}-${runs}`,
    seed: 1,
    expires: new Date(Date.now() + 3_600_000),
    scratch: mkdtempSync(join(tmpdir(), 'assay-test-')),
    fleet: { lease: 5, grace: 60 },
    secret: () => undefined,
    redact: () => undefined,
    intent: async () => undefined,
    pending: () => [],
    ...more,
  };
}

let attempts = 0;

/** A step that runs `argv` on some nodes. */
export function testStep(
  nodes: readonly string[],
  argv: readonly [string, ...string[]],
  more: Partial<PlacedStep> = {},
): PlacedStep {
  attempts += 1;
  return {
    suite: 'test',
    case: 'case',
    parameters: {},
    on: 'each-node',
    nodes,
    role: 'rank',
    argv,
    environment: {},
    limit: 30,
    lease: 5,
    attempt: `case@n0001#${attempts}/0`,
    index: 0,
    ...more,
  };
}

/** What one start gave. */
export interface Heard {
  readonly exits: readonly Exit[];
  /** node → stream → bytes. */
  readonly output: ReadonlyMap<string, { readonly stdout: Buffer; readonly stderr: Buffer }>;
}

/** Starts a step and keeps all that it prints. */
export async function hear(
  fleet: Fleet,
  step: PlacedStep,
  signal = new AbortController().signal,
  on?: (chunk: Chunk) => Promise<void>,
): Promise<Heard> {
  const output = new Map<string, { stdout: Buffer[]; stderr: Buffer[] }>();
  const exits = await fleet.start(
    step,
    async (chunk) => {
      const there = output.get(chunk.node) ?? { stdout: [], stderr: [] };
      there[chunk.stream].push(Buffer.from(chunk.bytes));
      output.set(chunk.node, there);
      await on?.(chunk);
    },
    signal,
  );
  return {
    exits,
    output: new Map(
      [...output].map(([node, { stdout, stderr }]) => [
        node,
        { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) },
      ]),
    ),
  };
}
