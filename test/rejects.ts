/** uvu's `assert.throws` does not see a rejected promise; this does. */
import * as assert from 'uvu/assert';
import { HarnessError, type ErrorCode } from '../plan/errors.ts';

/** Awaits a rejection with a HarnessError of this code, and gives it back for more checks. */
export async function rejects(promise: Promise<unknown>, code: ErrorCode): Promise<HarnessError> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    assert.is(error.code, code);
    return error;
  }
  throw new Error(`expected a rejection with ${code}`);
}
