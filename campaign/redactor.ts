/**
 * Takes secrets out of what a node prints before it is hashed and stored. Works on bytes (as latin1
 * text, so that nothing else changes), line by line, and keeps every line break: line numbers stay.
 */

/** What stands for a secret. */
export const REDACTED = '[redacted]';

/** A known secret shorter than this would take ordinary words out of the output. */
const SHORTEST_SECRET = 6;
/** Bytes of an unfinished line that are held back; a longer one is cleaned in pieces. */
const HELD = 64 * 1024;
/** Bytes that two pieces of one long line share, so that a token over the seam is seen whole. */
const OVERLAP = 8 * 1024;
/** Lines of a private key or an environment dump after which it is taken to be over. */
const BLOCK_LINES = 2_000;

/** Names in an environment dump whose values are worth keeping and can't be secrets. */
const HARMLESS =
  /^(?:NCCL_|RCCL_|FI_|UCX_|OMPI_MCA_|CUDA_VISIBLE|OMP_NUM_THREADS|ASSAY_|LD_LIBRARY_PATH)/u;

/** What a secret looks like. */
interface Shape {
  /** Where it is not found, nothing has the shape: asking is much quicker than looking for the shape. */
  readonly hint: RegExp;
  /** Group 1 is kept. Bounded, so that no text makes it slow. */
  readonly shape: RegExp;
}

