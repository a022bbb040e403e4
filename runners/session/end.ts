/** How the node-side supervisor says that a program ended, read with care: a node's words are data. */
import type { Exit } from '../model.ts';
import { BrokenFrames } from './frames.ts';

/** An Exit without the node and the seconds, which the session knows. */
export type End = Exit extends infer E
  ? E extends unknown
    ? Omit<E, 'node' | 'rank' | 'seconds'>
    : never
  : never;

/** Reads an exit. @throws {BrokenFrames} when it is none */
export function readEnd(bytes: Buffer): End {
  const said = fields(bytes);
  const pids = said['survivors'];
  const survivors = Array.isArray(pids) ? pids.filter((pid) => Number.isInteger(pid)) : [];
  const rest = survivors.length > 0 ? { survivors: survivors as number[] } : {};
  switch (said['ended']) {
    case 'exited': {
      const code = Number(said['code']);
      if (!Number.isInteger(code)) throw new BrokenFrames('an exit without a code');
      return { ended: 'exited', code, ...rest };
    }
    case 'signalled':
      return { ended: 'signalled', signal: text(said['signal']), ...rest };
    case 'stopped':
    case 'timed-out':
    case 'over-limit':
      return { ended: said['ended'], ...rest };
    case 'lost':
    case 'not-started': {
      const { ended } = said;
      return { ended, code: word(said['code']), reason: text(said['reason']), ...rest };
    }
    default:
      throw new BrokenFrames('an exit that says nothing');
  }
}

/** Reads why a program was not started. @throws {BrokenFrames} */
export function readNotStarted(bytes: Buffer): End {
  const { code, reason } = fields(bytes);
  return { ended: 'not-started', code: word(code), reason: text(reason) };
}

/** Reads why there is no daemon any more. @throws {BrokenFrames} */
export function readGone(bytes: Buffer, started: boolean): End {
  const reason = `the node's supervisor is gone: ${text(fields(bytes)['reason'])}`;
  return { ended: started ? 'lost' : 'not-started', code: 'SSH_LOST', reason };
}

function fields(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new BrokenFrames('a frame that is not JSON');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 2000) : '';
}

function word(value: unknown): string {
  return typeof value === 'string' && /^[A-Z][A-Z0-9_]{0,39}$/u.test(value) ? value : 'NOT_STARTED';
}
