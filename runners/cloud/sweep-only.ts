/** A plan that attaches can sweep and can't launch. */
import type { Holdings, Provisioner } from './model.ts';

export function sweepOnly(holdings: Holdings): Provisioner {
  return {
    ...holdings,
    places: [],
    batch: 1,
    launch: () => Promise.reject(new TypeError('this plan attaches')),
    machines: async () => [],
  };
}
