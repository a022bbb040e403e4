/** Where simulated nodes stand and what they are made of: the same for the same numbers, whatever the seed. */
import { createHash } from 'node:crypto';
import type { Part } from '../../plan/model.ts';
import type { Accelerator, Domain, Node } from '../model.ts';
import type { SimOptions } from './options.ts';

/** As the driver prints it, where the catalogue's words alone would not do. */
function modelName(options: SimOptions, part: Part | undefined): string {
  if (options.model !== undefined) return options.model;
  if (part === undefined) return options.sku;
  const maker = { gpu: part.sku.startsWith('mi') ? 'AMD ' : 'NVIDIA ', tpu: '', cpu: '' }[
    part.kind
  ];
  return part.kind === 'cpu'
    ? 'simulated CPU'
    : `${maker}${(part.models[0] ?? [part.title]).join(' ')}`;
}

const ENVIRONMENT = {
  driver: '570.133.20',
  cuda: '12.8',
  vbios: '96.00.A5.00.01',
  'nic-firmware': '28.43.1014',
  kernel: '6.8.0-57-generic',
  os: 'Ubuntu 24.04.2 LTS',
  torch: '2.6.0',
  python: '3.12.3',
};

/** The node as it truly is; inventory has yet to find out. */
export function trueNode(index: number, options: SimOptions, part: Part | undefined): Node {
  const id = `n${String(index + 1).padStart(4, '0')}`;
  const { prefix, first } = options.serial;
  const own = options.machines.find((one) => one.node === id);
  const serial = own?.serial ?? `${prefix}${String(first + index).padStart(6, '0')}`;
  const count = options.accelerators ?? part?.perNode ?? 1;
  const kind = part?.kind ?? 'gpu';
  const model = modelName(options, part);
  const accelerator = (at: number): Accelerator => ({
    id: { cpu: 'cpu', tpu: `chip${at}`, gpu: gpuId(serial, at) }[kind],
    kind,
    model,
    index: at,
    // Drivers count in MiB.
    memory: Math.round((part?.memory?.value ?? 2 ** 36) / 2 ** 20) * 2 ** 20,
    cores: kind === 'cpu' ? 2 : 1,
  });
  const domain = (kind: Domain['kind'], letter: string, size: number): Domain => ({
    kind,
    id: `${letter}${String(Math.floor(index / size) + 1).padStart(3, '0')}`,
    from: 'plan',
  });
  return {
    id,
    identity: [{ kind: 'serial', value: serial }],
    name: own?.name ?? `sim-${serial.toLowerCase()}`,
    fabricAddress: `sim-${serial.toLowerCase()}`,
    accelerators: Array.from({ length: kind === 'cpu' ? 1 : count }, (_, at) => accelerator(at)),
    domains: [
      domain('rack', 'r', options['rack-size']),
      domain('leaf', 'l', options['leaf-size']),
      ...(options['slice-size'] === undefined ? [] : [domain('slice', 's', options['slice-size'])]),
    ],
    environment: ENVIRONMENT,
    machine: `boot-${serial}`,
  };
}

/** What a runner knows before inventory. */
export function bareNode(node: Node): Node {
  const { id, name, fabricAddress, domains } = node;
  return { id, identity: [], name, fabricAddress, accelerators: [], domains, environment: {} };
}

function gpuId(serial: string, at: number): string {
  const hex = createHash('sha256').update(`${serial}/${at}`).digest('hex');
  return `GPU-${[hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')}`;
}
