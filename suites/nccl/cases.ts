/** Nodes and options → cases: one collective in one scope, over all its sizes. */
import type { Parameters, Subject } from '../../plan/model.ts';
import type { Node } from '../../runners/model.ts';
import type { Case } from '../model.ts';
import { HarnessError } from '../../plan/errors.ts';
import { libraryFor } from '../payloads.ts';
import { isComposed, type Collective } from './collectives.ts';
import { liesOf, type Lie } from './mesh.ts';
import type { Options } from './options.ts';
import { applicable, expandSizes } from './sizes.ts';
import { KNOBS, knobCases } from './knobs.ts';
import { proofCase, wantsProof } from './transport/proof.ts';

type Scope = Options['scopes'][number];

/** Ranks of alltoall over a whole lot above which it must be asked for: its messages grow with n². */
const ALLTOALL_RANKS = 1024;
const CPU_RANKS = 2;
const CPU_SIZES = [2 ** 16, 2 ** 22];
const GPU_SIZES = [8, 2 ** 20, 2 ** 30, 2 ** 34];

const SUBJECTS: Readonly<Record<Scope, Subject['kind']>> = {
  node: 'node',
  pair: 'link',
  rail: 'link',
  domain: 'group',
  lot: 'lot',
};

/** Sizes of a case, and those that make no sense on it. */
export interface CaseSizes {
  readonly fit: readonly number[];
  readonly not: readonly number[];
}

/** One rank an accelerator; a machine without one gets two. The most of any node: one with fewer must fail, not shrink the case. */
export function ranksPerNode(nodes: readonly Node[]): number {
  return Math.max(...nodes.map(ranksOf), 0);
}

/** A chip whose cores the runtime shows as devices of their own has a rank for each. */
function ranksOf(node: Node): number {
  const { accelerators } = node;
  if (isCpu(node)) return Math.max(CPU_RANKS, accelerators.length);
  return accelerators.reduce((sum, { kind, cores }) => sum + (kind === 'tpu' ? cores : 1), 0);
}

export function isCpu(node: Node): boolean {
  return node.accelerators.every((one) => one.kind === 'cpu');
}

/**
 * Rails of a node: one an accelerator, on a CPU one an interface that the plan names. Each is one communicator of two
 * ranks, and all run at once: a plain pair's all_reduce leaves a third of the NICs idle and hides a bad one.
 */
function railsOf(options: Options, nodes: readonly Node[]): number {
  const interfaces = options['rail-interfaces'];
  return interfaces !== undefined && nodes.some((node) => isCpu(node))
    ? interfaces.length
    : ranksPerNode(nodes);
}

/** Library that the ranks speak: named in the parameters, so that gloo never passes for NCCL. */
function libraryOf(options: Options, nodes: readonly Node[]): string {
  if (options.driver === 'nccl-tests') return 'nccl';
  if (options.library !== 'auto') return options.library;
  if (nodes.some((node) => node.accelerators.some(({ kind }) => kind === 'tpu'))) return 'xla';
  return nodes.some((node) => isCpu(node)) ? 'gloo' : 'nccl';
}

/** @param ranks of the trial that counts: the smallest of its scope */
export function caseSizes(
  options: Options,
  nodes: readonly Node[],
  ranks: number,
  perNode = ranksPerNode(nodes),
): CaseSizes {
  const first = nodes.find((node) => node.accelerators.length > 0)?.accelerators[0];
  const kind = first?.kind ?? 'cpu';
  const sizes = expandSizes(options.sizes ?? (kind === 'cpu' ? CPU_SIZES : GPU_SIZES));
  const memory = Math.min(...nodes.flatMap((node) => node.accelerators.map((one) => one.memory)));
  return applicable(sizes, { ranks, ranksPerNode: perNode, memory, kind });
}

/** Same nodes, same cases, same order. A scope that these nodes can't form gives none. */
export function cases(options: Options, nodes: readonly Node[]): readonly Case[] {
  checkLibrary(options, nodes);
  const perNode = ranksPerNode(nodes);
  const measured = options.scopes.flatMap((scope) => {
    const own = options.collectives
      .filter((collective) => possible(scope, collective, nodes, perNode))
      .flatMap((collective) => casesOf(options, scope, collective, nodes, perNode));
    return [...own, ...proofOf(options, scope, own)];
  });
  return [...measured, ...knobsOf(options, nodes, perNode)];
}

