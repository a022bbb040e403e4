/** `decide: level` on the links of pairs: the placed pairs by themselves, and every suspect with cleared partners. */
import { subjectNodes } from '../../plan/subject.ts';
import type { Node } from '../../runners/model.ts';
import type { PairSearch } from '../localisation/pair-search.ts';
import type { Finding } from '../model.ts';
import { railsText } from '../localisation/rails.ts';
import { some } from '../show.ts';
import { createCells } from './cells.ts';
import { levelTrack, type LevelOptions } from './level.ts';
import type { From, Track } from './track.ts';

/** Repeats that a small fleet's pairs need before they know their sigma; more, and the sign rule is cheaper. */
const DEGREES = 30;
const MOST_REPEATS = 9;
/** Of the limit: a value of nothing has no logarithm. */
const TINY = 1e-6;

/** A track on links whose guilty nodes `search` looks for. */
export function linkTrack(
  options: LevelOptions,
  nodes: readonly Node[],
  search: PairSearch,
): Track {
  const { criterion } = options;
  const repeats = Math.max(2, Math.ceil(DEGREES / Math.max(1, options.parts)) + 1);
  const placed = levelTrack({ ...options, ...(repeats <= MOST_REPEATS && { repeats }) });
  /** On each suspect alone; made when the first is confirmed, by the sigma of the placed pairs. */
  let ends: Track | undefined;
  const confirmed = new Set<string>();
  let held: Finding[] = [];
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const side = criterion.bound === 'at-least' ? 1 : -1;

  const endsNow = () => {
    ends ??= levelTrack({
      ...options,
      cells: createCells('node', nodes),
      known: placed.repeatability ?? options.known,
      screened: false,
    });
    return ends;
  };
  const roleOf = (from: From) => (from.case === search.of.id ? search.role(from.nodes) : undefined);

  search.join({
    // Without a rule to decide by, no pair is suspect.
    linkWord: (pair) => (placed.maxTrials === 0 ? undefined : placed.standing(pair)),
    endWord: (node) => (confirmed.has(node) ? ends?.standing([node]) : undefined),
  });

  /** The finding on a suspect, with whom it was confirmed. */
  const named = (finding: Finding): Finding => {
    const [node = ''] = subjectNodes(finding.subject);
    const partners = search.partners(node);
    const rails = search.railsOf(node);
    return {
      ...finding,
      ...(rails.length > 0 && { rails }),
      reason: `${onRails(rails, byId.get(node))}on its links with ${partners.length} cleared ${partners.length === 1 ? 'node' : 'nodes'} (${some(partners)}): ${finding.reason}`,
    };
  };
  const nodeOf = (finding: Finding) => subjectNodes(finding.subject)[0] ?? '';

  return {
    ...placed,
    take(reading, from) {
      if (reading.kind !== 'sample' || from.case !== search.of.id) return undefined;
      const y = side * Math.log(Math.max(reading.value / criterion.limit.value, TINY));
      const { subject } = reading;
      const rail = subject.kind === 'link' ? subject.rail : undefined;
      search.record({ criterion: criterion.id, pair: from.nodes.join('~'), rail, y });
      const role = roleOf(from);
      if (role === undefined) return placed.take(reading, from);
      if (role.kind !== 'confirm') return undefined;
      confirmed.add(role.suspect);
      return endsNow().take(
        { ...reading, subject: { kind: 'node', node: role.suspect } },
        { ...from, nodes: [role.suspect] },
      );
    },
    explain(from, cause) {
      const role = roleOf(from);
      if (role === undefined) placed.explain?.(from, cause);
      else if (role.kind === 'confirm') {
        ends?.explain?.({ ...from, nodes: [role.suspect] }, cause);
      }
    },
    close(from) {
      const role = roleOf(from);
      if (role === undefined) placed.close(from);
      else if (role.kind === 'confirm') {
        confirmed.add(role.suspect);
        endsNow().close({ ...from, nodes: [role.suspect] });
      }
    },
    fold(round) {
      const failing = placed.fold(round);
      held.push(...(ends?.fold(round) ?? []));
      return failing;
    },
    release() {
      if (!search.settled) return [];
      const released = held.filter((finding) => !search.blames(nodeOf(finding))).map(named);
      held = [];
      return released;
    },
    findings: (end) => [
      ...placed.findings(end),
      ...(ends?.findings(end) ?? [])
        .filter((finding) => confirmed.has(nodeOf(finding)) && !search.blames(nodeOf(finding)))
        .map(named),
    ],
    get repeatability() {
      return placed.repeatability;
    },
    get notes() {
      return placed.notes;
    },
    get maxTrials() {
      return placed.maxTrials;
    },
  };
}

/** `on rail 3 (GPU-5f…) `: the rail, and the accelerator whose it is where each has one. */
function onRails(rails: readonly number[], node: Node | undefined): string {
  if (rails.length === 0) return '';
  const [rail] = rails;
  const own = node?.accelerators.find((one) => one.index === rail);
  const whose = rails.length > 1 || own === undefined || own.kind === 'cpu' ? '' : ` (${own.id})`;
  return `on ${railsText(rails)}${whose} `;
}
