/**
 * XML as `nvidia-smi -q -x` prints it: elements and text. Attributes are passed over, entities are never
 * expanded. A delivery of 10,000 nodes prints a hundred megabytes of it, read twice.
 */

/** Text, or children by name; a name that comes again, and those of `lists`, are lists. */
export type Xml = string | { readonly [name: string]: Xml } | readonly Xml[] | undefined;

/** Deeper than any tool nests. */
const DEEPEST = 64;

interface Open {
  readonly name: string;
  readonly children: Record<string, Xml>;
  has: boolean;
  text: string;
}

/**
 * @param lists names that are lists even where they come once
 * @returns undefined where the text is not well-formed
 */
export function parseXml(text: string, lists: ReadonlySet<string>): Xml {
  const root: Open = { name: '', children: make(), has: false, text: '' };
  const open: Open[] = [root];
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at)) {
    const within = open.at(-1) as Open;
    const next = text[at + 1];
    if (next === '?' || next === '!') {
      const end = text.startsWith('<!--', at) ? text.indexOf('-->', at) + 2 : text.indexOf('>', at);
      if (end < at + 2) return undefined;
      at = end;
      continue;
    }
    const end = text.indexOf('>', at);
    if (end < 0) return undefined;
    if (next === '/') {
      if (open.length === 1 || text.slice(at + 2, end).trimEnd() !== within.name) return undefined;
      open.pop();
      add(open.at(-1) as Open, within, lists);
    } else {
      const alone = text[end - 1] === '/';
      const name = /^[A-Za-z_][\w.-]*/u.exec(text.slice(at + 1, Math.min(end, at + 200)))?.[0];
      if (name === undefined || open.length > DEEPEST) return undefined;
      const element: Open = { name, children: make(), has: false, text: '' };
      if (alone) add(within, element, lists);
      else {
        const close = text.indexOf('<', end);
        element.text = close < 0 ? '' : text.slice(end + 1, close).trim();
        open.push(element);
      }
    }
    at = end;
  }
  return open.length === 1 ? root.children : undefined;
}

function add(parent: Open, { name, has, children, text }: Open, lists: ReadonlySet<string>): void {
  const value: Xml = has ? children : text;
  const known = parent.children[name];
  parent.has = true;
  if (known === undefined) parent.children[name] = lists.has(name) ? [value] : value;
  else if (Array.isArray(known)) (known as Xml[]).push(value);
  else parent.children[name] = [known, value];
}

/** Without a prototype: a node's words name its keys. */
function make(): Record<string, Xml> {
  return Object.create(null) as Record<string, Xml>;
}
