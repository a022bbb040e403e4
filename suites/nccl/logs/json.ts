/** The JSON form (`-J`, nccl-tests 2.19): names, sizes and figures; its `env` is never taken up. */
import { z } from 'zod';
import { sixDecimals, type Figure } from './figure.ts';
import { incomplete, unreadable } from './refusal.ts';
import { programName } from './text.ts';
import type { Cell, Placement, Row, Table } from './table.ts';

const half = z.object({
  time: z.number().nonnegative(),
  alg_bw: z.number().nonnegative(),
  bus_bw: z.number().nonnegative(),
  nwrong: z.number().nonnegative().nullable(),
});

const perIteration = z.object({
  min_us: z.number(),
  max_us: z.number(),
  p50_us: z.number(),
  times_us: z.array(z.number()).nonempty(),
});

const result = z.object({
  size: z.number().int().nonnegative(),
  count: z.number().int().nonnegative(),
  type: z.string(),
  redop: z.string(),
  root: z.union([z.string(), z.number()]),
  out_of_place: half.nullable(),
  in_place: half.nullable().optional(),
  out_of_place_per_iter: perIteration.optional(),
  in_place_per_iter: perIteration.optional(),
});

const device = z.object({ rank: z.number().int(), group: z.number().int(), hostname: z.string() });

const config = z.object({
  nthreads: z.number().int().positive(),
  ngpus: z.number().int().positive(),
  minimum_bytes: z.number().int().nonnegative(),
  maximum_bytes: z.number().int().nonnegative(),
  step_factor: z.number().int().optional(),
  step_bytes: z.number().int().optional(),
  devices: z.array(device).optional(),
});

const report = z.object({
  args: z.array(z.string()).nonempty(),
  config,
  devices: z.array(device).optional(),
  results: z.array(z.unknown()),
  average_bus_bandwidth: z.object({ bandwidth: z.number() }).optional(),
  end_time: z.string().optional(),
});

/** Whether a text is this form, whole or cut. */
export function isJson(text: string): boolean {
  return text.trimStart().startsWith('{');
}

/**
 * @param partial a file that was cut is read up to its last whole result
 * @throws {HarnessError} OUTPUT_UNREADABLE, OUTPUT_INCOMPLETE
 */
export function readJson(text: string, file: string, partial: boolean): Table {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const whole = partial ? lastWhole(text) : undefined;
    if (whole === undefined) {
      throw incomplete(file, lineAt(text, text.length), `JSON that is cut: ${String(error)}`);
    }
    value = JSON.parse(whole);
  }
  const checked = report.safeParse(value);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw unreadable(
      file,
      1,
      `not a report of nccl-tests: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
      'Give the file that -J wrote.',
    );
  }
  return toTable(checked.data, text, file);
}

function toTable(data: z.output<typeof report>, text: string, file: string): Table {
  const { config: settings } = data;
  const lines = resultLines(text);
  const rows = data.results.map((one, index) =>
    toRow(one, lines[index] ?? 1, `results[${index}]`, file),
  );
  const named = programName(data.args[0] ?? '');
  const factor = settings.step_factor ?? 0;
  const average = data.average_bus_bandwidth?.bandwidth;
  const devices = data.devices ?? settings.devices ?? [];
  const last = lineAt(text, text.trimEnd().length);
  return {
    named,
    library: 'nccl',
    range: {
      line: 1,
      from: settings.minimum_bytes,
      to: settings.maximum_bytes,
      step:
        factor > 1
          ? { kind: 'factor', by: factor }
          : { kind: 'bytes', by: settings.step_bytes ?? 0 },
    },
    devices: devices.map(({ rank, group, hostname }) => ({ line: 1, rank, group, host: hostname })),
    ranks: ranks(devices, settings.nthreads * settings.ngpus, file),
    columns: { redop: true, root: true },
    rows,
    ...(average !== undefined && { average: { ...sixDecimals(average), line: last } }),
    ended: data.end_time !== undefined,
    last,
  };
}

/** The tool lists one device a process (2.19), or all: `each` tells how many ranks a process has. */
function ranks(devices: readonly z.output<typeof device>[], each: number, file: string): number {
  const [first] = devices;
  if (first === undefined) throw incomplete(file, 1, 'the device list is missing');
  const group = devices.filter((one) => one.group === first.group);
  const onePerProcess = devices.every((one, at) => one.rank === at * each);
  const dense = devices.every((one, at) => one.rank === at);
  if (!onePerProcess && !dense) {
    throw incomplete(file, 1, 'the device list has gaps');
  }
  const count = onePerProcess ? group.length * each : group.length;
  if (count >= 2) return count;
  throw unreadable(
    file,
    1,
    'the communicator has one rank: nothing was sent, so there is no bus bandwidth',
    'Run over 2 ranks or more; under mpirun, build nccl-tests with MPI=1.',
  );
}

function toRow(value: unknown, line: number, where: string, file: string): Row {
  const checked = result.safeParse(value);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw unreadable(
      file,
      line,
      `${where}.${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
      'nan, inf and the CPU time of -C are no bandwidth; run it again.',
    );
  }
  const one = checked.data;
  const root = Number(one.root);
  const cells = [
    toCell('out-of-place', one.out_of_place, one.out_of_place_per_iter),
    toCell('in-place', one.in_place ?? null, one.in_place_per_iter),
  ].filter((cell) => cell !== undefined);
  return {
    line,
    size: one.size,
    count: one.count,
    type: one.type,
    ...(one.redop !== 'none' && one.redop !== '' && { redop: one.redop }),
    ...(root >= 0 && { root }),
    cells,
  };
}

function toCell(
  placement: Placement,
  figures: z.output<typeof half> | null,
  each: z.output<typeof perIteration> | undefined,
): Cell | undefined {
  if (figures === null) return undefined;
  const [time, algbw, busbw] = [figures.time, figures.alg_bw, figures.bus_bw].map((value): Figure =>
    sixDecimals(value),
  ) as [Figure, Figure, Figure];
  return {
    placement,
    time,
    algbw,
    busbw,
    ...(figures.nwrong !== null && { wrong: figures.nwrong }),
    ...(each && {
      iterations: {
        n: each.times_us.length,
        min: each.min_us,
        median: each.p50_us,
        max: each.max_us,
      },
    }),
  };
}

/** Lines of the results: no other object has a "size". */
function resultLines(text: string): readonly number[] {
  return [...text.matchAll(/"size"\s*:/gu)].map((found) => lineAt(text, found.index));
}

function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1;
  }
  return line;
}

/** A cut file closed after its last whole result; undefined when it does not get that far. */
function lastWhole(text: string): string | undefined {
  const start = /"results"\s*:\s*\[/u.exec(text);
  if (start === null) return undefined;
  const begin = start.index + start[0].length;
  let depth = 0;
  let end = begin;
  for (const token of text.slice(begin).matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gu)) {
    if (token[0] === '{') depth += 1;
    else if (token[0] === '}') {
      depth -= 1;
      if (depth === 0) end = begin + token.index + 1;
    }
  }
  return `${text.slice(0, end)}]}`;
}
