/** The untimed twin: a trial that measures nothing and shows by NCCL's own log what a scope's traffic took. */
import type { Parameters, Subject } from '../../../plan/model.ts';
import type { Case } from '../../model.ts';
import type { Options } from '../options.ts';
import { claimedTransport } from './profiles.ts';

/** What a proof's check is called. */
export const PROVED = 'nccl.transport.proved';

const BEGINNING = 'nccl.transport.';

/** Whether a plan wants its transport shown: it claims something, or says so. */
export function wantsProof(options: Options): boolean {
  const { prove, nvls, profile } = options;
  return (
    prove ??
    (claimedTransport(options) !== undefined || nvls !== undefined || profile !== undefined)
  );
}

/** Whether a case is a proof. */
export function isProof(of: Pick<Case, 'id'>): boolean {
  return of.id.startsWith(BEGINNING);
}

/**
 * The proof of one scope.
 *
 * @param twin the case that it proves: its ranks, library and way of being started
 * @param bytes the size that is run once
 */
export function proofCase(
  options: Options,
  twin: Case,
  per: Subject['kind'],
  collective: string,
  bytes: number,
): Case {
  const { composed: _composed, ...shared } = twin.parameters;
  const transport = claimedTransport(options);
  const parameters: Parameters = {
    ...shared,
    collective,
    bytes,
    ...(transport !== undefined && { transport }),
  };
  const { scope, dtype, library } = twin.parameters;
  return {
    id: `${BEGINNING}${String(scope)}.${String(dtype)}.${String(library)}`,
    suite: 'nccl',
    parameters,
    scope: twin.scope,
    gives: [{ metric: PROVED, per, parameters, as: 'check' }],
    expected: Math.min(twin.expected, 30),
  };
}

/** What makes NCCL tell; the file is the payload's to choose. */
export const DEBUG = {
  NCCL_DEBUG: 'INFO',
  NCCL_DEBUG_SUBSYS: 'INIT,NET,GRAPH,TUNING',
} as const;
