/** The lines that NCCL would log on a simulated node: what its plan claims, or sockets where that fell back. */
import type { PlacedStep, SimulatedNode } from '../../../runners/model.ts';

/** How the networks of the plan's words are called in NCCL's log, and the link layer of their devices. */
const NAMES: Readonly<Record<string, { readonly name: string; readonly layer?: string }>> = {
  efa: { name: 'AWS Libfabric' },
  ib: { name: 'IB', layer: 'IB' },
  roce: { name: 'IB', layer: 'RoCE' },
  tcpx: { name: 'GPUDirectTCPX_v7' },
  tcpxo: { name: 'FasTrak' },
  gib: { name: 'gIB' },
  socket: { name: 'Socket' },
};

/** @param ranks of this node */
export function* simulateProof(
  step: PlacedStep,
  node: SimulatedNode,
  ranks: readonly number[],
): Iterable<string> {
  const { transport, nvls, collective, bytes } = step.parameters;
  const fell = node.faulty('socket-fallback');
  const claimed = NAMES[String(transport)] ?? { name: 'IB', layer: 'IB' };
  const { name, layer } = fell ? { name: 'Socket', layer: undefined } : claimed;
  const say = (text: string) => `${node.node.id}:1:1 [0] NCCL INFO ${text}\n`;
  yield say('NCCL version 2.24.3+cuda12.4');
  if (fell) yield `${node.node.id}:1:1 [0] NCCL WARN NET/OFI Initializing plugin failed\n`;
  if (layer !== undefined)
    yield say(`NET/IB : Using [0]mlx5_0:1/${layer} [RO]; OOB eth0:10.0.0.1<0>`);
  yield say(`Using network ${name}`);
  if (step.nodes.length > 1) {
    const direct = name === 'Socket' ? '' : '/GDRDMA';
    for (const rank of ranks) {
      yield say(
        transport === 'nvlink' && !fell
          ? `Channel 00/0 : ${rank}[0] -> ${rank + 1}[0] via P2P/MNNVL`
          : `Channel 00/0 : ${rank}[0] -> ${rank + 1}[0] [send] via NET/${name}/0${direct}`,
      );
    }
  }
  if (ranks[0] !== 0) return;
  const word = String(collective) === 'all_reduce' ? 'AllReduce' : 'Collective';
  const algorithm = nvls === true && !fell ? 'NVLS' : 'RING';
  yield say(
    `${word}: ${String(bytes)} Bytes -> Algo ${algorithm} proto SIMPLE channel{Lo..Hi}={0..15}`,
  );
}
