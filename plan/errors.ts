/**
 * The one error class of the harness. Expected failures of a device are data (see `Outcome`);
 * a HarnessError is about the surroundings: the plan, a provider, a connection, a file.
 * Anything else that is thrown is a bug and ends in exit 70.
 */

/** Code → exit status when it reaches the command line (DESIGN.md, exit codes). */
const EXIT = {
  USAGE: 2,
  PLAN_INVALID: 2,
  PLAN_UNKNOWN_KEY: 2,
  CRITERION_INVALID: 2,
  PROVIDER_NO_CAPACITY: 4,
  PROVIDER_RESERVATION_FULL: 4,
  PROVIDER_QUOTA: 4,
  PROVIDER_PERMISSION: 4,
  PROVIDER_CREDENTIALS: 4,
  PROVIDER_INVALID: 4,
  PROVIDER_THROTTLED: 4,
  PROVIDER_CONFLICT: 4,
  PROVIDER_TRANSIENT: 4,
  PROVIDER_GONE: 4,
  PROVIDER_PACKAGE_MISSING: 4,
  PROVIDER_RELEASE_FAILED: 4,
  SSH_UNREACHABLE: 4,
  SSH_AUTH: 4,
  SSH_HOST_KEY_MISMATCH: 4,
  SSH_HOST_KEY_UNKNOWN: 4,
  SSH_LOST: 4,
  FLEET_UNREACHABLE: 4,
  CONTROLLER_LIMIT: 4,
  TOOL_MISSING: 4,
  OUTPUT_UNREADABLE: 4,
  OUTPUT_INCOMPLETE: 4,
  UNIT_MISMATCH: 4,
  EVIDENCE_MISSING: 4,
  EVIDENCE_HASH_MISMATCH: 4,
  RUN_UNREADABLE: 4,
  RUN_SCHEMA_NEWER: 4,
  RUN_SEALED: 4,
  DISK_FULL: 4,
} as const satisfies Record<string, 2 | 4>;

/** Every code that a HarnessError can carry. */
export type ErrorCode = keyof typeof EXIT;

/** Flat facts about an error, safe to print: no secrets, no nested objects. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean>>;

/** A failure of the surroundings, with the mend. */
export class HarnessError extends Error {
  override readonly name = 'HarnessError';
  readonly code: ErrorCode;
  /** How to mend it, one sentence. */
  readonly hint: string;
  readonly details: ErrorDetails;

  /**
   * @param code from the table above; decides the exit status
   * @param message what was wrong, where, what was seen
   * @param options.hint what to do about it
   */
  constructor(
    code: ErrorCode,
    message: string,
    options: { hint: string; details?: ErrorDetails; cause?: unknown },
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }

  /** Exit status of a command that ends with this error. */
  get exitCode(): 2 | 4 {
    return EXIT[this.code];
  }
}

/** The `code` of a Node.js system error ("ENOENT"), or undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
