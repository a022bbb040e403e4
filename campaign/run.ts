/** One process of a run: opens the fleet, runs the loop, releases, writes and seals. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HarnessError } from '../plan/errors.ts';
import type { Fleet, RunContext } from '../runners/model.ts';
import type { Finding, Judgement } from '../verdicts/model.ts';
import type { AttemptTools } from './attempt.ts';
import { systemClock } from './clock.ts';
import { Delivery } from './delivery.ts';
import { collectDiagnostics } from './diagnostics.ts';
import { readJson, writeJson } from './directory/json.ts';
import type { PrivateFile } from './directory/model.ts';
import { openRun } from './directory/reader.ts';
import { appendRejected, rejectedRows } from './directory/rejected.ts';
import { privateFile, withoutPrivate } from './directory/private.ts';
import { privateShape } from './directory/shapes.ts';
import { isThere, type RunFiles } from './directory/writer.ts';
import { EvidenceReader } from './evidence/reader.ts';
import { Hooks } from './hooks.ts';
import { type Judging, type Opened, openedAgain, publicNode } from './judging.ts';
import { type LoopEnd, runLoop } from './loop.ts';
import { type Past, readPast } from './past.ts';
import { Payloads, Ports } from './placing.ts';
import type { Clock, Progress } from './progress.ts';
import { Secrets } from './redactor.ts';
import { writeResults } from './results.ts';
import { deadlines } from './schedule/budget.ts';
import { storedRounds, type StopReason } from './stored.ts';
import { readJournal } from './journal.ts';
import type { CampaignResult, CampaignSetup } from './setup.ts';

/** Seconds past a run's own end that provisioned nodes may live on, whatever becomes of us. */
const EXPIRY = 24 * 3600;
/** Longest time without any node, in seconds, after which a run ends (less where grace is less). */
const PATIENCE = 60;

/** `run` once. */
export class Campaign {
  readonly #files: RunFiles;
  readonly #setup: CampaignSetup;
  readonly #clock: Clock;
  readonly #progress: Progress;
  readonly #secrets = new Secrets();
  readonly #hooks: Hooks;
  #started = 0;

