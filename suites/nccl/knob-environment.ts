/** What a knob's case sets. */
import type { Parameters } from '../../plan/model.ts';
import { KNOB_NAMES } from './knob-names.ts';
import { KNOBS } from './knobs.ts';

/** The variable that a case is about, as it is to be set. */
export function knobEnvironment({ knob, setting }: Parameters): Readonly<Record<string, string>> {
  const known = KNOB_NAMES.find((one) => one === knob);
  if (known === undefined || (setting !== 'on' && setting !== 'off')) return {};
  return { [KNOBS[known].variable]: KNOBS[known][setting] };
}
