/**
 * Who of a slow or failing pair is at fault: the search over the pairs of one case. The pairs that the planner placed
 * are measured again and again until they are decided, so they give sigma and are the first screen; then rounds by the
 * formula; then every suspect runs with cleared partners until it is decided by itself.
 */
import { stream } from '../../plan/random.ts';
import type { Node } from '../../runners/model.ts';
import type { Case } from '../../suites/model.ts';
import { byText, type EndedTrial } from '../criteria/ledger.ts';
import type { Request, Word } from '../model.ts';
import { blameGroups, type Blamed } from './common-cause.ts';
import { confirmCouples } from './confirm.ts';
import { randomMatching } from './matchings.ts';
import { Meetings, pairsOutside } from './meetings.ts';
import { RoundCounts } from './intermittent.ts';
import { LeafPairs } from './leaf-pairs.ts';
import { classOfPairs, isNear } from './pair-class.ts';
import { RailTally } from './rails.ts';
import { createPairValues, type PairValue, type Scatter } from './pair-results.ts';
import { ASSUMED_FAULTS, chooseRounds, upperTail, type Errors, type Rounds } from './rounds.ts';
import {
  linkWord,
  namesNobody,
  type Role,
  type SearchContext,
  type SearchRisks,
  type Side,
} from './search-model.ts';
import { summarise } from './search-summary.ts';
import { FAILURES, Suspects } from './suspects.ts';
import { couplesOf, Sweep } from './sweep.ts';

/** Fewer cleared nodes are no matching worth a round. */
const FEW = 4;

export class PairSearch {
  readonly of: Case;
  /** Groups at fault: more of their nodes are than by chance. */
  readonly blamed: Blamed[] = [];
  readonly #named = new Set<string>();
  readonly #nodes: ReadonlyMap<string, Node>;
  readonly #seed: number;
  readonly #risks: SearchRisks;
  readonly #sides: Side[] = [];
  readonly #values;
  readonly #classOf;
  readonly #roles = new Map<string, Role>();
  readonly #suspects = new Suspects();
  readonly #members = new Set<string>();
  readonly #considered = new Set<string>();
  readonly #broken = new Set<string>();
  readonly #counts = new RoundCounts();
  readonly #rails = new RailTally();
  readonly #meetings = new Meetings();
  readonly #leafPairs: LeafPairs;
  readonly #triedOutside = new Set<string>();
  #stopped: readonly number[] | undefined;
  #phase: 'placed' | 'screen' | 'confirm' | 'sweep' | 'done' = 'placed';
  #rounds: Rounds & Partial<Errors> = { screen: 0, confirm: FAILURES };
  #scatter: Scatter | undefined;
  #screensLeft = 0;
  #bye: string | undefined;
  #sweep: Sweep | undefined;
  #swept = false;
  #placed = 0;

  constructor(of: Case, nodes: readonly Node[], seed: number, risks: SearchRisks) {
    this.of = of;
    this.#nodes = new Map(nodes.map((node) => [node.id, node]));
    this.#seed = seed;
    this.#risks = risks;
    this.#classOf = classOfPairs(this.#nodes);
    this.#values = createPairValues(this.#classOf);
    this.#leafPairs = new LeafPairs(this.#nodes);
  }

  join(side: Side): void {
    this.#sides.push(side);
  }

  /** What the search asked this pair for in this round; undefined: the planner did. */
  role(pair: readonly string[]): Role | undefined {
    return this.#roles.get(pair.join('~'));
  }

  record(value: PairValue): void {
    this.#values.add(value);
    this.#rails.take(value);
    this.#meetings.add(value.pair);
    this.#leafPairs.take(value.pair);
  }

  /** The trials of the round that ends, before the criteria fold it. */
  ended(trials: readonly EndedTrial[]): void {
    for (const trial of trials) {
      if (trial.case !== this.of.id) continue;
      const key = trial.nodes.join('~');
      const outcome = trial.failure?.outcome;
      const broke = !trial.measured && outcome !== undefined && namesNobody(outcome, trial.nodes);
      if (broke) this.#broken.add(key);
      const role = this.#roles.get(key);
      if (role?.kind !== 'confirm' || !(trial.measured || broke)) continue;
      const wrong = broke || linkWord(this.#sides, trial.nodes, true) === 'fail';
      this.#suspects.ended(
        role.suspect,
        wrong ? `${trial.id}/${trial.failure?.ordinal ?? 0}` : undefined,
      );
    }
  }

