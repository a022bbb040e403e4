/** Tells a run as it goes on: a live line and plain lines on a terminal, one event a line for machines. */
import type { Phase, Progress, ProgressEvent } from '../campaign/progress.ts';
import { subjectKey } from '../plan/subject.ts';
import { printable, style, type Io } from './terminal.ts';

const PHASES: Readonly<Record<Phase, string>> = {
  open: 'opening the fleet',
  inventory: 'inventory',
  round: 'round',
  judge: 'judging',
  diagnose: 'collecting diagnostics of rejected nodes',
  release: 'releasing the fleet',
  write: 'writing samples, findings and verdict from the evidence',
  report: 'writing reports',
  seal: 'sealing the run',
};

/** Progress for `--json`: what a person would see, as data. */
export function jsonProgress(io: Io): Progress {
  return (event) => {
    const { kind, ...rest } = event;
    io.event({ event: kind, ...rest });
  };
}

/** Progress for a person: findings and phases as lines, trials and the time left on the last line. */
export function textProgress(io: Io): Progress {
  const running = new Map<string, string>();
  let eta = '';
  const redraw = () => io.status(words);
  const words = () => {
    const cases = new Map<string, number>();
    for (const name of running.values()) cases.set(name, (cases.get(name) ?? 0) + 1);
    const each = [...cases].map(([name, count]) => (count === 1 ? name : `${name} × ${count}`));
    return printable([eta, ...each].filter((word) => word !== '').join(' · '));
  };
  return (event) => {
    switch (event.kind) {
      case 'phase':
        running.clear();
        eta = '';
        io.err(style(io, 'dim', phaseLine(event)));
        return;
      case 'attempt-start':
        running.set(event.attempt, event.case);
        return redraw();
      case 'attempt-end': {
        running.delete(event.attempt.id);
        const { outcome, trial } = event.attempt;
        if (outcome?.status === 'failed') {
          const { owner, code, message } = outcome;
          io.err(printable(`  ${trial.id}: ${code} (${owner}): ${message}`));
        }
        return redraw();
      }
      case 'finding': {
        const { criterion, subject, reason } = event.finding;
        const word = style(io, 'red', 'FAIL');
        io.err(`  ${word} ${printable(`${criterion} ${subjectKey(subject)}: ${reason}`)}`);
        return;
      }
      case 'eta':
        eta = etaText(event);
        return redraw();
      case 'stopped':
        io.err(`  stopped: ${event.reason}`);
        return;
      case 'warning':
        io.err(printable(`  warning: ${event.message}`));
    }
  };
}

function phaseLine({ phase, round, trials, nodes }: Extract<ProgressEvent, { kind: 'phase' }>) {
  const name = round === undefined ? PHASES[phase] : `${PHASES[phase]} ${round}`;
  const facts = [
    ...(trials === undefined ? [] : [`${trials} ${trials === 1 ? 'trial' : 'trials'}`]),
    ...(nodes === undefined ? [] : [`${nodes} ${nodes === 1 ? 'node' : 'nodes'}`]),
  ];
  return `  ${name}${facts.length === 0 ? '' : `: ${facts.join(' on ')}`}`;
}

function etaText({ done, total, seconds }: Extract<ProgressEvent, { kind: 'eta' }>): string {
  const left =
    seconds === undefined
      ? ''
      : seconds < 90
        ? `, ${Math.ceil(seconds)} s left`
        : `, ${Math.ceil(seconds / 60)} min left`;
  return `  ${done}/${total} trials${left}`;
}
