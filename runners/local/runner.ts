/** This machine as a fleet of one. */
import { hostname } from 'node:os';
import type { Runner } from '../model.ts';
import { sessionFleet } from '../session/fleet.ts';
import { thisMachine } from '../session/this-machine.ts';

export const local: Runner = {
  open: (context, signal) =>
    sessionFleet(
      context,
      [
        {
          name: hostname(),
          fabricAddress: '127.0.0.1',
          identity: [],
          domains: [],
          open: async () => thisMachine(),
        },
      ],
      signal,
    ),
};
