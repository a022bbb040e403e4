/** OpenSSH's client configuration, with Include expanded: text for the parser. */
import { readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { systemCode } from '../../plan/errors.ts';

const DEEPEST = 16;

/** A path with `~` as OpenSSH reads it. */
export function expandHome(path: string, home = homedir()): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path;
}

/**
 * Reads a configuration and what it includes; a file that is not there is empty.
 *
 * @param base folder that relative Include paths start from (`~/.ssh`)
 */
export async function readConfigText(path: string, base: string, depth = 0): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return '';
  }
  const lines: string[] = [];
  let section = 'Host *';
  for (const line of text.split(/\r?\n/u)) {
    if (/^\s*(?:host|match)[\s=]/iu.test(line)) section = line.trim();
    const include = /^\s*include[\s=]+(.+?)\s*$/iu.exec(line)?.[1];
    if (include === undefined) lines.push(line);
    else if (depth < DEEPEST) {
      for (const pattern of include.match(/"[^"]*"|\S+/gu) ?? []) {
        for (const file of await matching(pattern.replaceAll('"', ''), base)) {
          lines.push(await readConfigText(file, base, depth + 1));
        }
      }
      // Sections end with the file that opened them: what follows belongs to ours again.
      lines.push(section);
    }
  }
  return lines.join('\n');
}

async function matching(pattern: string, base: string): Promise<readonly string[]> {
  const expanded = expandHome(pattern);
  const path = isAbsolute(expanded) ? expanded : join(base, expanded);
  const name = path.split('/').at(-1) ?? '';
  if (!/[*?]/u.test(name)) return [path];
  const source = name
    .replaceAll(/[.+^${}()|[\]\\]/gu, String.raw`\$&`)
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  const shape = new RegExp(`^${source}$`, 'u');
  try {
    const names = await readdir(dirname(path));
    return names
      .filter((one) => shape.test(one) && !one.startsWith('.'))
      .sort()
      .map((one) => join(dirname(path), one));
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return [];
  }
}
