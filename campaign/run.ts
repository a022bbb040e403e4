/** One process of a run: opens the fleet, runs the loop, releases, writes and seals. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HarnessError } from '../plan/errors.ts';
import type { Fleet, Node, RunContext } from '../runners/model.ts';
import type { Verdict } from '../verdicts/model.ts';
import type { AttemptTools } from './attempt.ts';
import { systemClock } from './clock.ts';
import { Delivery } from './delivery.ts';
import { collectDiagnostics } from './diagnostics.ts';
import { readJson, writeJson } from './directory/json.ts';
import type { FleetFile, PrivateFile } from './directory/model.ts';
import { openRun } from './directory/reader.ts';
import { privateFile, withoutPrivate } from './directory/private.ts';
import { fleetShape, privateShape } from './directory/shapes.ts';
import { isThere, type RunFiles } from './directory/writer.ts';
import { prepareFaults } from './faults.ts';
import { type Follower, followRun } from './follower.ts';
import { Hooks } from './hooks.ts';
import { type Opened, openedAgain, publicNode } from './judging.ts';
import { type LoopEnd, runLoop } from './loop.ts';
import { type Past, readPast } from './past.ts';
import { Payloads, Ports } from './placing.ts';
import type { Clock, Progress } from './progress.ts';
import { Secrets } from './redactor.ts';
import { deadlines } from './schedule/budget.ts';
import { service } from './service.ts';
import type { StopReason } from './stored.ts';
import { Telling } from './telling.ts';
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
    const tools = this.#tools(fleet, past);
    let follower: Follower | undefined;
    try {
      let end: LoopEnd;
      try {
        const begun = await this.#begun(fleet, past);
        const telling = new Telling(this.#files, past, this.#hooks, this.#progress);
        follower = await this.#follow(begun, telling);
        end = await this.#loop(tools, past, begun, follower, telling);
      } catch (error) {
        await this.#stop(error instanceof HarnessError ? stopCode(error) : undefined);
        await this.#release(fleet, []);
        throw error;
      }
      return await this.#end(tools, end, follower);
    } finally {
      await follower?.close();
    }
  }

  /** Whoever judges: in a thread of its own where the fleet is worth it. */
  async #follow(begun: Opened, telling: Telling): Promise<Follower> {
    const { path, plan } = this.#files;
    const { units, createJudge, follow = followRun } = this.#setup;
    return follow({
      path,
      plan: withoutPrivate(plan),
      nodes: begun.nodes.length,
      units,
      createJudge,
      failed: (findings) => telling.tell(findings),
    });
  }

  /** After the last trial: verdict, release, results. */
  async #end(tools: AttemptTools, end: LoopEnd, follower: Follower): Promise<CampaignResult> {
    const { fleet } = tools;
    const { journal, path, id } = this.#files;
    await journal.append({ event: 'used', used: end.used });
    await this.#stop(end.stop);
    const stopped = end.stop === 'decided' ? {} : { stopped: end.stop };
    if (end.stop === 'interrupted' || end.nodes === undefined) {
      const unreleased = await this.#release(fleet, []);
      return { path, id, sealed: false, ...stopped, unreleased };
    }
    this.#progress({ kind: 'phase', phase: 'judge' });
    const verdict = await follower.decide(end.stop === 'decided' ? undefined : end.stop);
    this.#tellAccepted(verdict);
    await this.#hooks.settled();
    const { nodes } = end;
    await this.#diagnose(
      tools,
      rejected(verdict).flatMap((id) => nodes.get(id) ?? []),
    );
    await service(fleet, verdict, journal, this.#progress);
    const keep = this.#files.plan.fleet.keep === 'rejected' ? rejected(verdict) : [];
    const unreleased = await this.#release(fleet, keep);
    await this.#seal(follower);
    return { path, id, sealed: true, ...stopped, judgement: { verdict }, unreleased };
  }

  async #loop(
    tools: AttemptTools,
    past: Past,
    begun: Opened,
    follower: Follower,
    telling: Telling,
  ): Promise<LoopEnd> {
    const { plan, journal, file } = this.#files;
    const { signal, patience } = this.#setup;
    const { fleet } = tools;
    const before = past.held + (past.first ? (fleet.heldBefore ?? 0) : 0);
    const until = earlier(this.#setup.until, fleet.until);
    const left = until && (until.getTime() - this.#clock.now().getTime()) / 1000 + before;
    const path = file('fleet.json');
    const known: FleetFile | undefined =
      !past.first && (await isThere(path))
        ? await readJson(path, 'fleet', 1, fleetShape)
        : undefined;
    if (known !== undefined) telling.opened(known);
    if (!past.first) follower.advance(journal.written);
    const end = await runLoop({
      plan,
      fleet,
      begun,
      tools,
      follower,
      ...(!past.first && { journal: file('journal.ndjson') }),
      ...(known && { known }),
      deadlines: deadlines(plan, fleet.nodes.length, left),
      held: () => before + this.#clock.seconds() - this.#started,
      patience: patience ?? Math.min(PATIENCE, plan.fleet.grace),
      progress: this.#progress,
      signal,
      opened: async (opened) => {
        telling.opened(opened);
        await writeJson(path, opened);
      },
      tell: (findings) => telling.tell(findings),
    });
    await telling.settled();
    return end;
  }

  #tools(fleet: Fleet, past: Past): AttemptTools {
    const { id, plan, journal, evidence } = this.#files;
    return {
      fleet,
      units: this.#setup.units,
      journal,
      evidence,
      secrets: this.#secrets,
      delivery: new Delivery(fleet),
      payloads: new Payloads(),
      ports: new Ports(id, past.attempts),
      clock: this.#clock,
      lease: plan.fleet.lease,
      programs: new Set(past.programs),
    };
  }

  /** What the provider will be asked about is collected while the nodes are held. */
  async #diagnose(tools: AttemptTools, nodes: readonly Node[]): Promise<void> {
    if (nodes.length === 0) return;
    this.#progress({ kind: 'phase', phase: 'diagnose', nodes: nodes.length });
    await collectDiagnostics(nodes, tools, this.#setup.signal);
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

  #tellAccepted({ nodes: rows, lot }: Verdict): void {
    const nodes = rows.filter((node) => node.verdict === 'pass').map(({ id }) => id);
    const { plan, id } = this.#files;
    if (nodes.length === 0) return;
    this.#hooks.call('on-accept', plan.fleet.onAccept, {
      run: id,
      lot: lot.verdict,
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

  /** Results, report, manifest. */
  async #seal(follower: Follower): Promise<void> {
    const { path, journal } = this.#files;
    const { version, report, runner, signal } = this.#setup;
    this.#progress({ kind: 'phase', phase: 'write' });
    await journal.sync();
    await follower.write();
    // What it knew is on disk: the reports have its memory.
    await follower.close();
    if (report !== undefined) {
      this.#progress({ kind: 'phase', phase: 'report' });
      const run = await openRun(path);
      try {
        const faults = await prepareFaults(run, runner, signal, this.#progress);
        await report({ ...run, ...(faults && { faults }) });
      } finally {
        await run.close();
      }
    }
    this.#progress({ kind: 'phase', phase: 'seal' });
    const at = this.#clock.now();
    await journal.commit({ event: 'sealed', sealedAt: at.toISOString() });
    await this.#files.seal(version, at);
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

function rejected(verdict: Verdict): readonly string[] {
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
