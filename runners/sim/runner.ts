/** A fleet that is not there, with truth and faults that the decision never sees. */
import { partById } from '../../plan/catalogue/parts.ts';
import type { Runner } from '../model.ts';
import { placeFaults } from './faults.ts';
import { simulatedFleet } from './fleet.ts';
import { trueNode } from './layout.ts';
import type { SimOptions } from './options.ts';
import { world } from './truth.ts';

/** Everything follows from the options and the run's seed. */
export function sim(options: SimOptions): Runner {
  return {
    async open(context) {
      const part = partById(options.sku);
      const nodes = Array.from({ length: options.nodes }, (_, index) =>
        trueNode(index, options, part),
      );
      const faults = placeFaults(options.faults, nodes, options.truth.seed ?? context.seed);
      return simulatedFleet(context, world(options, part, faults, context.seed), nodes);
    },
  };
}
