/** What a run is given and what it gives back; bin composes it. */
import type { Runner, Simulate } from '../runners/model.ts';
import type { Judgement, Stopped } from '../verdicts/model.ts';
import type { RunReader } from './directory/model.ts';
import type { Follower, FollowSetup } from './follower.ts';
import type { Clock, Progress } from './progress.ts';
import type { CreateJudge, Units } from './units.ts';

/** What `accept` and `resume` share; bin composes it. */
export interface CampaignSetup {
  readonly runner: Runner;
  readonly units: Units;
  readonly createJudge: CreateJudge;
  /** Version of assay, for manifest and journal. */
  readonly version: string;
  /** Aborted by SIGINT and SIGTERM: nodes are released, evidence is kept, the run can be resumed. */
  readonly signal: AbortSignal;
  /** Values for `secret` arguments; each is redacted wherever it may be printed. */
  readonly secret?: (name: string) => string | undefined;
  readonly simulate?: Simulate;
  readonly progress?: Progress;
  /** Who judges what is on disk; absent: this thread. */
  readonly follow?: (setup: FollowSetup) => Promise<Follower>;
  /** Writes report.html and the like into the run directory, before the manifest. */
  readonly report?: (run: RunReader) => Promise<void>;
  /** When the capacity itself ends. */
  readonly until?: Date;
  readonly clock?: Clock;
  /** Seconds; default: the least of 60 and the plan's grace. */
  readonly patience?: number;
}

/** What became of a run. */
export interface CampaignResult {
  readonly path: string;
  readonly id: string;
  /** manifest.json is written: nothing more to do. False: it can be resumed. */
  readonly sealed: boolean;
  /** Set when it was stopped before everything was decided. */
  readonly stopped?: Stopped;
  /** Absent when it was interrupted. */
  readonly judgement?: Pick<Judgement, 'verdict'>;
  /** What could not be given back (exit 4). */
  readonly unreleased: readonly { readonly id: string; readonly reason: string }[];
}
