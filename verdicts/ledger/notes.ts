/** Sentences on a delivery that no word rests on, and that both sides should see. */
import type { DeliveryRun } from '../model.ts';
import { some } from '../show.ts';
import type { Machine } from './machines.ts';

/** In the order of the ledger; those on the runs last. */
export function ledgerNotes(
  runs: readonly DeliveryRun[],
  machines: readonly Machine[],
): readonly string[] {
  return [...machines.flatMap(machineNotes), ...samplingNote(runs)];
}

function machineNotes(machine: Machine): string[] {
  const { identity, cameBack, sightings, replacedBy, verdict, shares } = machine;
  const history = sightings.map((one) => `${one.verdict} in ${one.run}`).join(', ');
  const notes = cameBack.map(({ run, node, after, renamed }) => {
    const how = renamed ? ' under another name' : '';
    const word =
      replacedBy === undefined
        ? `its latest complete evidence counts: ${verdict}`
        : `since then ${replacedBy.identity} stands in its place`;
    const kind = renamed ? 'smuggled back' : 'came back';
    return `${kind}: ${identity} was ${after} and is there again${how} as ${node} of run ${run}; ${word} (${history})`;
  });
  if (replacedBy !== undefined && verdict === 'pass') {
    notes.push(
      `${identity} had passed and was swapped for ${replacedBy.identity} by run ${replacedBy.run}`,
    );
  }
  if (shares.length > 0) {
    notes.push(
      `${identity} has a part that was seen in ${some(shares)}: hardware moved between machines`,
    );
  }
  return notes;
}

function samplingNote(runs: readonly DeliveryRun[]): string[] {
  if (runs[0]?.plan.decision.sampling === undefined) return [];
  return ['the plan samples each run; the delivery over runs is judged unit by unit'];
}
