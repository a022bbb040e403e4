/** Google's reasons and codes in the words of runners/cloud. Sources: docs/providers/gcp.md. */
import { z } from 'zod';
import type { HarnessError } from '../../plan/errors.ts';
import { providerError, reasonOfStatus, type Reason, reasonsByCode } from '../cloud/problem.ts';
import { retryAfter, type Refused } from '../cloud/rest.ts';

/** Compute says camelCase in answers and UPPER_SNAKE in operations; the TPU API the words of gRPC. */
const CODES: Readonly<Record<Reason, readonly string[]>> = {
  'no-capacity': [
    'insufficientCapacity',
    'resourcePoolExhausted',
    'ZONE_RESOURCE_POOL_EXHAUSTED',
    'ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS',
    'REGION_RESOURCE_POOL_EXHAUSTED',
    'resource_availability',
    // A summary: what stands in the operation's other errors goes before it.
    'VM_MIN_COUNT_NOT_REACHED',
  ],
  'reservation-full': ['RESERVATION_CAPACITY_EXCEEDED', 'reservationCapacityExceeded'],
  quota: ['quotaExceeded', 'QUOTA_EXCEEDED', 'limitExceeded', 'LIMIT_EXCEEDED'],
  permission: [
    'forbidden',
    'IAM_PERMISSION_DENIED',
    'PERMISSIONS_ERROR',
    'PERMISSION_DENIED',
    'accessNotConfigured',
    'SERVICE_DISABLED',
  ],
  credentials: [
    'authError',
    'required_login',
    'UNAUTHENTICATED',
    'ACCESS_TOKEN_EXPIRED',
    'CREDENTIALS_MISSING',
  ],
  invalid: [
    'invalid',
    'badRequest',
    'required',
    'parseError',
    'INVALID_FIELD_VALUE',
    'INVALID_USAGE',
    'INVALID_ARGUMENT',
    'FAILED_PRECONDITION',
  ],
  throttled: ['rateLimitExceeded', 'RATE_LIMIT_EXCEEDED', 'userRateLimitExceeded'],
  conflict: [
    'alreadyExists',
    'RESOURCE_ALREADY_EXISTS',
    'ALREADY_EXISTS',
    'resourceNotReady',
    'RESOURCE_NOT_READY',
    'resourceInUseByAnotherResource',
    'RESOURCE_IN_USE_BY_ANOTHER_RESOURCE',
    'conditionNotMet',
    'UNSUPPORTED_OPERATION',
    'ABORTED',
  ],
  transient: [
    'backendError',
    'internalError',
    'INTERNAL_ERROR',
    'INTERNAL',
    'UNAVAILABLE',
    'DEADLINE_EXCEEDED',
  ],
  gone: ['notFound', 'RESOURCE_NOT_FOUND', 'NOT_FOUND'],
};

const REASONS = reasonsByCode(CODES);

/** A code with what was said. */
export interface Cause {
  readonly code: string;
  readonly message: string;
}

const text = z.string().catch('');
const bodyShape = z.object({
  error: z.object({
    message: text,
    status: z.string().optional(),
    errors: z.array(z.object({ reason: text, message: text })).catch([]),
    details: z.array(z.object({ reason: z.string().optional() })).catch([]),
  }),
});

/**
 * The cause in an answer: the reason decides, for quota, throttling and permission all come as 403.
 *
 * @param body untrusted
 */
export function causeOf(body: unknown, status: number): Cause {
  const parsed = bodyShape.safeParse(body);
  if (!parsed.success) return { code: `HTTP ${status}`, message: '' };
  const { message, errors, details, status: word } = parsed.data.error;
  const told = [
    ...errors.map(({ reason }) => reason),
    ...details.flatMap(({ reason }) => reason ?? []),
    ...(word === undefined ? [] : [word]),
  ].filter((one) => one !== '');
  const known = told.find((one) => REASONS.has(one) || one === EXHAUSTED);
  return { code: known ?? told[0] ?? `HTTP ${status}`, message };
}

const EXHAUSTED = 'RESOURCE_EXHAUSTED';
const FULL =
  /(?:no|not enough|insufficient) (?:available )?(?:capacity|resources)|capacity.*exhausted/iu;

/** The word for a cause. @param status HTTP status, where there was an answer */
export function reasonFor({ code, message }: Cause, status?: number): Reason {
  // The TPU API says the same of a full zone, a quota and haste: its text tells them apart.
  if (code === EXHAUSTED) {
    if (/quota/iu.test(message)) return 'quota';
    return /capacity|stockout|unavailable/iu.test(message) ? 'no-capacity' : 'throttled';
  }
  // A reservation that is full is refused in words.
  if (/reservation/iu.test(message) && FULL.test(message)) return 'reservation-full';
  return REASONS.get(code) ?? reasonOfStatus(status);
}

/** An answer that is an error. */
export function refusedBy({ status, body, headers, operation, where }: Refused): HarnessError {
  const cause = causeOf(body, status);
  const after = retryAfter(headers, Date.now());
  return providerError(reasonFor(cause, status), {
    provider: 'gcp',
    operation,
    ...cause,
    ...(where !== undefined && { where }),
    ...(after !== undefined && { retryAfter: after }),
  });
}

/** What failed in an operation: the first that is more than a summary. */
export function operationFailed(
  errors: readonly Cause[],
  operation: string,
  where: string,
): HarnessError {
  const cause = errors.find(({ code }) => code !== 'VM_MIN_COUNT_NOT_REACHED') ??
    errors[0] ?? { code: 'failed', message: 'it failed without a word why' };
  return providerError(reasonFor(cause), { provider: 'gcp', operation, where, ...cause });
}
