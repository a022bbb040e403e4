/** A case on claimed nodes → the programs to start. */
import { fileURLToPath } from 'node:url';
import type { Argument, Node, Step } from '../../runners/model.ts';
import { jaxEnvironment } from '../payloads.ts';
import type { Case } from '../model.ts';
import { caseSizes, collectiveOf, isCpu, promisedSizes, railsIn, ranksPerNode } from './cases.ts';
import { knobEnvironment } from './knob-environment.ts';
import type { Options } from './options.ts';
import { communicatorSize, meshArguments, slicesOf } from './mesh.ts';
import { profileEnvironment } from './transport/profiles.ts';
import { DEBUG, isProof } from './transport/proof.ts';

const payload = (name: string) => fileURLToPath(new URL(`./payload/${name}`, import.meta.url));

/** Seconds that the payload waits for its ranks to meet, and for one operation to end. */
function limits(nodes: readonly Node[], ranks: number) {
  return nodes.some((node) => isCpu(node))
    ? { init: 60, operation: 30 }
    : { init: 120 + ranks / 50, operation: 60 + ranks / 100 };
}

/** The same on every node: a rank finds its place in ASSAY_RANK and ASSAY_NODES. */
export function steps(options: Options, of: Case, nodes: readonly Node[]): readonly Step[] {
  const [first] = nodes;
  if (first === undefined) return [];
  const perNode = ranksOnEach(of, nodes);
  const ranks = perNode * nodes.length;
  const { init, operation } = limits(nodes, ranks);
  const sizes = promisedSizes(of);
  const rails = railsIn(of);
  const proof = isProof(of);
  const notApplicable = (
    rails === undefined
      ? caseSizes(options, nodes, communicatorSize(of.parameters, ranks), perNode)
      : caseSizes(options, nodes, nodes.length, rails)
  ).not;
  const shared: readonly Argument[] = [
    '--collective',
    collectiveOf(of),
    '--sizes',
    sizes.join(','),
    '--dtype',
    options.dtype,
    '--iterations',
    String(proof ? 1 : options.iterations),
    '--warmup',
    String(proof ? 0 : options['warm-up']),
    '--ranks-per-node',
    String(perNode),
  ];
  const xla = of.parameters['library'] === 'xla';
  const environment = {
    ...(xla && jaxEnvironment(first, perNode, nodes.length === 1)),
    ...profileEnvironment(options),
    ...(options.nvls !== undefined && { NCCL_NVLS_ENABLE: options.nvls ? '1' : '0' }),
    ...(rails !== undefined &&
      options.driver === 'nccl-tests' && { NCCL_TESTS_SPLIT: `MOD ${rails}` }),
    ...options.environment,
    ...knobEnvironment(of.parameters),
    ...(proof && DEBUG),
  };
  const common = {
    suite: 'nccl',
    case: of.id,
    parameters: of.parameters,
    role: 'rank',
    nodes: nodes.map((node) => node.id),
    environment,
    // Ends what the payload's own limits did not: a node that is stopped as a whole.
    limit: Math.ceil(2 * init + 2 * operation),
  } as const;
  if (options.driver === 'nccl-tests') {
    return [
      {
        ...common,
        on: 'native',
        argv: [
          { payload: payload('nccl-tests.py') },
          ...shared,
          '--binaries',
          options.binaries ?? '',
          '--limit',
          String(common.limit - 10),
          '--hosts',
          ...nodes.map((node) => ({ addressOf: node.id })),
        ],
      },
    ];
  }
  const files = (names: readonly string[]) => names.map((name) => ({ payload: payload(name) }));
  const rendezvous: readonly Argument[] = [
    ...shared,
    '--library',
    String(of.parameters['library']),
    '--address',
    { addressOf: first.id },
    '--port',
    { port: 'rendezvous' },
    '--init-limit',
    String(init),
    '--operation-limit',
    String(operation),
    '--not-applicable',
    notApplicable.join(','),
  ];
  const argv: readonly Argument[] = xla
    ? [
        ...files(['collective.py', 'operations.py', 'programs.py']),
        ...rendezvous,
        ...xlaArguments(of, nodes, ranks),
      ]
    : [
        ...files(['rank.py', 'operations.py', 'hang.py']),
        ...rendezvous,
        ...railArguments(options, rails),
        ...(proof ? ['--prove'] : []),
      ];
  const program = xla ? 'xla.py' : 'collective.py';
  return [{ ...common, on: 'each-node', argv: [{ payload: payload(program) }, ...argv] }];
}

/** What kind of devices, and how they lie. */
function xlaArguments(of: Case, nodes: readonly Node[], ranks: number): readonly Argument[] {
  const tpu = nodes.some((node) => node.accelerators.some(({ kind }) => kind === 'tpu'));
  const slices = tpu ? slicesOf(nodes) : undefined;
  return [
    '--roll-port',
    { port: 'roll' },
    '--kind',
    tpu ? 'tpu' : 'cpu',
    ...meshArguments(of.parameters, ranks),
    ...(slices === undefined ? [] : ['--slices', slices.join(',')]),
  ];
}

/** One communicator a rail; on a CPU each over its own interface. */
function railArguments(options: Options, rails: number | undefined): readonly string[] {
  if (rails === undefined) return [];
  const interfaces = options['rail-interfaces'];
  return [
    '--groups',
    `mod:${rails}`,
    ...(interfaces === undefined ? [] : ['--rail-interfaces', interfaces.join(',')]),
  ];
}

/** Ranks on each node: as planned where the case says, so that a node with fewer parts fails instead of shrinking it. */
export function ranksOnEach(of: Case, nodes: readonly Node[]): number {
  const rails = railsIn(of);
  if (rails !== undefined) return rails;
  const ranks = of.parameters['ranks'];
  return typeof ranks === 'number' ? ranks / nodes.length : ranksPerNode(nodes);
}
