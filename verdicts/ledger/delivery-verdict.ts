/** A delivery's ledger and verdict: a pure fold over its runs. */
import type { Origin } from '../../plan/model.ts';
import { runningTotal } from '../lots/running-total.ts';
import type { DeliveryRun, NotCounted } from '../model.ts';
import { deemedAcceptance, dueDate } from './due-dates.ts';
import { judgeDelivery } from './lot.ts';
import { foldMachines, type Machine } from './machines.ts';
import type { DeliveryVerdict, LedgerRow, LedgerStep } from './model.ts';
import { ledgerNotes } from './notes.ts';

/** All runs that claim a delivery, those counted in order. */
export interface LedgerInput {
  readonly reference: string;
  readonly runs: readonly DeliveryRun[];
  readonly notCounted: readonly NotCounted[];
  /** YYYY-MM-DD: the day that the contract's dates are held against. */
  readonly on: string;
}

/** Weakest last. */
const ORIGINS: readonly Origin[] = ['hardware', 'reference-device', 'stand-in', 'simulated'];

/**
 * The ledger of a delivery and its verdict. The first run freezes the terms; runs under others are refused.
 *
 * @returns undefined: there is no run to judge by
 */
export function deliveryVerdict(input: LedgerInput): DeliveryVerdict | undefined {
  const [first] = input.runs;
  if (first === undefined) return undefined;
  const runs = input.runs.filter((run) => run.terms === first.terms);
  const notCounted = [
    ...input.notCounted,
    ...input.runs.filter((run) => run.terms !== first.terms).map((run) => refused(run, first)),
  ];
  const { delivery } = (runs.at(-1) as DeliveryRun).plan;
  const machines = foldMachines(runs, delivery);
  const lot = judgeDelivery(runs, machines, notCounted);
  const steps = runs.map((_, at) => stepAfter(runs.slice(0, at + 1), notCounted));
  const accepted = acceptedOn(steps);
  const deemed = deemedAcceptance(delivery, machines, input.on);
  return {
    schema: 'assay/delivery/1',
    reference: input.reference,
    origin: weakest(runs.map((run) => run.verdict.origin)),
    terms: first.terms,
    on: input.on,
    lot,
    ...(accepted !== undefined && { acceptedOn: accepted }),
    ...(delivery.milestone !== undefined && { milestone: dueDate(delivery.milestone, input.on) }),
    ...(deemed !== undefined && { deemed }),
    serials: machines.map(rowOf),
    runs: steps,
    notCounted,
    notes: ledgerNotes(runs, machines),
  };
}

function refused(run: DeliveryRun, first: DeliveryRun): NotCounted {
  const why = `two plans claiming one delivery: its criteria or its decision are not those of run ${first.run}`;
  return { run: run.run, why, bars: true };
}

/** The delivery as it stood: an earlier run knew nothing of the later ones. */
function stepAfter(runs: readonly DeliveryRun[], notCounted: readonly NotCounted[]): LedgerStep {
  const last = runs.at(-1) as DeliveryRun;
  const machines = foldMachines(runs, last.plan.delivery);
  const tranches = runs.map(({ run }) => {
    const own = machines.filter((one) => one.sightings[0]?.run === run && one.decided);
    const nonconforming = own.filter((one) => one.failedAt !== undefined).length;
    return { tested: own.length, nonconforming };
  });
  const total = runningTotal(tranches);
  return {
    run: last.run,
    sealedAt: last.sealedAt,
    reference: last.plan.delivery.reference,
    fresh: machines.filter((one) => one.sightings[0]?.run === last.run).length,
    own: last.verdict.lot.verdict,
    delivery: judgeDelivery(runs, machines, notCounted).verdict,
    ...(total !== undefined && { total }),
  };
}

function acceptedOn(steps: readonly LedgerStep[]): string | undefined {
  if (steps.at(-1)?.delivery !== 'accept') return undefined;
  const open = steps.findLastIndex((step) => step.delivery !== 'accept');
  return steps[open + 1]?.sealedAt.slice(0, 10);
}

function weakest(origins: readonly Origin[]): Origin {
  return ORIGINS[Math.max(...origins.map((one) => ORIGINS.indexOf(one)))] as Origin;
}

/** Without host names: they stand in private.json only. */
function rowOf(machine: Machine): LedgerRow {
  const { identity, sightings, verdict, from, reasons } = machine;
  const { replacedBy, replaces, cameBack, shares } = machine;
  return {
    identity,
    sightings,
    verdict,
    ...(from !== undefined && { from }),
    reasons,
    ...(replacedBy !== undefined && { replacedBy }),
    replaces,
    cameBack,
    shares,
  };
}
