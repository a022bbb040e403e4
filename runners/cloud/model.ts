/** What a provider's folder gives to the frame: how machines are asked for, listed and deleted there. */
import type { Domain } from '../model.ts';
import type { Ownership, Scope } from './ownership.ts';
import type { Reason } from './problem.ts';

/** A thing of ours at the provider: a machine, or what came with it. */
export interface Resource {
  /** The provider's id. */
  readonly id: string;
  /** The provider's word: "instance", "volume", "resource group". */
  readonly kind: string;
  /** Region, zone or scope: where it must be asked for. */
  readonly where: string;
  readonly marks: Ownership;
  /** The provider's word for its state. */
  readonly state: string;
  /** Ids of resources that go with it: while one of them is kept, it stays too. Absent: none. */
  readonly contains?: readonly string[];
}

/** A node's machine as the provider lists it. */
export interface Machine {
  readonly id: string;
  readonly where: string;
  /**
   * starting: not usable yet. running: it may be reached. ended: it is going or gone, for good.
   * held: it exists and can't be used (stopped, failed, a state we don't know).
   */
  readonly life: 'starting' | 'running' | 'held' | 'ended';
  /** The provider's word for its state. */
  readonly state: string;
  /** Why it ended or is held, where the provider says. */
  readonly why?: { readonly reason: Reason; readonly code: string; readonly message: string };
  /** Where SSH goes; absent until the provider tells. */
  readonly address?: string;
  /** Where ranks meet; absent: `address`. */
  readonly fabricAddress?: string;
  /** The name a person would use; absent: the id. */
  readonly name?: string;
  readonly domains: readonly Domain[];
  /** What else the provider tells of it, for the node's facts: "oci.host". */
  readonly facts?: Readonly<Record<string, string>>;
  /** When it came into being, ms since the epoch. */
  readonly since?: number;
}

/** One creating call: all that makes it the same call when it is sent again. */
export interface LaunchRequest {
  /** ≤ 64 characters, the same for the same run, place and ordinal. */
  readonly token: string;
  readonly count: number;
  /** Which of the provider's `places`. */
  readonly place: string;
  /** Counts the calls of a run, from 1. */
  readonly ordinal: number;
  readonly marks: Ownership;
  /** Line for authorized_keys. */
  readonly publicKey: string;
}

/** What was looked for and what could not be looked at: "could not look" is not "nothing there". */
export interface Listing<T> {
  readonly found: readonly T[];
  readonly blind: readonly { readonly where: string; readonly reason: string }[];
}

/** Deleting, for release and sweep alike. */
export interface Holdings {
  readonly provider: string;
  /** Everything with our marks that still exists, everywhere the scope may reach; pages followed. */
  holdings(scope: Scope, signal: AbortSignal): Promise<Listing<Resource>>;
  /** Kinds in the order in which they can be deleted; those left out are never deleted. */
  readonly order: readonly string[];
  /**
   * Asks for deletion of resources of one kind; what is gone already is fine. May be called again for the same.
   * @returns those that the provider refuses to delete, and why
   */
  remove(
    resources: readonly Resource[],
    signal: AbortSignal,
  ): Promise<readonly { readonly id: string; readonly reason: string }[]>;
}

/** Launching into capacity that is there already. */
export interface Provisioner extends Holdings {
  /** Where to try, in the plan's order; the journal has these words: "place-1", no subnet or reservation. */
  readonly places: readonly string[];
  /** Most machines of one creating call. */
  readonly batch: number;
  /**
   * Sends one creating call; the provider takes it once however often it is sent. Paced, and tried again
   * within while the provider is only busy.
   * @returns ids that it answered with, none where the provider gives none
   * @throws {HarnessError} PROVIDER_*
   */
  launch(request: LaunchRequest, signal: AbortSignal): Promise<readonly string[]>;
  /** All machines of a run, those that ended lately included. @throws {HarnessError} PROVIDER_* */
  machines(run: string, signal: AbortSignal): Promise<readonly Machine[]>;
  /** What is only known when all run, in one go: topology. */
  placed?(machines: readonly Machine[], signal: AbortSignal): Promise<readonly Machine[]>;
}
