/** The whole page as data: every text already legible, every number already rounded. */
import { legibleDeep } from '../legible.ts';
import type { ReportOptions } from '../model.ts';
import type { Context } from './context.ts';
import { attemptsView, telemetryView } from './view/attempts.ts';
import { coverageView } from './view/coverage.ts';
import { criteriaView } from './view/criteria.ts';
import { distributionsView } from './view/distributions.ts';
import { worstEvidenceView } from './view/evidence.ts';
import { fleetView } from './view/fleet.ts';
import { methodView } from './view/method.ts';
import { nodesView } from './view/nodes.ts';
import { pairsView } from './view/pairs.ts';
import { placesView } from './view/places.ts';
import { openingView } from './view/opening.ts';
import { unitsView } from './view/units.ts';

/** Sections in reading order; a number that a letter can cite. */
const SECTIONS = [
  ['verdict', 'Verdict'],
  ['criteria', 'Criteria'],
  ['units', 'Rejected and undecided units'],
  ['nodes', 'All nodes'],
  ['distributions', 'Distributions'],
  ['telemetry', 'Telemetry'],
  ['differences', 'Differences in the fleet'],
  ['coverage', 'Coverage'],
  ['attempts', 'Attempts'],
  ['evidence', 'From number to evidence'],
  ['method', 'Method and error rates'],
  ['environment', 'Environment'],
  ['signatures', 'Signatures'],
] as const;

/** What page.hbs shows. */
export function pageView(context: Context, options: ReportOptions) {
  const opening = openingView(context);
  return legibleDeep({
    title: `${opening.mark.text}: ${context.run.plan.delivery.reference}`,
    sections: SECTIONS.map(([id, name], index) => ({ id, name, number: index + 1 })),
    opening,
    criteria: criteriaView(context),
    units: unitsView(context),
    nodes: nodesView(context),
    places: placesView(context),
    pairs: pairsView(context),
    distributions: distributionsView(context),
    telemetry: telemetryView(context),
    fleet: fleetView(context),
    coverage: coverageView(context),
    attempts: attemptsView(context),
    evidence: worstEvidenceView(context),
    method: methodView(context),
    signatures: {
      given: options.signatures ?? [],
      places: ['For the buyer', 'For the provider'],
      run: context.run.id,
    },
  });
}
