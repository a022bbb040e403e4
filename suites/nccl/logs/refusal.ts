/** How a file is refused: always with the place and a mend. */
import { HarnessError } from '../../../plan/errors.ts';

/** Text is not what the tool prints, or contradicts itself. */
export function unreadable(file: string, line: number, message: string, hint: string) {
  return new HarnessError('OUTPUT_UNREADABLE', `${file}:${line}: ${message}`, {
    hint,
    details: { file, line },
  });
}

/** Part of the output is missing. */
export function incomplete(file: string, line: number, message: string) {
  return new HarnessError('OUTPUT_INCOMPLETE', `${file}:${line}: ${message}`, {
    hint: 'Bring the whole output, or read what is there with --partial.',
    details: { file, line },
  });
}
