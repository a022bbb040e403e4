/** EC2's error codes in the words of runners/cloud. Sources: docs/providers/aws.md. */
import { HarnessError } from '../../plan/errors.ts';
import { providerError, type Reason, reasonsByCode } from '../cloud/problem.ts';

const CODES: Readonly<Record<Reason, readonly string[]>> = {
  'no-capacity': [
    'InsufficientInstanceCapacity',
    'InsufficientHostCapacity',
    'InsufficientReservedInstanceCapacity',
    'InsufficientAddressCapacity',
    'InsufficientVolumeCapacity',
    'InsufficientCapacity',
    'InsufficientCapacityOnOutpost',
    'UnfulfillableCapacity',
    'InsufficientFreeAddressesInSubnet',
    'Unsupported',
    'SpotMaxPriceTooLow',
  ],
  'reservation-full': ['ReservationCapacityExceeded'],
  quota: [
    'VcpuLimitExceeded',
    'InstanceLimitExceeded',
    'MaxSpotInstanceCountExceeded',
    'NetworkInterfaceLimitExceeded',
    'VolumeLimitExceeded',
    'MaxIOPSLimitExceeded',
    'PlacementGroupLimitExceeded',
    'SecurityGroupsPerInterfaceLimitExceeded',
    'PrivateIpAddressLimitExceeded',
    'ResourceLimitExceeded',
    'MaxFleetCountExceeded',
    'TagLimitExceeded',
  ],
  permission: ['UnauthorizedOperation', 'OptInRequired', 'Blocked', 'AccessDenied'],
  credentials: [
    'AuthFailure',
    'InvalidClientTokenId',
    'SignatureDoesNotMatch',
    'IncompleteSignature',
    'MissingAuthenticationToken',
    'RequestExpired',
    'InvalidSecurity.RequestHasExpired',
    'ExpiredToken',
    'ExpiredTokenException',
    'UnrecognizedClientException',
    'PendingVerification',
    'CredentialsProviderError',
    'TokenProviderError',
  ],
  invalid: ['OperationNotPermitted', 'ResourceCountExceeded', 'IdempotentParameterMismatch'],
  throttled: [
    'RequestLimitExceeded',
    'EC2ThrottledException',
    'Throttling',
    'ThrottlingException',
    'ThrottledException',
    'RequestThrottled',
  ],
  conflict: [
    'IncorrectInstanceState',
    'IncorrectState',
    'InvalidState',
    'DependencyViolation',
    'InvalidPlacementGroup.InUse',
    'InvalidNetworkInterface.InUse',
    'InvalidParameterValue.InUse',
    'VolumeInUse',
    'ConcurrentTagAccess',
  ],
  transient: [
    'InternalError',
    'InternalFailure',
    'InternalServiceError',
    'ServerInternal',
    'ServiceUnavailable',
    'Unavailable',
    'RequestTimeout',
    'TimeoutError',
    'NetworkingError',
  ],
  // The machines of this token are gone; others are asked for under the next.
  gone: ['IdempotentInstanceTerminated'],
};

const REASONS = reasonsByCode(CODES);

/** Of machines and what came with them; a subnet or image that is not found is a mistake of the plan. */
const GONE = /^Invalid(?:InstanceID|NetworkInterfaceID|Volume)\.NotFound$/u;

/**
 * The word for a code of EC2.
 *
 * @param status HTTP status, where there was an answer
 */
export function reasonFor(code: string, status?: number): Reason {
  const known = REASONS.get(code);
  if (known !== undefined) return known;
  if (GONE.test(code)) return 'gone';
  if (code.endsWith('LimitExceeded')) return 'quota';
  if (/^(?:Invalid|Missing|Malformed|Unknown(?=\w)|UnsupportedOperation)/u.test(code))
    return 'invalid';
  if (status !== undefined && status >= 500) return 'transient';
  if (status === 401) return 'credentials';
  if (status === 403) return 'permission';
  if (status === 429) return 'throttled';
  // Nothing that we know: trying again would be a guess.
  return 'invalid';
}

/** Errors of the socket, by which no word of the provider came. */
const SOCKET =
  /^(?:ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_\w+)$/u;

/**
 * What the SDK threw, as a HarnessError; anything that is no failure of a call is thrown on as it is.
 *
 * @param message its words without secrets
 * @param operation "RunInstances"
 * @param where region
 */
export function classified(
  error: unknown,
  message: string,
  operation: string,
  where: string,
): unknown {
  if (error instanceof HarnessError || !(error instanceof Error)) return error;
  const { name } = error;
  const fields = error as {
    readonly code?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
  };
  const status = fields.$metadata?.httpStatusCode;
  const socket = typeof fields.code === 'string' ? fields.code : '';
  // Not as a cause: the SDK's error holds the request, headers and all.
  const said = { provider: 'aws', operation, where, message };
  if (SOCKET.test(socket)) return providerError('transient', { ...said, code: socket });
  const known = REASONS.has(name);
  // A body that is cut short or is no XML comes as a plain error of the SDK's reader.
  if (status === undefined && !known) return error;
  if (!known && (name === 'Error' || name === 'SyntaxError')) {
    return providerError('transient', { ...said, code: `unreadable answer (HTTP ${status ?? 0})` });
  }
  const after = Number(fields.$response?.headers?.['retry-after']);
  return providerError(reasonFor(name, status), {
    ...said,
    code: name === 'Unknown' ? `HTTP ${status ?? 0}` : name,
    ...(Number.isFinite(after) && after > 0 && { retryAfter: Math.min(after, 120) }),
  });
}
