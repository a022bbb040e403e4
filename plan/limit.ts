/** Time limits as signals. */

/**
 * A signal that aborts after some seconds, or when one of the others does; holds up no exit.
 * The only maker of such signals: of `AbortSignal.timeout` inside `AbortSignal.any` nothing keeps the
 * timeout alive on Node.js 20, and the limit is lost with the next garbage collection
 * (nodejs/node#57736). A running timer keeps this one.
 */
export function timeLimit(seconds: number, ...others: readonly AbortSignal[]): AbortSignal {
  const limit = new AbortController();
  const end = () =>
    limit.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
  setTimeout(end, seconds * 1000).unref();
  return others.length === 0 ? limit.signal : AbortSignal.any([limit.signal, ...others]);
}
