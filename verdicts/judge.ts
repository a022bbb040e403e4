/** The judge: one fold over rounds, from readings to requests, findings and a verdict. Pure. */
import { matches, subjectNodes } from '../plan/subject.ts';
import type { Attempt } from '../suites/model.ts';
import { caseTracks } from './criteria/build-tracks.ts';
import { createCompleteness } from './criteria/completeness.ts';
import { createLedger } from './criteria/ledger.ts';
import { nodeTracks } from './criteria/node-tracks.ts';
import type { Criterion } from '../plan/model.ts';
import { worstWord, type Track } from './criteria/track.ts';
import type { Finding, Judge, JudgedReading, JudgeSetup, Stopped, Word } from './model.ts';
import { causes, type Telemetry } from './criteria/causes.ts';
import { createBelow } from './requests/below.ts';
import { createSearching } from './localisation/searching.ts';
import type { Below } from './requests/placement.ts';
import { nodeFactTrack } from './criteria/node-facts.ts';
import { localisedCriterion } from './criteria/implicit.ts';
import type { Node } from '../runners/model.ts';
import { isKnobCase, KnobPairs } from './knobs/knob-pairs.ts';
import { createPlanner } from './requests/planner.ts';
import { createSampler } from './lots/sampling.ts';
import { groupUnits } from './lots/units.ts';
import { buildJudgement } from './verdict/judgement.ts';

/** Above every scope of the ladder. */
const TOP = 9;
const LISTENING: ReadonlySet<string> = new Set(['readiness', 'correctness']);

/** A judge that has seen nothing yet. Same setup, same attempts in each round, same verdict. */
export function createJudge(whole: JudgeSetup): Judge {
  // Runs that show what a setting does are no measurement of any criterion.
  const setup = { ...whole, cases: whole.cases.filter((one) => !isKnobCase(one)) };
  const knobs = new KnobPairs(whole.cases, whole.plan.seed);
  const missing = new Map(
    setup.missing.map((one) => [one.node.id, `${one.code}: ${one.reason}`] as const),
  );
  const ids = [...setup.nodes.map((node) => node.id), ...missing.keys()];
  const ledger = createLedger();
  const searching = createSearching(setup);
  const completeness = createCompleteness(ids, missing, {
    guilty: (of, nodes) => searching.guilty(of, nodes),
    failuresOf: (node) => searching.failuresOf(node),
  });
  const measuring = caseTracks(setup, ledger, searching.byCase);
  searching.join(measuring);
  const onNodes = [
    ...nodeTracks(setup, ledger, completeness, missing),
    nodeFactTrack({
      criterion: localisedCriterion(),
      implicit: true,
      nodes: ids,
      wordOf: (node) => searching.sharedWordOf(node),
    }),
  ];
  const tracks = [...measuring, ...onNodes];
  const byName = tracksByName(tracks);
  // These take checks whatever their name.
  const listening = onNodes.filter((track) => LISTENING.has(track.criterion.metric));
  const delivered = onNodes.filter((track) => track.criterion.metric === 'delivery.matches');
  const byCase = tracksByCase(measuring);
  const planner = createPlanner(setup.cases, measuring, setup.plan.seed);
  const { decision, delivery, seed } = setup.plan;
  const everyNode = [...setup.nodes, ...setup.missing.map((one) => one.node)];
  const sampler =
    decision.sampling === undefined
      ? undefined
      : createSampler(
          [...groupUnits(everyNode, delivery.unit).values()],
          everyNode,
          decision.sampling,
          seed,
        );
  const failed = new Set<string>();
  const frozen = new Set<Track>();
  let round = -1;

  const tell = (findings: readonly Finding[]) => {
    for (const finding of findings) {
      const track = tracks.find((one) => one.criterion.id === finding.criterion);
      if (track?.criterion.mandatory !== true) continue;
      const nodes = subjectNodes(finding.subject);
      if (nodes.length === 1) failed.add(nodes[0] as string);
    }
    return findings;
  };

  const tracksOf = (reading: JudgedReading): readonly Track[] => {
    const own = byName.get(nameOf(reading)) ?? [];
    if (reading.kind === 'fact') return reading.name === 'nics' ? delivered : own;
    return reading.kind === 'check' ? [...own, ...listening] : own;
  };

  /** Ends the round under way. */
  const fold = () => {
    const ended = ledger.takeRound();
    for (const trial of ended) completeness.trial(trial);
    planner.ended(ended.filter((trial) => !searching.asked(trial)));
    for (const search of searching.byCase.values()) search.ended(ended);
    searching.ofGroups.ended(ended);
    const failing = measuring.flatMap((track) => track.fold(round));
    for (const search of searching.byCase.values()) search.settle();
    // Who is at fault, or what they share, is known now.
    failing.push(...measuring.flatMap((track) => track.release?.() ?? []));
    failing.push(...onNodes.flatMap((track) => track.fold(round)));
    return tell(failing);
  };

  return {
    observe(attempt: Attempt, readings: Iterable<JudgedReading>) {
      const from = {
        attempt: ledger.add(attempt),
        case: attempt.trial.case,
        nodes: attempt.trial.nodes,
        seconds: attempt.seconds,
      };
      const { outcome } = attempt;
      // Cut off by our own end: it says nothing about the nodes.
      if (outcome === undefined) return [];
      const measured = outcome.status === 'measured';
      // Figures of a half are no figures of the whole.
      const halved = attempt.trial.why === 'halve';
      if (measured && knobs.any) for (const one of readings) takeKnob(knobs, from, one);
      const failing: Finding[] = [];
      const telemetry: Telemetry[] = [];
      for (const reading of readings) {
        if (reading.kind === 'telemetry') {
          telemetry.push(reading);
          continue;
        }
        const wrong = reading.kind === 'check' && !reading.ok;
        for (const track of tracksOf(reading)) {
          // One case gives a metric at several sizes or modes: a criterion is judged on its own.
          if ('parameters' in reading && !matches(track.criterion.where, reading.parameters))
            continue;
          // A failed attempt has no figures to judge; a wrong result or an event in it stays one.
          if (!measured && !wrong && track.criterion.decide !== 'events') continue;
          if (halved && reading.kind === 'sample' && track.criterion.decide !== 'events') {
            const own = track.sources.some((source) => source.case.id === from.case);
            if (own && track.criterion.decide === 'level') {
              searching.ofGroups.record(from, yOf(track.criterion, reading.value));
            }
            continue;
          }
          const finding = track.take(reading, from);
          if (finding !== undefined) failing.push(finding);
        }
      }
      const own = byCase.get(from.case) ?? [];
      if (measured && !halved) for (const track of own) track.close(from);
      if (measured && !halved && setup.attribute !== undefined) {
        const cause = causes(setup.attribute, telemetry);
        for (const track of own) track.explain?.(from, cause);
      }
      return tell(failing);
    },
    next() {
      const failing = fold();
      round += 1;
      const repeatability = measuring.flatMap((track) => {
        if (track.repeatability === undefined || frozen.has(track)) return [];
        frozen.add(track);
        return [track.repeatability];
      });
      const isFailed = (node: string) => failed.has(node);
      const known = () => createBelow(tracks, setup.nodes, planner, searching.byCase);
      const once = (may: readonly Node[], below: Below) => {
        const planned = planner.next(round, may, below, isFailed);
        const asking = new Set(planned.map((request) => request.case));
        const rest = { round, planner, nodes: may, below, failed: isFailed, planned: asking };
        const halves = searching.ofGroups.next({
          placements: (of) => planner.placements(of),
          levelWord: (of, nodes) => levelWord(byCase.get(of.id) ?? [], nodes),
        });
        return [...planned, ...searching.next(rest), ...halves];
      };
      // Where nothing that is still open can be settled any more, it goes on without.
      const settledBelow = (below: Below) => (node: string, step: number) =>
        below(node, step) ?? 'not-tested';
      const ask = () => {
        const may = setup.nodes.filter(
          (node) => node.accelerators.length > 0 && sampler?.has(node.id) !== false,
        );
        for (;;) {
          const { progress } = searching;
          const requests = once(may, known());
          if (requests.length > 0) return requests;
          const rest = once(may, settledBelow(known()));
          // A search that has just ended lets nodes into the next scope.
          if (rest.length > 0 || searching.progress === progress) return rest;
        }
      };
      let requests = ask();
      while (
        requests.length === 0 &&
        sampler?.draw((node) =>
          missing.has(node) ? 'not-tested' : settledBelow(known())(node, TOP),
        ) === true
      ) {
        requests = ask();
      }
      if (requests.length === 0) {
        const below = settledBelow(known());
        requests = knobs.next(setup.nodes.filter((node) => below(node.id, TOP) === 'pass'));
      }
      return { requests, repeatability, failed: failing };
    },
    decide(stopped?: Stopped) {
      fold();
      return buildJudgement({
        setup,
        tracks,
        ledger,
        completeness,
        planner,
        searching,
        missing,
        failed: (node) => failed.has(node),
        sampler,
        stopped,
        knobs,
      });
    },
  };
}

