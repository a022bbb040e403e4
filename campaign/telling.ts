/** Failing findings, told at once and once: journal, rejected.csv, progress, the owner's hook. */
import { subjectKey } from '../plan/subject.ts';
import type { Finding } from '../verdicts/model.ts';
import type { FleetFile } from './directory/model.ts';
import { appendRejected, rejectedRows } from './directory/rejected.ts';
import type { RunFiles } from './directory/writer.ts';
import type { Hooks } from './hooks.ts';
import type { Past } from './past.ts';
import type { Progress } from './progress.ts';

/** Tells beside the run; what goes wrong is thrown by `settled`. */
export class Telling {
  readonly #files: Pick<RunFiles, 'plan' | 'journal' | 'id' | 'file'>;
  readonly #past: Past;
  readonly #hooks: Hooks;
  readonly #progress: Progress;
  readonly #told = new Set<string>();
  #rows: ReturnType<typeof rejectedRows> = () => [];
  #waiting: Finding[] = [];
  #telling: Promise<void> | undefined;
  #failed: { readonly error: unknown } | undefined;

  constructor(files: RunFiles, past: Past, hooks: Hooks, progress: Progress) {
    this.#files = files;
    this.#past = past;
    this.#hooks = hooks;
    this.#progress = progress;
  }

  /** Who the nodes are; before it there is no finding. */
  opened({ nodes, metrics }: FleetFile): void {
    this.#rows = rejectedRows({ nodes, criteria: this.#files.plan.criteria, metrics });
  }

  /** Queues what has not been told yet. */
  tell(findings: readonly Finding[]): void {
    for (const finding of findings) {
      const key = `${finding.criterion} ${subjectKey(finding.subject)}`;
      if (this.#told.has(key)) continue;
      this.#told.add(key);
      if (!this.#past.told(finding)) this.#waiting.push(finding);
    }
    if (this.#waiting.length === 0) return;
    this.#telling ??= this.#tellAll().catch((error: unknown) => {
      this.#failed ??= { error };
    });
  }

  /** Resolves when all is told. @throws {HarnessError} DISK_FULL */
  async settled(): Promise<void> {
    while (this.#telling !== undefined && this.#failed === undefined) await this.#telling;
    if (this.#failed !== undefined) throw this.#failed.error;
  }

  async #tellAll(): Promise<void> {
    const { journal, plan, id, file } = this.#files;
    while (this.#waiting.length > 0) {
      const findings = this.#waiting;
      this.#waiting = [];
      await Promise.all(findings.map((finding) => journal.append({ event: 'finding', finding })));
      await appendRejected(
        file('rejected.csv'),
        findings.flatMap((finding) => this.#rows(finding)),
      );
      for (const finding of findings) {
        this.#progress({ kind: 'finding', finding });
        this.#hooks.call('on-reject', plan.fleet.onReject, { run: id, finding });
      }
    }
    this.#telling = undefined;
  }
}
