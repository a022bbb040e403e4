/** Recorded logs and how tests read them. */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { HarnessError, type ErrorCode } from '../../../../plan/errors.ts';
import type { ImportedSample } from '../../../../suites/import-model.ts';
import { importers } from '../../../../suites/nccl/importers.ts';

export const recorded = (name: string) =>
  readFileSync(new URL(`../../../../fixtures/recorded/${name}`, import.meta.url), 'utf8');

export function read(
  text: string,
  options: { partial?: boolean; collective?: string } = {},
  tool = 'nccl-tests',
): readonly ImportedSample[] {
  const importer = importers.find((one) => one.tool === tool);
  assert.ok(importer);
  return importer.read(text, { file: 'a.log', ...options });
}

/** The text is refused with this code, at this line, and says how to mend it. */
export function refused(
  text: string,
  code: ErrorCode,
  line: number,
  words: string | RegExp,
  options: { partial?: boolean; collective?: string } = {},
  tool = 'nccl-tests',
): void {
  try {
    read(text, options, tool);
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    assert.is(error.code, code, error.message);
    assert.match(error.message, words);
    assert.ok(error.message.startsWith(`a.log:${line}:`), error.message);
    assert.ok(error.hint.length > 10);
    return;
  }
  throw new Error('it was read');
}

/** Replaces a line (from 1) of a text. */
export function withLine(text: string, line: number, change: (was: string) => string): string {
  return text
    .split('\n')
    .map((one, at) => (at + 1 === line ? change(one) : one))
    .join('\n');
}

export function value(
  samples: readonly ImportedSample[],
  metric: string,
  bytes: number,
  placement = 'out-of-place',
): number | undefined {
  return samples.find(
    (one) =>
      one.metric === metric &&
      one.parameters['bytes'] === bytes &&
      one.parameters['placement'] === placement,
  )?.value;
}
