/** One host of a fleet, whatever source named it. */
import type { Domain } from '../model.ts';

/** A host as the plan's source names it. */
export interface HostRow {
  /** What the plan calls it: what OpenSSH's configuration is asked for. */
  readonly name: string;
  /** Where to connect, in place of the configured HostName. */
  readonly address?: string;
  readonly port?: number;
  readonly user?: string;
  readonly identityFile?: string;
  readonly fabricAddress?: string;
  readonly serial?: string;
  readonly domains: readonly Domain[];
  /** Where it was read: "hosts.csv line 3". */
  readonly from: string;
}
