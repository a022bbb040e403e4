/** A trace to be replayed: moments and lengths of requests, from a file. */
import { readFileSync } from 'node:fs';
import { systemCode } from '../../../plan/errors.ts';
import type { TraceLine } from './schedule.ts';

/**
 * A trace of one JSON object a line: `timestamp` in ms, `input_length`, `output_length` (Mooncake's format,
 * which aiperf and others replay too).
 *
 * @throws {Error} naming the line that is none
 */
export function readTrace(text: string): readonly TraceLine[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const trace = lines.map((line, at) => {
    const value = parsed(line);
    const [time, input, output] = [
      value['timestamp'],
      value['input_length'],
      value['output_length'],
    ];
    const whole = (one: unknown): one is number => Number.isInteger(one) && Number(one) > 0;
    if (typeof time !== 'number' || !(time >= 0) || !whole(input) || !whole(output)) {
      throw new Error(
        `line ${at + 1} of the trace has no timestamp, input_length and output_length`,
      );
    }
    return { at: time / 1000, input, output };
  });
  return trace.sort((a, b) => a.at - b.at);
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Why a plan can't have the trace; looked at before anything is touched: a trial would find out too late. */
export function traceProblem(file: string, requests: number): string | undefined {
  try {
    const { length } = readTrace(readFileSync(file, 'utf8'));
    if (length >= requests) return undefined;
    return `${file} has ${length} lines, and rate × (settle + window) asks for ${requests} requests`;
  } catch (error) {
    const code = systemCode(error);
    if (code !== undefined) return `${file} can't be read (${code})`;
    return `${file}: ${error instanceof Error ? error.message : ''}`;
  }
}
