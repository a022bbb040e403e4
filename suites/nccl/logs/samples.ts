/** Rows of nccl-tests → samples: one for each figure of each placement. */
import { HarnessError } from '../../../plan/errors.ts';
import type { ImportedSample, ImportOptions } from '../../import-model.ts';
import { collectiveOfTable } from './collective.ts';
import { checkAverage, checkComplete } from './completeness.ts';
import { scaled } from './figure.ts';
import { isJson, readJson } from './json.ts';
import { incomplete } from './refusal.ts';
import { readText } from './text.ts';
import { typeOf, type Cell, type Row, type Table } from './table.ts';

/**
 * Reads a log of nccl-tests or rccl-tests, text or JSON; a text may hold several runs.
 *
 * @throws {HarnessError} OUTPUT_UNREADABLE, OUTPUT_INCOMPLETE with file, line and mend
 */
export function readNcclTests(text: string, options: ImportOptions): readonly ImportedSample[] {
  const { file, partial = false } = options;
  const tables = isJson(text) ? [readJson(text, file, partial)] : readText(text, file);
  return tables.flatMap((table) => {
    if (table.rows.length === 0) {
      throw incomplete(file, table.last, 'not one row of results');
    }
    const marked = partial && !isWhole(table, file);
    checkComplete(table, file, marked);
    const collective = collectiveOfTable(table, file, options.collective);
    if (!marked) checkAverage(table, file);
    return samplesOf(table, collective, marked);
  });
}

/** With --partial, a file that is complete is not marked. */
function isWhole(table: Table, file: string): boolean {
  try {
    checkComplete(table, file, false);
    return true;
  } catch (error) {
    if (error instanceof HarnessError && error.code === 'OUTPUT_INCOMPLETE') return false;
    throw error;
  }
}

function samplesOf(table: Table, collective: string, partial: boolean): readonly ImportedSample[] {
  const hosts = new Set(table.devices.map((one) => one.host)).size;
  const groups = new Set(table.devices.map((one) => one.group)).size;
  const shared = {
    library: table.library,
    ranks: table.ranks,
    nodes: hosts,
    ...(groups > 1 && { groups }),
  };
  return table.rows.flatMap((row) =>
    row.cells.flatMap((cell) => {
      const parameters = { ...shared, ...ofRow(row), placement: cell.placement };
      const common = {
        parameters,
        line: row.line,
        ...(cell.wrong !== undefined && { wrong: cell.wrong }),
        ...(partial && { partial }),
      };
      const figures = [
        { metric: `nccl.${collective}.busbw`, unit: 'B/s', value: scaled(cell.busbw, 9) },
        { metric: `nccl.${collective}.algbw`, unit: 'B/s', value: scaled(cell.algbw, 9) },
        {
          metric: `nccl.${collective}.time`,
          unit: 's',
          value: scaled(cell.time, -6),
          ...each(cell),
        },
      ];
      return figures.map((one): ImportedSample => ({ ...one, ...common }));
    }),
  );
}

function ofRow(row: Row) {
  return {
    bytes: row.size,
    dtype: typeOf(row.type)?.dtype ?? row.type,
    ...(row.redop !== undefined && { redop: row.redop }),
    ...(row.root !== undefined && { root: row.root }),
  };
}

function each({ iterations }: Cell) {
  if (iterations === undefined) return {};
  const { n, min, median, max } = iterations;
  return { iterations: { n, min: min / 1e6, median: median / 1e6, max: max / 1e6 } };
}
