/** OCI's error codes in the words of runners/cloud. Sources: docs/providers/oci.md. */
import { z } from 'zod';
import type { HarnessError } from '../../plan/errors.ts';
import { providerError, reasonOfStatus, type Reason, reasonsByCode } from '../cloud/problem.ts';
import { retryAfter, type Refused } from '../cloud/rest.ts';

const CODES: Readonly<Partial<Record<Reason, readonly string[]>>> = {
  quota: ['LimitExceeded', 'QuotaExceeded'],
  permission: [
    'NotAuthorized',
    'NotAllowed',
    'SignUpRequired',
    // Of something that the body names: it is not there, or not ours to use.
    'RelatedResourceNotAuthorizedOrNotFound',
  ],
  credentials: ['NotAuthenticated'],
  invalid: [
    'InvalidParameter',
    'MissingParameter',
    'CannotParseRequest',
    'MethodNotAllowed',
    // The same name or token was taken by another request: the same call never does.
    'Conflict',
    'NotAuthorizedOrResourceAlreadyExists',
  ],
  throttled: ['TooManyRequests'],
  conflict: ['IncorrectState', 'ExternalServerIncorrectState', 'NoEtagMatch'],
  transient: ['InternalError', 'InternalServerError', 'ServiceUnavailable'],
  // What that token made was deleted meanwhile.
  gone: ['InvalidatedRetryToken'],
};

const REASONS = reasonsByCode(CODES);

/** A code with what was said. */
export interface Cause {
  readonly code: string;
  readonly message: string;
}

const text = z.string().catch('');
const bodyShape = z.object({ code: text, message: text });

/** The cause in an answer. @param body untrusted */
export function causeOf(body: unknown, status: number): Cause {
  const parsed = bodyShape.safeParse(body);
  const { code = '', message = '' } = parsed.data ?? {};
  return { code: code === '' ? `HTTP ${status}` : code, message };
}

const NO_ROOM = /out ?_?of ?_?(?:host ?_?)?capacity|outofcapacity/iu;
/** Calls about one thing: a 404 there is the thing's, and elsewhere a permission's. */
const ABOUT_ONE =
  /^(?:Get|Update|Terminate|Delete|Detach|List(?:ClusterNetwork|InstancePool|ComputeGpuMemoryCluster)Instances)/u;

/** The word for a cause. @param status HTTP status, where there was an answer */
export function reasonFor({ code, message }: Cause, operation: string, status?: number): Reason {
  // A full pool of hosts comes as an internal error, or as a work request's text.
  if (NO_ROOM.test(message) || NO_ROOM.test(code)) {
    return /reservation/iu.test(message) ? 'reservation-full' : 'no-capacity';
  }
  // "You may not" and "it is not there" are one code.
  if (code === 'NotAuthorizedOrNotFound') return ABOUT_ONE.test(operation) ? 'gone' : 'permission';
  return REASONS.get(code) ?? reasonOfStatus(status);
}

/** An answer that is an error. */
export function refusedBy({ status, body, headers, operation, where }: Refused): HarnessError {
  const cause = causeOf(body, status);
  const after = retryAfter(headers, Date.now());
  return providerError(reasonFor(cause, operation, status), {
    provider: 'oci',
    operation,
    ...cause,
    ...(where !== undefined && { where }),
    ...(after !== undefined && { retryAfter: after }),
  });
}
