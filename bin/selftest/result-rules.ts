/** Exact criteria on what payloads check: one wrong result among many trials, another digest, none at all. */
import type { Criterion } from '../../plan/model.ts';
import { ofCases, records, type Printed } from './edits.ts';
import { PROVED } from '../../suites/nccl/transport/proof.ts';
import { transportRules } from './transport-rules.ts';
import type { Healthy, Proofs } from './model.ts';
import { casesOf, concerns } from './promises.ts';

export function resultRules(criterion: Criterion, healthy: Healthy): Proofs {
  if (criterion.metric === PROVED) return transportRules(criterion, healthy);
  const { victim, accelerator, cases } = healthy;
  const own = casesOf(criterion, cases);
  const [first] = own;
  if (first === undefined) return 'no case on this fleet gives it';
  const which = ofCases(victim, own);
  const mine = (line: Printed) =>
    line['kind'] === 'check' && concerns(criterion, line, accelerator);
  const digest = cases.some((one) =>
    one.gives.some((give) => give.metric === criterion.metric && give.as === 'digest'),
  );
  const trials = healthy.trials(first);
  // The last one: by then all the others have said that the results are right.
  const at = Math.max(0, trials - 1);
  const absent = {
    broken: `${criterion.metric} is not said by ${victim}`,
    break: { bytes: records(which, (line) => (mine(line) ? undefined : line)) },
  };
  if (digest) {
    const past = {
      broken: `another ${criterion.metric} on one part of ${victim}`,
      break: { bytes: records(which, (line) => (mine(line) ? flipped(line) : line)) },
    };
    return { past, absent };
  }
  const past = {
    broken: `${criterion.metric} false in 1 of ${trials} trials of ${victim}`,
    break: {
      bytes: records(
        (place) => which(place) && place.step.case === first && place.trial === at,
        (line) => (mine(line) ? { ...line, ok: false, detail: 'broken by the selftest' } : line),
      ),
    },
  };
  return { past, absent };
}

function flipped(line: Printed): Printed {
  const digest = String(line['digest']);
  return { ...line, digest: (digest.startsWith('0') ? '1' : '0') + digest.slice(1) };
}
