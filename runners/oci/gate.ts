/** How many calls of an order go out at once: one first, for what is refused for good is refused to all. */
import { mayAgain } from '../cloud/problem.ts';
import { isGone } from '../cloud/rest.ts';

/** After a few launches that failed OCI refuses all calls: few at once, and none after a final no. */
const AT_ONCE = 4;

/** Sends a call in its turn. @throws what it throws, or the final refusal of one before it */
export type Gate = <T>(call: () => Promise<T>) => Promise<T>;

/** A gate for the launches at one place; one burst of them is one order. */
export function gate(): Gate {
  let lanes: Promise<unknown>[] = [];
  let under = 0;
  let turn = 0;
  let refusal: { readonly error: unknown } | undefined;
  return <T>(call: () => Promise<T>): Promise<T> => {
    const leads = under === 0;
    if (leads) refusal = undefined;
    under += 1;
    turn = leads ? 0 : (turn + 1) % AT_ONCE;
    const before = leads ? Promise.resolve() : (lanes[turn] ?? Promise.resolve());
    const mine = before.then(async () => {
      try {
        if (refusal !== undefined) throw refusal.error;
        return await call();
      } catch (error) {
        if (!mayAgain(error) && !isGone(error)) refusal = { error };
        throw error;
      } finally {
        under -= 1;
      }
    });
    const ended = mine.catch(() => undefined);
    if (leads) lanes = Array.from({ length: AT_ONCE }, () => ended);
    else lanes[turn] = ended;
    return mine;
  };
}
