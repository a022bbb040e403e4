/** Prompts of a given length that no cache has seen: seeded words, a token each in common vocabularies. */
import { stream } from '../../../plan/random.ts';

const WORDS =
  'time year people way day man thing woman life child world school state family student group country problem hand part place case week company system program question work government number night point home water room mother area money story fact month lot right study book eye job word business issue side kind head house service friend father power hour game line end member law car city name team minute idea body back parent face others level office door health person art war history party result change morning reason research girl guy moment air teacher force education'.split(
    ' ',
  );

/**
 * @param tokens how many; what the server makes of them it tells as prompt tokens
 * @param names make this prompt differ from every other
 */
export function prompt(tokens: number, seed: number, ...names: readonly number[]): string {
  const random = stream(seed, 'prompt', ...names);
  const words = Array.from(
    { length: tokens },
    () => WORDS[Math.floor(random() * WORDS.length)] as string,
  );
  return words.join(' ');
}