const SHAPES: readonly Shape[] = [
  {
    hint: /SECRET|TOKEN|KEY|PASSWORD/u,
    shape:
      /((?:AWS|AZURE|ARM|GOOGLE|OCI|HF|HUGGING_FACE|HUGGINGFACE|WANDB|OPENAI|GITHUB|GH|NGC|DOCKER)_[A-Z0-9_]{0,40}(?:SECRET|TOKEN|KEY|PASSWORD)[A-Z0-9_]{0,24}["']?\s{0,4}[=:]\s{0,4}["']?)[^\s"',;]{4,4096}/gu,
  },
  {
    hint: /SECRET|ACCESS_TOKEN|API_KEY|PRIVATE_KEY|PASSW/u,
    shape:
      /(\b[A-Za-z0-9_]{0,40}(?:PASSWORD|PASSWD|SECRET|ACCESS_TOKEN|API_KEY|PRIVATE_KEY)[A-Za-z0-9_]{0,24}["']?=["']?)[^\s"',;]{4,4096}/gu,
  },
  {
    hint: /authorization/iu,
    shape:
      /(\bauthorization["']?\s{0,4}[:=]\s{0,4}["']?(?:bearer|basic)\s{1,4})[A-Za-z0-9._~+/=-]{8,4096}/giu,
  },
  {
    hint: /bearer/iu,
    shape: /(\bbearer\s{1,4})[A-Za-z0-9._~+/-]{20,4096}=*/giu,
  },
  {
    hint: /A[KS]IA/u,
    shape: /()\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/gu,
  },
  {
    hint: /gh[posu]|github_pat|glpat|xox|hf|nvapi|sk-/u,
    shape:
      /()\b(?:ghp|gho|ghs|ghu|github_pat|glpat|xox[abpr]|hf|nvapi|sk-ant|sk-proj)[-_][A-Za-z0-9_-]{16,512}/gu,
  },
  {
    hint: /eyJ/u,
    shape: /()\beyJ[A-Za-z0-9_-]{10,2048}\.eyJ[A-Za-z0-9_-]{10,4096}\.[A-Za-z0-9_-]{10,1024}/gu,
  },
  {
    hint: /-----BEGIN/u,
    shape:
      /()-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.{1,8000}?-----END [A-Z ]{0,30}PRIVATE KEY-----/gu,
  },
];
/** Text without any of these has no shape above: most of it is passed over quickly. */
const HINT =
  /SECRET|TOKEN|KEY|PASSW|secret|token|key|passw|earer|BEARER|uthorization|AUTHORIZATION|A[KS]IA|gh[posu]_|github_pat|glpat|xox|hf_|nvapi|sk-|eyJ/u;

/** What a block begins with. By a pattern: it is six times as quick as looking for each. */
const BLOCK = /"env"|-----BEGIN/u;

/** Known secrets of a run, shared by the redactors of all its streams; it grows. */
export class Secrets {
  #pattern: RegExp | undefined;
  readonly #values = new Set<string>();

  /** Hides a value from now on, also as JSON and URLs spell it. Very short values are not taken. */
  add(value: string): void {
    const spellings = [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)];
    for (const spelling of spellings) {
      if (spelling.trim().length < SHORTEST_SECRET) continue;
      // Multi-line secrets (keys) are looked for line by line.
      for (const line of spelling.split(/\r?\n/u)) {
        if (line.length >= SHORTEST_SECRET) {
          this.#values.add(Buffer.from(line, 'utf8').toString('latin1'));
        }
      }
    }
    const longestFirst = [...this.#values].sort((a, b) => b.length - a.length);
    this.#pattern = new RegExp(longestFirst.map(escaped).join('|'), 'gu');
  }

  /** Matches any known secret, in latin1; undefined while there is none. */
  get pattern(): RegExp | undefined {
    return this.#pattern;
  }

  /** Cleans a text of our own: a message, a log line. */
  clean(text: string): string {
    const redactor = new Redactor(this);
    const bytes = [redactor.push(Buffer.from(text, 'utf8')), redactor.flush()];
    return Buffer.concat(bytes).toString('utf8');
  }
}

/** One stream's redactor. */
export class Redactor {
  /** Secrets taken out so far. */
  count = 0;
  readonly #secrets: Secrets;
  #held = '';
  #inside: 'key' | 'environment' | undefined;
  #insideLines = 0;

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  /** @returns bytes that can't be part of a secret any more */
  push(bytes: Uint8Array): Uint8Array {
    const fresh = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    const text = this.#held === '' ? fresh : this.#held + fresh;
    const end = text.lastIndexOf('\n') + 1;
    let out = this.#lines(text.slice(0, end));
    // Nothing to take out and nothing to hold back: the bytes themselves.
    if (out.length === bytes.length && out === fresh) {
      this.#held = '';
      return bytes;
    }
    this.#held = text.slice(end);
    if (this.#held.length > HELD) out += this.#piece();
    return Buffer.from(out, 'latin1');
  }

  /** At the end of the stream: what was held back. */
  flush(): Uint8Array {
    const out = this.#line(this.#held);
    this.#held = '';
    return Buffer.from(out, 'latin1');
  }

  #lines(text: string): string {
    if (text === '') return '';
    if (this.#inside === undefined && !this.#suspicious(text)) return text;
    return text.replaceAll(/[^\n]*\n/gu, (line) => `${this.#line(line.slice(0, -1))}\n`);
  }

  /** Most of a very long line, without what a token over the seam might need. */
  #piece(): string {
    const clean = this.#line(this.#held);
    const at = clean.length - OVERLAP;
    this.#held = clean.slice(at);
    return clean.slice(0, at);
  }

  #suspicious(text: string): boolean {
    const known = this.#secrets.pattern;
    if (known !== undefined) {
      known.lastIndex = 0;
      if (known.test(text)) return true;
    }
    return HINT.test(text) || BLOCK.test(text);
  }

  #line(line: string): string {
    if (this.#inside === 'key') return this.#keyLine(line);
    if (this.#inside === 'environment') return this.#environmentLine(line);
    if (!this.#suspicious(line)) return line;
    let clean = this.#shapes(line);
    if (/-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----/u.test(clean)) {
      this.#enter('key');
      this.count += 1;
      return `${clean.slice(0, clean.indexOf('-----BEGIN'))}${REDACTED}`;
    }
    const dump = /"env"\s*:\s*\[/u.exec(clean);
    if (dump !== null) {
      const from = dump.index + dump[0].length;
      this.#enter('environment');
      clean = clean.slice(0, from) + this.#environmentLine(clean.slice(from));
    }
    return clean;
  }

  #shapes(line: string): string {
    let clean = line;
    const known = this.#secrets.pattern;
    if (known !== undefined) {
      clean = clean.replaceAll(known, () => {
        this.count += 1;
        return REDACTED;
      });
    }
    for (const { hint, shape } of SHAPES) {
      if (!hint.test(clean)) continue;
      clean = clean.replaceAll(shape, (whole, kept: string) => {
        // What is redacted already is not counted again.
        if (whole.slice(kept.length).startsWith(REDACTED)) return whole;
        this.count += 1;
        return kept + REDACTED;
      });
    }
    return clean;
  }

  #keyLine(line: string): string {
    if (/-----END [A-Z ]{0,30}PRIVATE KEY-----/u.test(line) || this.#leave()) {
      this.#inside = undefined;
    }
    return line === '' ? '' : REDACTED;
  }

  /** Elements of a JSON list "NAME=value": the name stays, the value goes unless it is harmless. */
  #environmentLine(line: string): string {
    let at = 0;
    let out = '';
    for (const element of line.matchAll(/"((?:[^"\\]|\\.)*)"|\]/gu)) {
      out += line.slice(at, element.index);
      at = element.index + element[0].length;
      if (element[0] === ']') {
        this.#inside = undefined;
        return out + line.slice(at - 1);
      }
      out += this.#variable(element[1] ?? '');
    }
    const rest = line.slice(at);
    if (this.#leave()) this.#inside = undefined;
    // A string that has no end on this line: nothing of it is kept.
    const torn = rest.indexOf('"');
    return out + (torn < 0 ? rest : `${rest.slice(0, torn)}"${REDACTED}`);
  }

  #variable(text: string): string {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    const value = equals < 0 ? '' : text.slice(equals + 1);
    if (value === '' || value === REDACTED) return `"${text}"`;
    if (HARMLESS.test(name)) return `"${this.#shapes(text)}"`;
    this.count += 1;
    return `"${name}=${REDACTED}"`;
  }

  #enter(block: 'key' | 'environment'): void {
    this.#inside = block;
    this.#insideLines = 0;
  }

  #leave(): boolean {
    this.#insideLines += 1;
    return this.#insideLines > BLOCK_LINES;
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);
}