/** Both halves of each knob, where these nodes form the scope in which it shows. */
function knobsOf(options: Options, nodes: readonly Node[], perNode: number): readonly Case[] {
  const collective =
    options.collectives.find((one) => one === 'all_reduce') ?? options.collectives[0];
  return options.knobs.flatMap((knob) => {
    const { scope } = KNOBS[knob];
    if (collective === undefined || !possible(scope, collective, nodes, perNode)) return [];
    const [twin] = casesOf(options, scope, collective, nodes, perNode);
    if (twin === undefined) return [];
    const bytes = promisedSizes(twin).at(-1);
    // They are NCCL's own.
    if (twin.parameters['library'] !== 'nccl') return [];
    return bytes === undefined ? [] : knobCases(knob, twin, collective, bytes);
  });
}

/** The proof of a scope's transport, by the collective that shows most: NVLS is for all_reduce first. */
function proofOf(options: Options, scope: Scope, own: readonly Case[]): readonly Case[] {
  const twin = own.find((one) => collectiveOf(one) === 'all_reduce') ?? own[0];
  // The proof is NCCL's log.
  if (twin === undefined || twin.parameters['library'] === 'xla' || !wantsProof(options)) return [];
  const bytes = promisedSizes(twin).at(-1);
  if (bytes === undefined) return [];
  return [proofCase(options, twin, SUBJECTS[scope], collectiveOf(twin), bytes)];
}

function possible(scope: Scope, collective: Collective, nodes: readonly Node[], perNode: number) {
  switch (scope) {
    case 'node':
      return perNode >= 2;
    case 'pair':
      return perNode >= 1 && nodes.length >= 2 && !sliced(nodes);
    case 'rail':
      return perNode >= 1 && nodes.length >= 2 && !nodes.some(isTpu);
    case 'domain':
      return smallestDomain(nodes) !== undefined;
    case 'lot':
      return (
        nodes.length >= 2 && (collective !== 'alltoall' || nodes.length * perNode <= ALLTOALL_RANKS)
      );
  }
}

function isTpu(node: Node): boolean {
  return node.accelerators.some(({ kind }) => kind === 'tpu');
}

/** Two hosts of one TPU slice are no topology that its runtime would start. */
function sliced(nodes: readonly Node[]): boolean {
  const slices = nodes
    .filter(isTpu)
    .flatMap(({ domains }) => domains.find(({ kind }) => kind === 'slice')?.id ?? []);
  return new Set(slices).size < slices.length;
}

/** @throws {HarnessError} PLAN_INVALID for what a library does not have, or has no devices for here */
function checkLibrary(options: Options, nodes: readonly Node[]): void {
  const { library, driver } = options;
  const torch = driver === 'nccl-tests' || library === 'nccl' || library === 'gloo';
  const wanted = library === 'xla' ? 'jax' : torch ? 'torch' : 'auto';
  if (libraryFor('nccl', wanted, nodes) === 'torch') return;
  const odd = [
    ...options.collectives.filter((one) => one === 'broadcast'),
    ...(['transport', 'profile', 'nvls'] as const).filter((key) => options[key] !== undefined),
    ...(options.knobs.length > 0 ? ['knobs'] : []),
  ];
  if (odd.length === 0) return;
  throw new HarnessError('PLAN_INVALID', `suite nccl: library xla has no ${odd.join(', ')}`, {
    hint: 'Leave it out for TPUs and for library xla.',
  });
}

/** Nodes of the smallest domain that holds at least two; undefined where none does. */
function smallestDomain(nodes: readonly Node[]): number | undefined {
  const members = new Map<string, number>();
  for (const { kind, id } of nodes.flatMap((node) => node.domains)) {
    members.set(`${kind} ${id}`, (members.get(`${kind} ${id}`) ?? 0) + 1);
  }
  const several = [...members.values()].filter((count) => count >= 2);
  return several.length === 0 ? undefined : Math.min(...several);
}

