/** Days on the command line. */
import { HarnessError } from '../../plan/errors.ts';

/**
 * A day as it was written; today where it was not.
 *
 * @param option its name, for the error
 * @throws {HarnessError} USAGE
 */
export function dayOf(text: string | undefined, option: string): string {
  const day = text ?? new Date().toISOString().slice(0, 10);
  const at = /^\d{4}-\d{2}-\d{2}$/u.test(day) ? Date.parse(day) : NaN;
  // JavaScript takes 2027-02-30 for a day of March.
  if (Number.isFinite(at) && new Date(at).toISOString().startsWith(day)) return day;
  throw new HarnessError('USAGE', `--${option} ${day} is not a day`, {
    hint: 'Write it as 2027-01-15.',
  });
}
