/** What commands write to: a person's terminal, a file, or a machine that wants JSON. */
import { writeSync } from 'node:fs';

/** Where a command's words go, and how the world may interrupt it. */
export interface Io {
  /** `--json`: one document (or one event a line), nothing else on standard output. */
  readonly json: boolean;
  /** A terminal that takes colour and a live line. */
  readonly live: boolean;
  readonly color: boolean;
  /** Standard output; a line end is added. Terminal escapes inside are made visible. */
  out(text: string): void;
  /** Standard error; a line end is added. */
  err(text: string): void;
  /** The last line of a live terminal, replaced by the next; nothing elsewhere. */
  status(text: () => string): void;
  /** One JSON value, one line. */
  event(value: unknown): void;
  /** Aborted by SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Which signal came first. */
  interruptedBy(): 'SIGINT' | 'SIGTERM' | undefined;
  /** Says that this file carries the verdict: exit 1 is given only when it is on disk. */
  verdictAt(file: string): void;
}

/** Control characters (terminal escapes among them) as visible text; line ends stay. */
export function printable(text: string): string {
  return text.replace(
    /(?!\n)[\p{Cc}\p{Bidi_Control}]/gu,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

const STYLES = { bold: '1', red: '31', green: '32', yellow: '33', dim: '2' } as const;

/** Wraps text in a style where the terminal takes colour. */
export function style(io: Pick<Io, 'color'>, name: keyof typeof STYLES, text: string): string {
  return io.color ? `\u001b[${STYLES[name]}m${text}\u001b[0m` : text;
}

/** A write that waits: a pipe that is full must not lose the last lines. */
function write(fd: number, text: string): void {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(fd, bytes));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      // A reader that went away (`| head`) is no failure of ours.
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** The process's own input and output. Signals are taken over once. */
export function processIo(
  json: boolean,
): Io & { dispose(): void; verdictFile(): string | undefined } {
  const controller = new AbortController();
  const color = process.stderr.isTTY && process.env['NO_COLOR'] === undefined;
  const live = !json && process.stderr.isTTY && process.env['TERM'] !== 'dumb';
  let first: 'SIGINT' | 'SIGTERM' | undefined;
  let verdictFile: string | undefined;
  let drawn = false;

  const clear = () => {
    if (drawn) write(2, '\r\u001b[2K');
    drawn = false;
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (signal !== 'SIGINT' && signal !== 'SIGTERM') return;
    first ??= signal;
    controller.abort(signal);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);

  return {
    json,
    live,
    color,
    signal: controller.signal,
    out(text) {
      clear();
      write(1, `${text}\n`);
    },
    err(text) {
      clear();
      write(2, `${text}\n`);
    },
    status(text) {
      if (!live) return;
      clear();
      const width = Math.max(20, (process.stderr.columns ?? 80) - 1);
      write(2, text().slice(0, width));
      drawn = true;
    },
    event(value) {
      write(1, `${JSON.stringify(value)}\n`);
    },
    interruptedBy: () => first,
    verdictAt(file) {
      verdictFile = file;
    },
    verdictFile: () => verdictFile,
    dispose() {
      clear();
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
