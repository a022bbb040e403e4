/** Azure's error codes in the words of runners/cloud. Sources: docs/providers/azure.md. */
import type { HarnessError } from '../../plan/errors.ts';
import { providerError, reasonOfStatus, type Reason, reasonsByCode } from '../cloud/problem.ts';
import { retryAfter, type Refused } from '../cloud/rest.ts';

const CODES: Readonly<Record<Reason, readonly string[]>> = {
  'no-capacity': [
    'AllocationFailed',
    'ZonalAllocationFailed',
    'OverconstrainedAllocationRequest',
    'OverconstrainedZonalAllocationRequest',
    'SkuNotAvailable',
  ],
  'reservation-full': ['CapacityReservationAllocationFailed', 'InterconnectBlockAllocationFailed'],
  quota: ['QuotaExceeded', 'ResourceQuotaExceeded', 'PublicIPCountLimitReached'],
  permission: [
    'AuthorizationFailed',
    'LinkedAuthorizationFailed',
    'RequestDisallowedByPolicy',
    'MissingSubscriptionRegistration',
    'SubscriptionNotRegistered',
    'ReadOnlyDisabledSubscription',
    'ScopeLocked',
  ],
  credentials: [
    'InvalidAuthenticationToken',
    'InvalidAuthenticationTokenTenant',
    'ExpiredAuthenticationToken',
    'AuthenticationFailed',
    'CredentialUnavailableError',
    'AuthenticationRequiredError',
  ],
  invalid: [
    'OperationNotAllowed',
    'VMSizeNotSupported',
    'InvalidParameter',
    'BadRequest',
    'InvalidRequestFormat',
    'InvalidRequestContent',
    'PropertyChangeNotAllowed',
    'PreconditionFailed',
    'ResourceGroupBeingDeleted',
    'SubscriptionNotFound',
    'LinkedInvalidPropertyId',
    'InvalidTemplateDeployment',
    'NotFound',
    'ImageNotFound',
  ],
  throttled: ['TooManyRequests', 'SubscriptionRequestsThrottled', 'ResourceRequestsThrottled'],
  conflict: [
    'Conflict',
    'AnotherOperationInProgress',
    'OperationPreempted',
    'CanceledAndSupersededDueToAnotherOperation',
    'NicInUse',
    'NicReservedForAnotherVm',
    'PublicIPAddressCannotBeDeleted',
    'InUseSubnetCannotBeDeleted',
    'CannotDeleteResource',
  ],
  transient: [
    'RetryableError',
    'NetworkingInternalOperationError',
    'InternalServerError',
    'InternalExecutionError',
    'InternalOperationError',
    'ServerTimeout',
    'GatewayTimeout',
    'OSProvisioningTimedOut',
    'VMStartTimedOut',
    'OSProvisioningInternalError',
  ],
  gone: ['ResourceNotFound', 'ResourceGroupNotFound', 'ParentResourceNotFound', 'InstanceNotFound'],
};

const REASONS = reasonsByCode(CODES);

/** Codes that only wrap others. */
const WRAPPERS = new Set([
  'BadRequest',
  'Conflict',
  'InvalidTemplateDeployment',
  'OperationNotAllowed',
  'DeploymentFailed',
]);

/** A code with what was said, from the body of an error or of a failed operation. */
export interface Cause {
  readonly code: string;
  readonly message: string;
}

/** Deepest level that is looked at. */
const DEPTH = 6;

/**
 * The cause that says most: the real one often sits in `details`, or as JSON text in a message, up to three deep.
 *
 * @param body of an answer, or the `error` of an operation; untrusted
 */
export function causeOf(body: unknown): Cause | undefined {
  const all = walk(body, 0);
  const known = all.filter(({ code }) => REASONS.has(code));
  const telling = known.filter(({ code }) => !WRAPPERS.has(code));
  // The deepest that says more than a wrapper; quota hides behind one.
  return known.find(isQuota) ?? telling.at(-1) ?? known.at(-1) ?? all.at(-1);
}

function walk(value: unknown, depth: number): readonly Cause[] {
  if (depth > DEPTH) return [];
  if (typeof value === 'string') {
    if (!value.trimStart().startsWith('{')) return [];
    try {
      return walk(JSON.parse(value), depth + 1);
    } catch {
      // A text that begins like JSON.
      return [];
    }
  }
  if (typeof value !== 'object' || value === null) return [];
  const { code, message, error, details, innererror } = value as Readonly<Record<string, unknown>>;
  const own =
    typeof code === 'string' && code !== ''
      ? [{ code, message: typeof message === 'string' ? message : '' }]
      : [];
  const below = Array.isArray(details) ? details.slice(0, 50) : [];
  return [
    ...own,
    ...walk(message, depth + 1),
    ...walk(error, depth + 1),
    ...below.flatMap((one) => walk(one, depth + 1)),
    ...walk(innererror, depth + 1),
  ];
}

function isQuota({ code, message }: Cause): boolean {
  return code === 'OperationNotAllowed' && /quota|Cores\b.*Current Limit/iu.test(message);
}

/** The word for a cause. @param status HTTP status, where there was an answer */
export function reasonFor(cause: Cause, status?: number): Reason {
  if (isQuota(cause)) return 'quota';
  return REASONS.get(cause.code) ?? reasonOfStatus(status);
}

/** An answer that is an error. */
export function refusedBy({ status, body, headers, operation, where }: Refused): HarnessError {
  const cause = causeOf(body) ?? { code: `HTTP ${status}`, message: '' };
  const after = retryAfter(headers, Date.now());
  // Capacity and quota come as 429 too: the code decides, then the status.
  return providerError(reasonFor(cause, status), {
    provider: 'azure',
    operation,
    code: cause.code,
    message: cause.message,
    ...(where !== undefined && { where }),
    ...(after !== undefined && { retryAfter: after }),
  });
}

/** A failed operation: HTTP said 200, its status says Failed. */
export function operationFailed(error: unknown, operation: string, where: string): HarnessError {
  const cause = causeOf(error) ?? { code: 'Failed', message: '' };
  return providerError(reasonFor(cause), { provider: 'azure', operation, where, ...cause });
}
