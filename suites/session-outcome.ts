/** From how the processes of an attempt ended, and what they said, to whose fault it was. */
import type { Outcome, StepExit } from './model.ts';
import type { ProtocolLine } from './protocol.ts';

/** What one process said, by the session that it spoke in. */
export interface Speech {
  /** Step.index in the attempt. */
  readonly step: number;
  readonly node: string;
  /** Its one `done`. */
  readonly done?: Extract<ProtocolLine, { kind: 'done' }>;
  /** First line that broke the protocol or the case, with its place. */
  readonly broken?: string;
  /** Last thing it said outside the protocol, cut: the best hint at why it ended. */
  readonly lastLog?: string;
  /** What the case promised of this node and was not said. */
  readonly missing: readonly string[];
}

type Failed = Extract<Outcome, { status: 'failed' }>;

/** One node's failure; a lower `order` is nearer to the cause (a lost node makes its peers hang). */
interface Failure extends Omit<Failed, 'status' | 'suspects'> {
  readonly node: string;
  readonly order: number;
}

/** not-started codes that speak of the way to the node, not of what is on it. */
const REACH = /^(?:SSH_|FLEET_|PROVIDER_)/u;

/** One payload says that it can't do this here; neither a failure nor a silent gap. */
export const NOT_SUPPORTED = 'NOT_SUPPORTED';

/**
 * Names the owner of an attempt's failure, from the exits first (a cut line is no forgery when the
 * connection was lost) and the speech after.
 *
 * @param exits of the suite's deciding processes; a process without one counts as lost
 * @param speeches one a process
 */
export function sessionOutcome(exits: readonly StepExit[], speeches: readonly Speech[]): Outcome {
  const failures = speeches.flatMap((speech) => {
    const own = exits.filter((exit) => exit.node === speech.node && exit.step === speech.step);
    return (
      own.map((exit) => exitFailure(exit)).find((one) => one !== undefined) ??
      speechFailure(speech, own) ??
      []
    );
  });
  const [first, ...rest] = failures.sort((a, b) => a.order - b.order);
  if (first === undefined) return { status: 'measured' };
  const same = [first, ...rest].filter((one) => one.order === first.order);
  const more = same.length > 1 ? ` (and ${same.length - 1} more)` : '';
  // Where every process of several hung, none can be blamed from here.
  const hung = first.code === 'HANG' && speeches.length > 1 && same.length === speeches.length;
  return {
    status: 'failed',
    owner: hung ? 'group' : first.owner,
    code: first.code,
    message: first.message + more,
    suspects: [...new Set(same.map((one) => one.node))].sort(),
  };
}

function exitFailure(exit: StepExit): Failure | undefined {
  const { node } = exit;
  switch (exit.ended) {
    case 'not-started': {
      const owner = REACH.test(exit.code) ? 'reach' : 'harness';
      return { node, order: 0, owner, code: exit.code, message: `${node}: ${exit.reason}` };
    }
    case 'lost':
      return {
        node,
        order: 0,
        owner: 'reach',
        code: exit.code,
        message: `${node}: ${exit.reason}`,
      };
    case 'over-limit': {
      const message = `${node} printed more than is allowed`;
      return { node, order: 1, owner: 'node', code: 'OUTPUT_OVER_LIMIT', message };
    }
    case 'timed-out': {
      const message = `${node} did not finish in ${Math.round(exit.seconds)} s`;
      return { node, order: 4, owner: 'node', code: 'HANG', message };
    }
    case 'stopped': {
      const message = `${node} was stopped by us before it finished`;
      return { node, order: 6, owner: 'harness', code: 'STOPPED', message };
    }
    case 'exited':
    case 'signalled':
      return undefined;
  }
}

function speechFailure(speech: Speech, exits: readonly StepExit[]): Failure | undefined {
  const { node, done, broken, missing } = speech;
  const [exit] = exits;
  if (broken !== undefined) {
    const message = `${node}: ${broken}`;
    return { node, order: 1, owner: 'node', code: 'OUTPUT_UNREADABLE', message };
  }
  if (exit === undefined) {
    const message = `${node}: the process left no exit`;
    return { node, order: 0, owner: 'reach', code: 'SSH_LOST', message };
  }
  if (done?.ok === false) {
    if (done.code === NOT_SUPPORTED) return undefined;
    const owner = done.owner ?? 'node';
    const message = `${node}: ${done.message ?? ''}`;
    return { node, order: owner === 'group' ? 5 : 1, owner, code: done.code ?? 'FAILED', message };
  }
  const how =
    exit.ended === 'signalled'
      ? `signal ${exit.signal}`
      : `exit ${exit.ended === 'exited' ? exit.code : exit.ended}`;
  if (done === undefined) {
    const hint = speech.lastLog === undefined ? '' : `; it last said: ${speech.lastLog}`;
    const message = `${node} ended without a done line (${how})${hint}`;
    return { node, order: 2, owner: 'node', code: 'OUTPUT_INCOMPLETE', message };
  }
  if (exit.ended !== 'exited' || exit.code !== 0) {
    const message = `${node} said done and then ended with ${how}`;
    return { node, order: 2, owner: 'node', code: 'CRASHED', message };
  }
  if (missing.length > 0) {
    const shown = missing.slice(0, 3).join('; ');
    const message = `${node} said done without ${shown}${missing.length > 3 ? ` and ${missing.length - 3} more` : ''}`;
    return { node, order: 3, owner: 'node', code: 'OUTPUT_INCOMPLETE', message };
  }
  return undefined;
}
