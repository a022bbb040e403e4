/** Reads nccl-tests' own output of one launch: the same parser as `assay read`, line by line. */
import { HarnessError } from '../../plan/errors.ts';
import type { Parameters } from '../../plan/model.ts';
import type { ValueReading } from '../expectations.ts';
import type { Line, Outcome, Reader, ReaderContext } from '../model.ts';
import { parseLine } from '../protocol.ts';
import { sessionReader } from '../session-reader.ts';
import { collectiveOf, promisedSizes, railsIn } from './cases.ts';
import type { Collective } from './collectives.ts';
import { collectiveOfTable } from './logs/collective.ts';
import { checkAverage, checkComplete } from './logs/completeness.ts';
import { scaled } from './logs/figure.ts';
import type { Row, Table } from './logs/table.ts';
import { textReader } from './logs/text.ts';
import { ranksOnEach } from './steps.ts';
import { subjectOf } from './subject.ts';

/** More lines of rows and devices than any launch prints; the rest is not read. */
const LINES = 200_000;

/** Reader of `payload/nccl-tests.py`, which speaks on the first node alone. */
export function nativeReader(context: ReaderContext): Reader {
  const { case: of, nodes } = context;
  const collective = collectiveOf(of);
  // With a communicator a rail it prints one table: the slowest rank of all rails counts.
  const ranks = (railsIn(of) === undefined ? ranksOnEach(of, nodes) : 1) * nodes.length;
  const speaker = context.steps[0]?.nodes[0] ?? nodes[0]?.id ?? '';
  const text = textReader('nccl-tests');
  let broken: HarnessError | undefined;
  let at: Omit<Line, 'line'> | undefined;

  /** A damaged output is data: kept as the outcome. */
  const guarded = <T>(work: () => T, otherwise: T): T => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      broken ??= error;
      return otherwise;
    }
  };

  const gather = (): readonly ValueReading[] =>
    guarded(() => {
      if (broken !== undefined || at === undefined) return [];
      const place = at;
      return text.end().flatMap((table) => {
        checkComplete(table, 'nccl-tests', false);
        collectiveOfTable(table, 'nccl-tests', collective);
        checkAverage(table, 'nccl-tests');
        checkRanks(table, ranks);
        const subject = subjectOf(
          of,
          nodes.map((node) => node.id),
        );
        return table.rows.flatMap((row) =>
          readings(row, collective, of.parameters, promisedSizes(of)).map((one): ValueReading => ({
            ...one,
            subject,
            at: { ...place, line: row.line },
          })),
        );
      });
    }, []);

  const session = sessionReader(context, {
    gather,
    ranks: () => ({ first: 0, count: ranksOnEach(of, nodes) }),
    values: () => 'nccl-tests gives no lines of the protocol',
  });
  return {
    line(raw, from) {
      if (from.node === speaker && from.stream === 'stdout' && 'log' in parseLine(raw)) {
        at ??= { step: from.step, node: from.node, stream: from.stream };
        if (from.line <= LINES && broken === undefined) {
          guarded(() => {
            text.line(raw, from.line);
          }, undefined);
        }
      }
      return session.line(raw, from);
    },
    end(exits) {
      const { readings: given, outcome } = session.end(exits);
      return { readings: given, outcome: explained(outcome, broken, context) };
    },
  };
}

function checkRanks(table: Table, ranks: number): void {
  if (table.ranks === ranks) return;
  throw new HarnessError(
    'OUTPUT_UNREADABLE',
    `nccl-tests:${table.range.line}: ${table.ranks} ranks ran, not ${ranks}`,
    { hint: 'Build nccl-tests with MPI=1, and let mpirun reach every host.' },
  );
}

function readings(row: Row, collective: Collective, shared: Parameters, sizes: readonly number[]) {
  const [out] = row.cells;
  if (out === undefined || !sizes.includes(row.size)) return [];
  const parameters = { ...shared, bytes: row.size };
  const samples = [
    { metric: `nccl.${collective}.time`, value: scaled(out.time, -6) },
    { metric: `nccl.${collective}.algbw`, value: scaled(out.algbw, 9) },
    { metric: `nccl.${collective}.busbw`, value: scaled(out.busbw, 9) },
  ].map((one) => ({ kind: 'sample' as const, parameters, ...one }));
  const checked = row.cells.flatMap((cell) => (cell.wrong === undefined ? [] : [cell.wrong]));
  if (checked.length === 0) return samples;
  const wrong = checked.reduce((sum, one) => sum + one, 0);
  const name = `nccl.${collective}.correct`;
  const detail = `${wrong} elements wrong`;
  return [...samples, { kind: 'check' as const, parameters, name, ok: wrong === 0, detail }];
}

function explained(
  outcome: Outcome,
  broken: HarnessError | undefined,
  context: ReaderContext,
): Outcome {
  if (outcome.status === 'measured' || broken === undefined) return outcome;
  if (outcome.code !== 'OUTPUT_INCOMPLETE') return outcome;
  const several = context.nodes.length > 1;
  return {
    ...outcome,
    owner: several ? 'group' : 'node',
    code: broken.code,
    message: broken.message,
    suspects: context.nodes.map((node) => node.id),
  };
}
