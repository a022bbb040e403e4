/** The proof of transports: another network or algorithm in the log than the plan claims, and no log at all. */
import type { Criterion } from '../../plan/model.ts';
import { ofCases, output } from './edits.ts';
import type { Healthy, Proofs } from './model.ts';
import { casesOf } from './promises.ts';

export function transportRules(criterion: Criterion, { victim, cases }: Healthy): Proofs {
  const own = casesOf(criterion, cases);
  if (own.size === 0) return 'no case on this fleet gives it';
  // Whatever each of its trials claims is broken in the words of all its nodes: one is the victim.
  const which = (place: Parameters<ReturnType<typeof ofCases>>[0]) =>
    own.has(place.step.case) && place.step.nodes.includes(victim);
  return {
    past: {
      broken: `another network and algorithm than claimed in the log of ${victim}`,
      break: { bytes: output(which, (lines) => lines.map((line) => fallenBack(line))) },
    },
    absent: {
      broken: `no line of use in the log of ${victim}`,
      break: { bytes: output(which, (lines) => lines.filter((line) => !line.includes('NCCL'))) },
    },
  };
}

function fallenBack(line: string): string {
  return line
    .replace(/ via (?:NET\/[^/]+\/|P2P\/MNNVL).*$/u, ' via NET/Socket/0')
    .replace('Algo NVLS', 'Algo RING*')
    .replace('Algo RING ', 'Algo NVLS ')
    .replace('RING*', 'RING');
}
