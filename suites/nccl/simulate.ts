/** The bytes that `payload/collective.py` would print on a node with these true values. */
import type { PlacedStep, SimulatedNode } from '../../runners/model.ts';
import { simulateProof } from './transport/simulate.ts';
import { communicatorSize } from './mesh.ts';
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
    rails: Number(/^mod:(\d+)$/u.exec(value('--groups'))?.[1] ?? 0),
  };
}

/** Suite.simulate: a node gives its own ranks' times; the reader takes the slowest of all. */
export function* simulate(step: PlacedStep, node: SimulatedNode): Iterable<string> {
  const { collective, sizes, perNode, iterations, rails } = asked(step);
  const position = Math.max(0, step.nodes.indexOf(node.node.id));
  const all = (rails > 0 ? 1 : perNode) * step.nodes.length;
  const ranks = communicatorSize(step.parameters, all);
  const own = Array.from({ length: perNode }, (_, local) => position * perNode + local);
  const { dtype, library, composed } = step.parameters;
  const wrong =
    node.faulty('wrong-result') ||
    node.node.accelerators.some((one) => node.faulty('wrong-result', one));
  const say = (fields: object) => `${JSON.stringify({ assay: 1, ...fields })}\n`;
  let clock = 0;
  const progress = (operation: string) => {
    const rest = `"operation":${JSON.stringify(operation)},"at":${JSON.stringify(clock)}}\n`;
    return own.map((rank) => `{"assay":1,"kind":"progress","rank":${rank},${rest}`).join('');
  };
  yield progress('start');
  yield progress('connect');
  if (step.argv.includes('--prove')) {
    yield* simulateProof(step, node, own);
    yield say({ kind: 'done', ok: true });
    return;
  }
  for (const bytes of sizes) {
    const parameters = { ...step.parameters, bytes };
    const metric = `nccl.${collective}.${composed === true ? 'time' : 'busbw'}`;
    yield progress(`${collective} ${bytes} B timed`);
    // Ranks that share a communicator share its value.
    const groups = rails > 0 ? own.map((rank) => [rank]) : [own];
    for (const [rail, members] of groups.entries()) {
      const on = rails > 0 ? { rail } : {};
      const value = node.value(metric, { ...parameters, ...on });
      if (value === undefined) continue;
      const time =
        composed === true
          ? value
          : (movedBytes(collective, bytes, ranks) * busbwFactor(collective, ranks)) / value;
      const window = JSON.stringify([clock, clock + time * iterations]);
      // Rails run at once: the last one's end is the trial's.
      if (rail === groups.length - 1) clock += time * iterations;
      const said = JSON.stringify({
        bytes,
        dtype,
        library,
        ...(composed === true && { composed }),
        ...on,
      });
      for (const rank of members) {
        const spread = 0.01 * node.random() * time;
        // Only the first rank has the node's true time: the slowest one counts.
        const seconds = rank === members[0] ? time : time - spread;
        const n = String(seconds);
        const [min, max] = [seconds * 0.98, seconds * 1.02];
        const ok = !(wrong && rank === own[0]);
        const detail = ok ? '0 elements wrong' : '1 element wrong, the first at 0: 2 for 1';
        // Spelled by hand: sixteen lines a size, in tens of thousands of trials.
        yield (
          `{"assay":1,"kind":"sample","metric":"nccl.${collective}.time","rank":${rank},` +
          `"parameters":${said},"value":${n},"window":${window},` +
          `"iterations":{"n":${iterations},"min":${min},"median":${n},"max":${max}}}\n` +
          `{"assay":1,"kind":"check","name":"nccl.${collective}.correct","rank":${rank},` +
          `"parameters":${said},"ok":${ok},"detail":"${detail}"}\n`
        );
      }
    }
  }
  yield say({ kind: 'done', ok: true });
}
