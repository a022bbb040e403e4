/** Host lists as clusters write them: `gpu[001-512].lab,login[1-2,5]`. */
import { HarnessError } from '../../plan/errors.ts';

const MOST = 200_000;

/**
 * Expands a host list; brackets may hold ranges, commas and steps (`[0-10/2]`), several a name.
 *
 * @returns names in the order written, zero padding kept
 * @throws {HarnessError} PLAN_INVALID when it is malformed or names more than 200,000 hosts
 */
export function expandHosts(text: string): readonly string[] {
  const names: string[] = [];
  for (const part of splitOutside(text)) {
    const word = part.trim();
    if (word === '') throw invalid(text, 'an empty name');
    if (/[\s\p{Cc}]/u.test(word))
      throw invalid(text, 'a name with white space or control characters');
    // "-oProxyCommand=…" must never be taken for a host.
    if (word.startsWith('-')) throw invalid(text, 'a name that begins with "-"');
    for (const name of expandOne(text, word)) {
      names.push(name);
      if (names.length > MOST) throw invalid(text, `more than ${MOST} hosts`);
    }
  }
  return names;
}

function splitOutside(text: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '[') depth += 1;
    if (character === ']') depth -= 1;
    if (depth < 0 || depth > 1) throw invalid(text, 'brackets that do not match');
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  if (depth !== 0) throw invalid(text, 'a bracket that is not closed');
  return parts;
}

function* expandOne(text: string, word: string): Generator<string> {
  const open = word.indexOf('[');
  if (open < 0) {
    yield word;
    return;
  }
  const close = word.indexOf(']', open);
  const before = word.slice(0, open);
  const inside = word.slice(open + 1, close).split(',');
  if (inside.some((one) => one.trim() === '')) throw invalid(text, 'an empty range');
  for (const one of inside) {
    for (const number of range(text, one.trim())) {
      for (const rest of expandOne(text, word.slice(close + 1))) yield `${before}${number}${rest}`;
    }
  }
}

function* range(text: string, one: string): Generator<string> {
  const parts = /^(\d+)(?:-(\d+)(?:\/(\d+))?)?$/u.exec(one);
  if (parts === null) throw invalid(text, `"${one}" where a number or a range should be`);
  const [, first = '', last = first, by = '1'] = parts;
  const step = Number(by);
  if (step === 0) throw invalid(text, 'a step of 0');
  if (Number(last) < Number(first)) throw invalid(text, `a range that runs backwards: ${one}`);
  if (Number(last) - Number(first) > MOST * step) throw invalid(text, `more than ${MOST} hosts`);
  const width = first.length;
  for (let at = Number(first); at <= Number(last); at += step) {
    yield String(at).padStart(width, '0');
  }
}

function invalid(text: string, problem: string): HarnessError {
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
  return new HarnessError('PLAN_INVALID', `the host list ${shown} has ${problem}`, {
    hint: 'Write hosts like gpu[001-512].lab, comma between them.',
  });
}