  /** End of a round, after the criteria have folded it. */
  settle(): void {
    const short = this.#values.endRound();
    this.#rails.endRound();
    this.#leafPairs.endRound((pair) => short.has(pair));
    for (const [key, role] of this.#roles) {
      const bad = short.has(key) || this.#broken.has(key);
      for (const node of key.split('~')) {
        this.#counts.add(node, bad);
        if (role.kind === 'screen' && bad) this.#suspects.add(node);
      }
      if (role.kind !== 'sweep') continue;
      const z = this.#values.standardised().get(key);
      if (z !== undefined || this.#broken.has(key)) this.#sweep?.record(key, z);
    }
    this.#roles.clear();
    if (this.#phase !== 'confirm') return;
    if (this.#open().length === 0 && this.#inside().length === 0) this.#conclude();
  }

  /** Groups to run now, with their reasons. */
  next(context: SearchContext): readonly Request[] {
    if (this.#phase === 'done' && this.#news(context).length > 0) this.#phase = 'placed';
    if (this.#phase === 'placed') {
      if (context.waiting || context.placements.length === 0) return [];
      this.#begin(context);
    }
    if (this.#phase === 'screen') {
      const requests = this.#screen(context);
      if (requests.length > 0) return requests;
      this.#phase = 'confirm';
    }
    if (this.#phase === 'confirm') {
      const outside = this.#outside(context);
      const requests = outside.length > 0 ? outside : this.#confirm(context);
      if (requests.length > 0) return requests;
      this.#conclude();
    }
    return this.#phase === 'sweep' ? this.#sweepOn(context) : [];
  }

  /** Word on a node as far as the links of this case go; undefined: open, or it has no part in the search. */
  standing(node: string): Word | undefined {
    if (this.#named.has(node) || this.blames(node)) return 'fail';
    if (this.#phase !== 'done' || !this.#members.has(node)) return undefined;
    return this.#suspects.has(node) ? (this.#suspects.wordOf(node) ?? 'inconclusive') : 'pass';
  }

  /** Whether a group that the node is in is blamed. */
  blames(node: string): boolean {
    return this.blamed.some((group) => group.nodes.includes(node));
  }

  /** Attempts with cleared partners that failed or were wrong, of a node that is named for these alone or not. */
  failures(node: string): readonly string[] {
    return this.#named.has(node) ? this.#suspects.bad(node) : [];
  }

  /** Whether all its suspects are decided. */
  get settled(): boolean {
    return this.#phase === 'done' || this.#phase === 'sweep';
  }

  /** Grows with what it says of nodes or wants of the planner. */
  get progress(): number {
    return Number(this.settled) + Number(this.#phase === 'done') + this.#placed;
  }

  partners(node: string): readonly string[] {
    return this.#suspects.partners(node);
  }

  /** Rails on which a node's links fall short; empty: all, or there are none. */
  railsOf(node: string): readonly number[] {
    return this.#rails.of(node);
  }

  /** Whose fault a link's finding is: empty is the link's own. Undefined: not known. */
  guilty(pair: readonly string[]): readonly string[] | undefined {
    const own = pair.filter((node) => this.standing(node) === 'fail');
    if (own.length > 0) return own;
    return pair.every((node) => this.#suspects.wordOf(node) === 'pass') ? [] : undefined;
  }

  /** Sentences on what was searched and what was not. */
  notes(): string[] {
    const well = (node: string) => this.standing(node) !== 'fail';
    return summarise({
      of: this.of.id,
      nodes: this.#members.size,
      scatter: this.#scatter,
      rounds: this.#rounds,
      decided: this.#considered.size,
      swept: this.#swept,
      stopped: this.#stopped,
      counts: this.#counts.of(well),
      leafPairs: this.#leafPairs.crossed ? this.#leafPairs.blamed(well) : undefined,
    });
  }

  #news({ placements }: SearchContext): SearchContext['placements'] {
    return placements.filter((one) => !this.#considered.has(one.nodes.join('~')));
  }

  #begin(context: SearchContext): void {
    for (const { nodes, broken } of this.#news(context)) {
      const key = nodes.join('~');
      this.#considered.add(key);
      for (const node of nodes) this.#members.add(node);
      const word = linkWord(this.#sides, nodes);
      const failing = word === 'fail' || word === 'inconclusive';
      if (broken ? this.#broken.has(key) : failing) {
        for (const node of nodes) this.#suspects.add(node);
      }
    }
    this.#scatter ??= this.#values.scatter();
    if (this.#scatter !== undefined) {
      const nodes = this.#members.size;
      const { distance } = this.#scatter;
      this.#rounds = chooseRounds(
        { nodes, faults: Math.max(1, ASSUMED_FAULTS * nodes), distance },
        this.#risks.wanted,
        // Placed pairs run twice at least, and pass only when they are shown to conform.
        Math.min(this.#risks.pass, upperTail(distance / Math.SQRT2)),
      ) ?? { screen: 0, confirm: FAILURES };
    }
    this.#screensLeft = this.#rounds.screen;
    this.#phase = 'screen';
  }

  #screen(context: SearchContext): Request[] {
    const cleared = this.#cleared(context);
    if (this.#screensLeft <= 0 || cleared.length < FEW) return [];
    this.#screensLeft -= 1;
    const random = stream(this.#seed, 'screen', this.of.id, context.round);
    const sure = this.#bye === undefined ? -1 : cleared.indexOf(this.#bye);
    const { pairs, bye } = randomMatching(cleared.length, random, sure < 0 ? undefined : sure);
    this.#bye = bye === undefined ? undefined : cleared[bye];
    return this.#ask(couplesOf(cleared, pairs), 'screen');
  }

  #confirm(context: SearchContext): Request[] {
    for (const node of this.#open())
      if (context.failed(node)) this.#suspects.give(node, 'inconclusive');
    const cleared = this.#cleared(context);
    if (this.#open().length > cleared.length) {
      // Too many for one by one: what do they share?
      this.#commonCause(this.#open());
      if (this.#open().length > cleared.length) {
        this.#stopped = this.#rails.ofAll(this.#open());
        for (const node of this.#open()) this.#suspects.give(node, 'inconclusive');
      }
    }
    const couples = confirmCouples(this.#open(), cleared, {
      random: (name, ...rest) => stream(this.#seed, name, ...rest, context.round),
      of: this.of.id,
      met: (suspect, partner) => this.#suspects.met(suspect, partner),
      near: (...pair) => isNear(this.#classOf(pair.join('~'))),
      doubtful: (...pair) => this.#leafPairs.doubtful(...pair),
    });
    const groups = couples.map(({ suspect, partner }) => {
      const pair = [suspect, partner].sort(byText);
      this.#suspects.asked(suspect, partner);
      this.#roles.set(pair.join('~'), { kind: 'confirm', suspect });
      return pair;
    });
    return groups.length === 0 ? [] : [{ case: this.of.id, groups, why: 'confirm' }];
  }

  /** Who shares a place with a suspect and has not been tried outside it: cleared by nobody yet. */
  #inside() {
    const suspects = [...this.#suspects.failing(), ...this.#open()];
    return this.#meetings
      .inside(suspects, this.#members, this.#nodes)
      .filter(({ node }) => !this.#suspects.has(node) && !this.#triedOutside.has(node));
  }

  #outside(context: SearchContext): Request[] {
    const inside = this.#inside();
    for (const { node } of inside) this.#triedOutside.add(node);
    return this.#ask(pairsOutside(inside, this.#cleared(context)), 'screen');
  }

  /** Suspects that are not decided, sorted. */
  #open(): string[] {
    return this.#suspects.open(this.#rounds.confirm, (node) =>
      this.#sides.flatMap((side) => (side.endWord === undefined ? [] : [side.endWord(node)])),
    );
  }

  /** All suspects are decided: names them, or what they share. */
  #conclude(): void {
    this.#commonCause(this.#suspects.failing());
    for (const node of this.#suspects.failing()) if (!this.blames(node)) this.#named.add(node);
    this.#phase = this.of.fullSweep === true && !this.#swept ? 'sweep' : 'done';
  }

  #commonCause(suspects: readonly string[]): void {
    const members = [...this.#members].sort(byText).flatMap((id) => this.#nodes.get(id) ?? []);
    for (const group of blameGroups(members, new Set(suspects))) {
      const { kind, id } = group.domain;
      if (this.blamed.some(({ domain }) => domain.kind === kind && domain.id === id)) continue;
      this.blamed.push(group);
      for (const node of group.nodes) this.#suspects.give(node, 'fail');
    }
  }

  /** A round of all pairs of those that are well; then who is at fault after all, and which pairs. */
  #sweepOn(context: SearchContext): readonly Request[] {
    this.#sweep ??= new Sweep(this.#cleared(context));
    const groups = this.#sweep.next();
    if (groups !== undefined) return this.#ask(groups, 'sweep');
    const { nodes, pairs } = this.#sweep.outcome(this.#scatter?.distance ?? 0, ASSUMED_FAULTS);
    this.#swept = true;
    for (const node of nodes) this.#suspects.add(node);
    for (const pair of pairs) {
      if (this.#considered.has(pair.join('~'))) continue;
      this.#considered.add(pair.join('~'));
      // Well with all others but this one.
      for (const node of pair) this.#suspects.add(node, 'pass');
      context.place(pair);
      this.#placed += 1;
    }
    this.#phase = 'confirm';
    return this.next(context);
  }

  #ask(groups: readonly (readonly string[])[], kind: 'screen' | 'sweep'): Request[] {
    for (const pair of groups) this.#roles.set(pair.join('~'), { kind });
    return groups.length === 0 ? [] : [{ case: this.of.id, groups, why: 'screen' }];
  }

  /** Members that are not suspect, or no longer. */
  #cleared(context: SearchContext): string[] {
    return [...this.#members]
      .filter((node) => !context.failed(node) && !this.#named.has(node) && !this.blames(node))
      .filter((node) => !this.#suspects.has(node) || this.#suspects.wordOf(node) === 'pass')
      .sort(byText);
  }
}