function casesOf(
  options: Options,
  scope: Scope,
  collective: Collective,
  nodes: readonly Node[],
  perNode: number,
): readonly Case[] {
  if (libraryOf(options, nodes) !== 'xla') {
    return [oneCase(options, scope, collective, nodes, perNode)];
  }
  const size =
    scope === 'domain'
      ? (smallestDomain(nodes) ?? 2)
      : { node: 1, pair: 2, rail: 2, lot: nodes.length }[scope];
  // Any of them stand for the scope, but in a lot or a pair slices may be joined.
  const among = scope === 'lot' || scope === 'pair' ? nodes : nodes.slice(0, 1);
  return liesOf(size * perNode, options.mesh, among).map((lie) =>
    oneCase(options, scope, collective, nodes, perNode, lie),
  );
}

function oneCase(
  options: Options,
  scope: Scope,
  collective: Collective,
  nodes: readonly Node[],
  perNode: number,
  lie?: Lie,
): Case {
  const library = libraryOf(options, nodes);
  const composed = isComposed(collective, library, options.dtype);
  const size = { node: 1, pair: 2, rail: 2, domain: smallestDomain(nodes) ?? 2, lot: nodes.length }[
    scope
  ];
  const rails = scope === 'rail' ? railsOf(options, nodes) : undefined;
  const cpu = nodes.some((node) => isCpu(node));
  const parameters: Parameters = {
    dtype: options.dtype,
    library,
    scope,
    // Domains differ in size and a lot may lose nodes: their ranks are a fact of the trial.
    ...((scope === 'node' || scope === 'pair') && { ranks: size * perNode }),
    // Of each communicator: one rank a node and rail.
    ...(rails !== undefined && { ranks: size, rails }),
    ...(composed && { composed }),
    ...lie?.parameters,
    ...(options.driver !== 'torch' && { driver: options.driver }),
    ...(options.profile !== undefined && { profile: options.profile }),
    ...(options.nvls !== undefined && { nvls: options.nvls }),
  };
  const { fit } =
    rails === undefined
      ? caseSizes(options, nodes, lie?.size ?? size * perNode, perNode)
      : caseSizes(options, nodes, size, rails);
  const per = SUBJECTS[scope];
  const figures = composed ? ['time'] : ['busbw', 'algbw', 'time'];
  return {
    id: [
      'nccl',
      collective,
      scope,
      options.dtype,
      library,
      ...(options.driver === 'torch' ? [] : [options.driver]),
      ...(lie?.word === undefined ? [] : [lie.word]),
    ].join('.'),
    suite: 'nccl',
    parameters,
    // Rails run between two nodes.
    scope: scope === 'rail' ? 'pair' : scope,
    gives: fit.flatMap((bytes) => {
      const own = { ...parameters, bytes };
      return [
        ...figures.map((figure) => ({
          metric: `nccl.${collective}.${figure}`,
          per,
          parameters: own,
        })),
        {
          metric: `nccl.${collective}.correct`,
          per,
          parameters: own,
          as: 'check' as const,
        },
      ];
    }),
    ...((scope === 'pair' || scope === 'rail') && options['full-sweep'] && { fullSweep: true }),
    expected: cpu
      ? lie === undefined
        ? 5
        : 10
      : 20 + fit.length + (scope === 'lot' ? 0.01 * size * perNode : 0),
  };
}

/** The collective of one of our cases. */
export function collectiveOf(of: Case): Collective {
  const { collective } = of.parameters;
  return collective !== undefined
    ? (collective as Collective)
    : (of.id.split('.')[1] as Collective);
}

/** Rails of a case; undefined where its ranks are one communicator. */
export function railsIn(of: Case): number | undefined {
  const { rails } = of.parameters;
  return typeof rails === 'number' ? rails : undefined;
}

/** Sizes that a case promised, ascending. */
export function promisedSizes(of: Case): readonly number[] {
  const sizes = of.gives.map((give) => give.parameters?.['bytes']);
  return [...new Set(sizes.filter((one) => typeof one === 'number'))].sort((a, b) => a - b);
}
