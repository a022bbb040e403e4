/** What can go wrong with a provider, in one vocabulary: each word says what it means for the plan. */
import { HarnessError, type ErrorCode } from '../../plan/errors.ts';
import { printable } from '../session/printable.ts';

/** The words; a provider's own codes are sorted into them by its errors.ts. */
export type Reason =
  | 'no-capacity'
  | 'reservation-full'
  | 'quota'
  | 'permission'
  | 'credentials'
  | 'invalid'
  | 'throttled'
  | 'conflict'
  | 'transient'
  | 'gone';

interface Meaning {
  readonly code: ErrorCode;
  readonly hint: string;
  /** The same call may do later. */
  readonly again: boolean;
  /** Another place of the plan may have what this one has not. */
  readonly elsewhere: boolean;
}

const MEANINGS: Readonly<Record<Reason, Meaning>> = {
  'no-capacity': {
    code: 'PROVIDER_NO_CAPACITY',
    hint: 'Name another zone, block or reservation in the plan (fleet.provision.places), or wait.',
    again: false,
    elsewhere: true,
  },
  'reservation-full': {
    code: 'PROVIDER_RESERVATION_FULL',
    hint: 'Look who uses the reservation and whether it has begun; name another one in the plan.',
    again: false,
    elsewhere: true,
  },
  quota: {
    code: 'PROVIDER_QUOTA',
    hint: 'Have the quota named here raised with the provider; another region has its own.',
    again: false,
    elsewhere: true,
  },
  permission: {
    code: 'PROVIDER_PERMISSION',
    hint: 'Grant what docs/providers/ lists for this provider.',
    again: false,
    elsewhere: false,
  },
  credentials: {
    code: 'PROVIDER_CREDENTIALS',
    hint: "Sign in again with the provider's own tool; check this machine's clock.",
    again: false,
    elsewhere: false,
  },
  invalid: {
    code: 'PROVIDER_INVALID',
    hint: "Correct the fleet block of the plan; the provider's words say what it did not take.",
    again: false,
    elsewhere: false,
  },
  throttled: {
    code: 'PROVIDER_THROTTLED',
    hint: 'Others use the same account; wait, then assay resume.',
    again: true,
    elsewhere: false,
  },
  conflict: {
    code: 'PROVIDER_CONFLICT',
    hint: 'Something else is under way on the same resource; wait, then assay resume.',
    again: true,
    elsewhere: false,
  },
  transient: {
    code: 'PROVIDER_TRANSIENT',
    hint: 'The provider or the way to it failed; wait, then assay resume.',
    again: true,
    elsewhere: false,
  },
  gone: {
    code: 'PROVIDER_GONE',
    hint: 'It was deleted outside this run; check the ids in the plan.',
    again: false,
    elsewhere: false,
  },
};

/** The word for each code, from a provider's codes for each word. */
export function reasonsByCode(
  codes: Readonly<Partial<Record<Reason, readonly string[]>>>,
): ReadonlyMap<string, Reason> {
  return new Map(
    Object.entries(codes).flatMap(([reason, own]) =>
      own.map((code) => [code, reason as Reason] as const),
    ),
  );
}

/** The word for an HTTP status, where the provider's code says nothing that we know. */
export function reasonOfStatus(status: number | undefined): Reason {
  if (status === 401) return 'credentials';
  if (status === 403) return 'permission';
  if (status === 404) return 'gone';
  if (status === 409) return 'conflict';
  if (status === 429) return 'throttled';
  if (status !== undefined && status >= 500) return 'transient';
  // Trying again would be a guess.
  return 'invalid';
}

/** What a provider said about one failed call. */
export interface Said {
  /** "aws", "azure" … */
  readonly provider: string;
  /** The provider's own code: "InsufficientInstanceCapacity". */
  readonly code: string;
  /** Its words; untrusted, bounded here. */
  readonly message: string;
  /** What was asked: "RunInstances". */
  readonly operation: string;
  /** Region, zone, reservation: where. */
  readonly where?: string;
  /** Seconds that the provider asks us to wait. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

/** Longest part of a provider's words that is kept. */
const MOST = 400;

/** A provider's failure as an error of ours. */
export function providerError(reason: Reason, said: Said): HarnessError {
  const { provider, code, operation, where, retryAfter, cause } = said;
  const place = where === undefined ? '' : ` in ${where}`;
  const words = printable(said.message).slice(0, MOST);
  return new HarnessError(
    MEANINGS[reason].code,
    printable(`${provider}: ${operation}${place}: ${code}`) + (words === '' ? '' : `: ${words}`),
    {
      hint: MEANINGS[reason].hint,
      details: {
        provider,
        reason,
        operation,
        providerCode: printable(code).slice(0, MOST),
        ...(where !== undefined && { where: printable(where) }),
        ...(retryAfter !== undefined && { retryAfter }),
      },
      ...(cause !== undefined && { cause }),
    },
  );
}

/** The word of an error; undefined for anything that no provider said. */
export function reasonOf(error: unknown): Reason | undefined {
  if (!(error instanceof HarnessError)) return undefined;
  const entry = Object.entries(MEANINGS).find(([, { code }]) => code === error.code);
  return entry?.[0] as Reason | undefined;
}

/** Whether the same call may do later. */
export function mayAgain(error: unknown): boolean {
  const reason = reasonOf(error);
  return reason !== undefined && MEANINGS[reason].again;
}

/** Whether another place of the plan is worth a try. */
export function mayElsewhere(error: unknown): boolean {
  const reason = reasonOf(error);
  return reason !== undefined && MEANINGS[reason].elsewhere;
}

/** Seconds that the provider asked us to wait; undefined: it did not. */
export function waitAsked(error: unknown): number | undefined {
  if (!(error instanceof HarnessError)) return undefined;
  const { retryAfter } = error.details;
  return typeof retryAfter === 'number' ? retryAfter : undefined;
}

/** The exit code's word for a reason, as `Missing.code` carries it. */
export function codeOf(reason: Reason): ErrorCode {
  return MEANINGS[reason].code;
}