  constructor(files: RunFiles, setup: CampaignSetup) {
    this.#files = files;
    this.#setup = setup;
    this.#clock = setup.clock ?? systemClock;
    this.#progress = setup.progress ?? (() => undefined);
    this.#hooks = new Hooks(files.journal, (message) =>
      this.#progress({ kind: 'warning', message }),
    );
  }

  async run(): Promise<CampaignResult> {
    const scratch = await mkdtemp(join(tmpdir(), 'assay-'));
    try {
      return await this.#run(scratch);
    } catch (error) {
      throw named(error, this.#files.path);
    } finally {
      await rm(scratch, { recursive: true, force: true });
      await this.#files.close();
    }
  }

  async #run(scratch: string): Promise<CampaignResult> {
    const { journal, id, path } = this.#files;
    const past = await readPast(this.#files.file('journal.ndjson'));
    const { version, runner, signal } = this.#setup;
    await journal.commit({ event: 'run-start', run: id, version, first: past.first });
    this.#progress({ kind: 'phase', phase: 'open' });
    let fleet: Fleet;
    try {
      fleet = await runner.open(this.#context(scratch, past), signal);
    } catch (error) {
      // Whatever it says then: it was told to end, and there is no fleet to release. But what could not be
      // given back is said.
      if (!signal.aborted || isReleaseFailure(error)) throw error;
      await this.#stop('interrupted');
      return { path, id, sealed: false, stopped: 'interrupted', unreleased: [] };
    }
    this.#started = this.#clock.seconds();
    let end: LoopEnd;
    try {
      end = await this.#loop(fleet, past);
    } catch (error) {
      await this.#stop(error instanceof HarnessError ? stopCode(error) : undefined);
      await this.#release(fleet, []);
      throw error;
    }
    await journal.append({ event: 'used', used: end.used });
    await this.#stop(end.stop);
    if (end.stop === 'interrupted' || end.judging === undefined) {
      const unreleased = await this.#release(fleet, []);
      const stopped = end.stop === 'decided' ? {} : { stopped: end.stop };
      return { path, id, sealed: false, ...stopped, unreleased };
    }
    this.#progress({ kind: 'phase', phase: 'judge' });
    const decided = end.judging.judge.decide(end.stop === 'decided' ? undefined : end.stop);
    this.#tellAccepted(decided);
    await this.#hooks.settled();
    await this.#diagnose(fleet, end.judging, decided, past);
    const keep = this.#files.plan.fleet.keep === 'rejected' ? rejected(decided) : [];
    const unreleased = await this.#release(fleet, keep);
    const judgement = await this.#seal();
    const stopped = end.stop === 'decided' ? {} : { stopped: end.stop };
    return { path, id, sealed: true, ...stopped, judgement, unreleased };
  }

  async #loop(fleet: Fleet, past: Past): Promise<LoopEnd> {
    const { path, plan } = this.#files;
    const begun = await this.#begun(fleet, past);
    const read = new EvidenceReader(join(path, 'evidence'));
    const stored = past.first
      ? nothing()
      : storedRounds(readJournal(this.#files.file('journal.ndjson')), read.streams());
    const tools = this.#tools(fleet, past);
    const { createJudge, signal, patience } = this.#setup;
    const before = past.held + (past.first ? (fleet.heldBefore ?? 0) : 0);
    const until = earlier(this.#setup.until, fleet.until);
    const left = until && (until.getTime() - this.#clock.now().getTime()) / 1000 + before;
    let judging: Judging | undefined;
    try {
      return await runLoop({
        plan,
        fleet,
        begun,
        tools,
        createJudge,
        stored,
        evidence: read,
        deadlines: deadlines(plan, fleet.nodes.length, left),
        held: () => before + this.#clock.seconds() - this.#started,
        patience: patience ?? Math.min(PATIENCE, plan.fleet.grace),
        progress: this.#progress,
        signal,
        opened: async (opened) => {
          judging = opened;
          await writeJson(this.#files.file('fleet.json'), opened.fleetFile);
        },
        tell: (finding) => this.#tell(finding, judging, past),
      });
    } finally {
      await read.close();
    }
  }

  #tools(fleet: Fleet, past: Past): AttemptTools {
    const { plan, journal, evidence } = this.#files;
    return {
      fleet,
      units: this.#setup.units,
      journal,
      evidence,
      secrets: this.#secrets,
      delivery: new Delivery(fleet),
      payloads: new Payloads(),
      ports: new Ports(past.attempts),
      clock: this.#clock,
      lease: plan.fleet.lease,
      programs: new Set(past.programs),
    };
  }

  /** What the provider will be asked about is collected while the nodes are held. */
  async #diagnose(fleet: Fleet, judging: Judging, decided: Judgement, past: Past): Promise<void> {
    const nodes = rejected(decided).flatMap((id) => judging.nodes.get(id) ?? []);
    if (nodes.length === 0) return;
    this.#progress({ kind: 'phase', phase: 'diagnose', nodes: nodes.length });
    await collectDiagnostics(nodes, this.#tools(fleet, past), this.#setup.signal);
  }

  /** The fleet as it was first opened; addresses as they are now. */
  async #begun(fleet: Fleet, past: Past): Promise<Opened> {
    const { file, journal, plan } = this.#files;
    const names = file('private.json');
    if (past.fleet !== undefined) {
      const known: PrivateFile | undefined = (await isThere(names))
        ? await readJson(names, 'private', 1, privateShape)
        : undefined;
      const now = new Map(fleet.nodes.map((node) => [node.id, node]));
      const begun = openedAgain(past.fleet, known);
      const nodes = begun.nodes.map((node) => {
        const { name, fabricAddress } = now.get(node.id) ?? node;
        return { ...node, name, fabricAddress };
      });
      return { ...begun, nodes };
    }
    const { origin, nodes, missing } = fleet;
    await writeJson(names, privateFile(plan, { nodes, missing }));
    await journal.commit({
      event: 'fleet',
      origin,
      nodes: nodes.map(publicNode),
      missing: missing.map(({ code, reason, node }) => ({ code, reason, node: publicNode(node) })),
    });
    return { origin, nodes, missing };
  }

  #context(scratch: string, past: Past): RunContext {
    const { plan, id, journal } = this.#files;
    const { secret, simulate } = this.#setup;
    const seconds = (plan.budget.wallTime ?? 0) + EXPIRY;
    return {
      run: id,
      seed: plan.seed,
      expires: new Date(this.#clock.now().getTime() + seconds * 1000),
      scratch,
      secret: (name) => {
        const value = secret?.(name);
        if (value !== undefined) this.#secrets.add(value);
        return value;
      },
      redact: (value) => this.#secrets.add(value),
      tell: (message) => this.#progress({ kind: 'warning', message }),
      fleet: plan.fleet,
      ...(simulate && { simulate }),
      intent: (record) => journal.commit({ event: 'intent', record }),
      pending: () => past.intents,
    };
  }

  async #tell(finding: Finding, judging: Judging | undefined, past: Past): Promise<void> {
    const { plan, journal, id } = this.#files;
    if (judging === undefined || past.told(finding)) return;
    await journal.append({ event: 'finding', finding });
    const context = {
      nodes: judging.fleetFile.nodes,
      criteria: plan.criteria,
      metrics: judging.metrics,
    };
    await appendRejected(this.#files.file('rejected.csv'), rejectedRows(context)(finding));
    this.#progress({ kind: 'finding', finding });
    this.#hooks.call('on-reject', plan.fleet.onReject, { run: id, finding });
  }

  #tellAccepted({ verdict }: Judgement): void {
    const nodes = verdict.nodes.filter((node) => node.verdict === 'pass').map(({ id }) => id);
    const { plan, id } = this.#files;
    if (nodes.length === 0) return;
    this.#hooks.call('on-accept', plan.fleet.onAccept, {
      run: id,
      lot: verdict.lot.verdict,
      nodes,
    });
  }

  async #stop(reason: StopReason | undefined): Promise<void> {
    if (reason === undefined) return;
    if (reason !== 'decided') this.#progress({ kind: 'stopped', reason });
    // A full disk can't take this line; what led here is thrown on.
    if (reason !== 'disk-full') await this.#files.journal.commit({ event: 'stop', reason });
  }

  async #release(fleet: Fleet, keep: readonly string[]) {
    this.#progress({ kind: 'phase', phase: 'release' });
    const unreleased = await fleet.release(keep);
    try {
      const { length } = unreleased;
      await this.#files.journal.commit({ event: 'release', kept: keep, unreleased: length });
    } catch (error) {
      if (!(error instanceof HarnessError)) throw error;
      this.#progress({ kind: 'warning', message: error.message });
    }
    return unreleased;
  }

  /** Results from the evidence, report, manifest. */
  async #seal(): Promise<Judgement> {
    const { path, plan, journal, file } = this.#files;
    const { units, createJudge, version, report } = this.#setup;
    this.#progress({ kind: 'phase', phase: 'write' });
    await journal.sync();
    const names = await readJson(file('private.json'), 'private', 1, privateShape);
    const { judgement } = await writeResults(
      { path, plan: withoutPrivate(plan), names, units, createJudge },
      path,
    );
    if (report !== undefined) {
      this.#progress({ kind: 'phase', phase: 'report' });
      const run = await openRun(path);
      try {
        await report(run);
      } finally {
        await run.close();
      }
    }
    this.#progress({ kind: 'phase', phase: 'seal' });
    const at = this.#clock.now();
    await journal.commit({ event: 'sealed', sealedAt: at.toISOString() });
    await this.#files.seal(version, at);
    return judgement;
  }
}

function isReleaseFailure(error: unknown): boolean {
  return error instanceof HarnessError && error.code === 'PROVIDER_RELEASE_FAILED';
}

/** The earlier of two moments, where there are two. */
function earlier(a: Date | undefined, b: Date | undefined): Date | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}

function rejected({ verdict }: Judgement): readonly string[] {
  return verdict.nodes.filter((node) => node.verdict === 'fail').map((node) => node.id);
}

function stopCode(error: HarnessError): StopReason | undefined {
  if (error.code === 'FLEET_UNREACHABLE') return 'unreachable';
  return error.code === 'DISK_FULL' ? 'disk-full' : undefined;
}

/** The same error with the run's path in its details, so that the way to resume can be shown. */
function named(error: unknown, run: string): unknown {
  if (!(error instanceof HarnessError)) return error;
  const { code, message, hint, details, cause } = error;
  return new HarnessError(code, message, { hint, details: { ...details, run }, cause });
}

async function* nothing(): AsyncGenerator<never> {
  // A new run has no rounds on disk.
}