function takeKnob(
  knobs: KnobPairs,
  from: { readonly case: string; readonly nodes: readonly string[] },
  reading: JudgedReading,
): void {
  if (reading.kind === 'sample') knobs.take(from.case, from.nodes, reading.value);
}

/** Worst word of what a group measures by level. */
function levelWord(tracks: readonly Track[], nodes: readonly string[]): Word | undefined {
  const level = tracks.filter(
    ({ criterion }) => criterion.decide === 'level' && criterion.mandatory,
  );
  return worstWord(level.flatMap((track) => track.standing(nodes) ?? []));
}

/** ln of a value over the limit, positive where it conforms. */
function yOf({ limit, bound }: Criterion, value: number): number {
  const y = Math.log(Math.max(value / limit.value, 1e-6));
  return bound === 'at-least' ? y : -y;
}

function nameOf(reading: JudgedReading): string {
  switch (reading.kind) {
    case 'sample':
      return reading.metric;
    case 'check':
    case 'digest':
    case 'fact':
      return reading.name;
    case 'telemetry':
    case 'progress':
      return '';
  }
}

function tracksByName(tracks: readonly Track[]): ReadonlyMap<string, readonly Track[]> {
  const byName = new Map<string, Track[]>();
  for (const track of tracks) {
    const own = byName.get(track.criterion.metric) ?? [];
    byName.set(track.criterion.metric, own);
    if (!LISTENING.has(track.criterion.metric)) own.push(track);
  }
  return byName;
}

function tracksByCase(tracks: readonly Track[]): ReadonlyMap<string, readonly Track[]> {
  const byCase = new Map<string, Track[]>();
  for (const track of tracks) {
    for (const id of new Set(track.sources.map((source) => source.case.id))) {
      const own = byCase.get(id) ?? [];
      byCase.set(id, own);
      own.push(track);
    }
  }
  return byCase;
}
