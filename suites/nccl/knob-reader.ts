/** Reads one half of a knob's pair. */
import type { Case, Measurement, Reader, ReaderContext, Reading } from '../model.ts';
import { KNOB_METRIC } from './knob-names.ts';
import { torchReader } from './reader.ts';

/** The readings of its collective, under the knob's own name. */
export function knobReader(context: ReaderContext): Reader {
  const { case: of } = context;
  const { knob: _knob, setting: _setting, collective, ...parameters } = of.parameters;
  const per = of.gives[0]?.per ?? 'node';
  const beginning = `nccl.${String(collective)}`;
  const twin: Case = {
    ...of,
    id: `${beginning}.${String(parameters['scope'])}`,
    parameters,
    gives: [
      ...['busbw', 'algbw', 'time'].map((figure) => ({
        metric: `${beginning}.${figure}`,
        per,
        parameters,
      })),
      { metric: `${beginning}.correct`, per, parameters, as: 'check' as const },
    ],
  };
  const reader = torchReader({ ...context, case: twin });
  return {
    line: (text, from) => reader.line(text, from),
    end(exits) {
      const { readings, outcome } = reader.end(exits);
      return {
        outcome,
        readings: readings.flatMap((one): Reading[] => {
          if (one.kind !== 'sample') return [one];
          const own: Measurement = { ...one, metric: KNOB_METRIC, parameters: of.parameters };
          return one.metric === `${beginning}.busbw` ? [{ ...own, kind: 'sample' as const }] : [];
        }),
      };
    },
  };
}
