/** The bytes that `payload/collective.py` would print on a node with these true values. */
import type { PlacedStep, SimulatedNode } from '../../runners/model.ts';
import { busbwFactor, movedBytes, type Collective } from './collectives.ts';

/** What the payload's arguments say; a simulated payload reads its own command line like the real one. */
function asked(step: PlacedStep) {
  const value = (flag: string) => {
    const at = step.argv.indexOf(flag);
    const next = at < 0 ? undefined : step.argv[at + 1];
    return typeof next === 'string' ? next : '';
  };
  return {
    collective: value('--collective') as Collective,
    sizes: value('--sizes').split(',').filter(Boolean).map(Number),
    perNode: Number(value('--ranks-per-node')),
    iterations: Number(value('--iterations')),
  };
}

/** Suite.simulate: a node gives its own ranks' times; the reader takes the slowest of all. */
export function* simulate(step: PlacedStep, node: SimulatedNode): Iterable<string> {
  const { collective, sizes, perNode, iterations } = asked(step);
  const position = Math.max(0, step.nodes.indexOf(node.node.id));
  const ranks = perNode * step.nodes.length;
  const own = Array.from({ length: perNode }, (_, local) => position * perNode + local);
  const say = (fields: object) => `${JSON.stringify({ assay: 1, ...fields })}\n`;
  const { dtype, library, composed } = step.parameters;
  const wrong =
    node.faulty('wrong-result') ||
    node.node.accelerators.some((one) => node.faulty('wrong-result', one));
  let clock = 0;
  const progress = (operation: string) =>
    own.map((rank) => say({ kind: 'progress', rank, operation, at: clock })).join('');
  yield progress('start');
  yield progress('connect');
  for (const bytes of sizes) {
    const parameters = { ...step.parameters, bytes };
    const metric = `nccl.${collective}.${composed === true ? 'time' : 'busbw'}`;
    const value = node.value(metric, parameters);
    yield progress(`${collective} ${bytes} B timed`);
    if (value === undefined) continue;
    const time =
      composed === true
        ? value
        : (movedBytes(collective, bytes, ranks) * busbwFactor(collective, ranks)) / value;
    const window = [clock, clock + time * iterations];
    clock += time * iterations;
    const said = { bytes, dtype, library, ...(composed === true && { composed }) };
    for (const rank of own) {
      const spread = 0.01 * node.random() * time;
      // Only the first rank has the node's true time: the slowest one counts.
      const seconds = rank === own[0] ? time : time - spread;
      const iteration = { min: seconds * 0.98, median: seconds, max: seconds * 1.02 };
      yield say({
        kind: 'sample',
        metric: `nccl.${collective}.time`,
        rank,
        parameters: said,
        value: seconds,
        window,
        iterations: { n: iterations, ...iteration },
      });
      const ok = !(wrong && rank === own[0]);
      const detail = ok ? '0 elements wrong' : '1 element wrong, the first at 0: 2 for 1';
      yield say({
        kind: 'check',
        name: `nccl.${collective}.correct`,
        rank,
        parameters: said,
        ok,
        detail,
      });
    }
  }
  yield say({ kind: 'done', ok: true });
}
