/** The plan's YAML with the place of every node, so that a mistake can be pointed at. */
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, ParsedNode } from 'yaml';

/** Line and column, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Where in the plan: keys from the root. */
export type Path = readonly (string | number)[];

/** A plan's text, parsed: its value, or what is wrong with it as YAML. */
export interface PlanDocument {
  readonly value: Readonly<Record<string, unknown>>;
  /** Mistakes of the text itself; where there are any, `value` is empty. */
  readonly mistakes: readonly {
    readonly at: Place;
    readonly message: string;
    readonly hint: string;
  }[];
  /**
   * The place of a value, or of the key that names it; the nearest parent where it is absent.
   *
   * @param of `key` for what is wrong with the key itself
   */
  place(path: Path, of: 'key' | 'value'): Place;
}

/** A plan larger than this is not one that a person wrote. */
const TEXT_LIMIT = 1024 * 1024;
/** Aliases may be resolved this often in all: a few shared blocks, no bomb. */
const ALIAS_LIMIT = 50;
const START: Place = { line: 1, column: 1 };

/** Reads a plan's text; never throws for what stands in it. */
export function readDocument(text: string): PlanDocument {
  if (text.length > TEXT_LIMIT) {
    return broken(START, `is ${text.length} characters long`, 'A plan has at most 1 MiB.');
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: false });
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (document.errors.length > 0) {
    const mistakes = document.errors.map((error) => ({
      at: at(error.pos[0]),
      message: error.code === 'DUPLICATE_KEY' ? 'a key stands here twice' : error.message,
      hint: error.code === 'DUPLICATE_KEY' ? 'Keep one of the two.' : 'Correct the YAML.',
    }));
    return { value: {}, mistakes, place: () => START };
  }
  if (document.contents === null) {
    return broken(START, 'is empty', 'Write a plan; `assay init` makes one with comments.');
  }
  if (!isMap(document.contents)) {
    const start = at(document.contents.range[0]);
    return broken(start, 'is not a map of keys', 'Begin with `assay: 1`.');
  }
  return withPlaces(document, at);
}

function withPlaces(document: Document.Parsed, at: (offset: number) => Place): PlanDocument {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: ALIAS_LIMIT });
  } catch (error) {
    // The yaml package's one error here: more aliases than allowed, or an alias without its anchor.
    if (!(error instanceof ReferenceError)) throw error;
    return broken(START, error.message, 'Write the values out instead of using aliases.');
  }
  return {
    value: value as Readonly<Record<string, unknown>>,
    mistakes: [],
    place: (path, of) => at(offsetOf(document, path, of)),
  };
}

function broken(at: Place, message: string, hint: string): PlanDocument {
  return { value: {}, mistakes: [{ at, message, hint }], place: () => at };
}

function offsetOf(document: Document.Parsed, path: Path, of: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = 0;
  for (const [index, key] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    const found = child(node, key);
    if (found === undefined) return offset;
    const last = index === path.length - 1;
    offset =
      (last && of === 'key' ? found.key : undefined) ?? startOf(found.value) ?? found.key ?? 0;
    node = found.value;
  }
  return offset;
}

function child(node: unknown, key: string | number) {
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
    if (!isPair(pair)) return undefined;
    return { key: startOf(pair.key), value: pair.value };
  }
  if (isSeq(node) && typeof key === 'number' && key < node.items.length) {
    return { key: startOf(node.items[key]), value: node.items[key] };
  }
  return undefined;
}

function startOf(node: unknown): number | undefined {
  return (node as ParsedNode | null | undefined)?.range?.[0];
}
