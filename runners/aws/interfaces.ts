/** Network interfaces by instance type, as data: one ENA interface for IP, the rest EFA without an address. */
import type { InstanceNetworkInterfaceSpecification } from '@aws-sdk/client-ec2';

/** [network card, device index] of each EFA-only interface; `first`: kind of the interface at card 0, device 0. */
interface Layout {
  readonly first: 'interface' | 'efa';
  readonly efa: readonly (readonly [card: number, device: number])[];
  readonly kind: 'efa' | 'efa-only';
}

const cards = (from: number, to: number, device: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => [from + at, device] as const);

/**
 * Source: EC2 User Guide, "Maximize network bandwidth with multiple network cards" (efa-acc-inst-types); p4d
 * as aws-parallelcluster and karpenter launch it; p5en by the same page's rule, its own text was not seen.
 */
const LAYOUTS: Readonly<Record<string, Layout>> = {
  'p4d.24xlarge': { first: 'efa', efa: cards(1, 3, 1), kind: 'efa' },
  'p4de.24xlarge': { first: 'efa', efa: cards(1, 3, 1), kind: 'efa' },
  'p5.48xlarge': { first: 'interface', efa: [[0, 1], ...cards(1, 31, 0)], kind: 'efa-only' },
  'p5e.48xlarge': { first: 'interface', efa: [[0, 1], ...cards(1, 31, 0)], kind: 'efa-only' },
  'p5en.48xlarge': { first: 'interface', efa: [[0, 1], ...cards(1, 15, 0)], kind: 'efa-only' },
  'p6-b200.48xlarge': { first: 'interface', efa: [[0, 1], ...cards(1, 7, 0)], kind: 'efa-only' },
  // Card 0 is ENA only.
  'p6-b300.48xlarge': { first: 'interface', efa: cards(1, 16, 0), kind: 'efa-only' },
  // Pairs of cards share a NIC; four of 400 Gb/s use all of them.
  'p6e-gb200.36xlarge': {
    first: 'interface',
    efa: [
      [1, 0],
      [5, 0],
      [9, 0],
      [13, 0],
    ],
    kind: 'efa-only',
  },
};

/**
 * Interfaces for RunInstances. All go with their instance; a type without a layout gets one interface.
 *
 * @param subnet and groups stand in each item: at the top they are refused beside interfaces
 */
export function interfacesFor(
  type: string,
  subnet: string,
  groups: readonly string[],
): InstanceNetworkInterfaceSpecification[] {
  const layout = LAYOUTS[type] ?? { first: 'interface', efa: [], kind: 'efa-only' };
  const one = (card: number, device: number, kind: string) => ({
    NetworkCardIndex: card,
    DeviceIndex: device,
    InterfaceType: kind,
    SubnetId: subnet,
    Groups: [...groups],
    DeleteOnTermination: true,
  });
  return [
    one(0, 0, layout.first),
    ...layout.efa.map(([card, device]) => one(card, device, layout.kind)),
  ];
}
