/** XML as `nvidia-smi -q -x` prints it, as a tree: elements and text; attributes are passed over. */
import { SaxesParser } from 'saxes';

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
 * A tree for every node of a delivery is what reading its inventory costs: built from a stream of events,
 * which takes a third of the time of a parser that makes trees of its own.
 *
 * @param lists names that are lists even where they come once
 * @returns undefined where the text is not well-formed
 */
export function parseXml(text: string, lists: ReadonlySet<string>): Xml {
  const root = made('');
  const open: Open[] = [root];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name }) => {
    if (open.length > DEEPEST) parser.fail(`more than ${DEEPEST} deep`);
    open.push(made(name));
  });
  parser.on('text', (piece) => {
    const within = open.at(-1);
    if (within !== undefined) within.text += piece;
  });
  parser.on('closetag', () => {
    const element = open.pop();
    const parent = open.at(-1);
    if (element !== undefined && parent !== undefined) add(parent, element, lists);
  });
  parser.on('error', (error) => {
    throw error;
  });
  try {
    parser.write(text).close();
  } catch {
    // What a node prints may be anything: the same as no output.
    return undefined;
  }
  return root.children;
}

function add(parent: Open, { name, has, children, text }: Open, lists: ReadonlySet<string>): void {
  const value: Xml = has ? children : text.trim();
  const known = parent.children[name];
  parent.has = true;
  if (known === undefined) parent.children[name] = lists.has(name) ? [value] : value;
  else if (Array.isArray(known)) (known as Xml[]).push(value);
  else parent.children[name] = [known, value];
}

/** Without a prototype: a node's words name its keys. */
function made(name: string): Open {
  const children = Object.create(null) as Record<string, Xml>;
  return { name, children, has: false, text: '' };
}
