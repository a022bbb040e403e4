import { floorsOf } from '../../plan/catalogue/floors.ts';
import { partById, parts } from '../../plan/catalogue/parts.ts';
import { XID_VERSION } from '../../plan/catalogue/xid.ts';
import { HarnessError } from '../../plan/errors.ts';
import type { Part, Sourced } from '../../plan/model.ts';
import { nearest } from '../../plan/options.ts';
import { command } from '../command.ts';
import type { Io } from '../terminal.ts';

export const catalog = command({
  usage: 'catalog [sku]',
  describe: 'SKU facts and their sources',
  examples: [
    ['catalog', 'every SKU, a line each'],
    ['catalog h200-sxm', 'its figures and floors, each with its source'],
  ],
  options: (yargs) =>
    yargs.positional('sku', { type: 'string', describe: 'Catalogue id' }).option('provider', {
      type: 'string',
      default: 'own',
      describe: 'Floors as they hold on this provider (aws, azure, gcp, oci, own)',
    }),
  async run(args, io) {
    if (args.sku === undefined) {
      if (io.json) io.event({ schema: 'assay/catalog/1', parts, xids: XID_VERSION });
      else {
        for (const part of parts) io.out(`${part.sku.padEnd(16)} ${part.title}`);
        io.out(`XID classes: ${XID_VERSION}`);
      }
      return 0;
    }
    const part = partById(args.sku);
    if (part === undefined) {
      const known = parts.map((one) => one.sku);
      throw new HarnessError('USAGE', `no SKU "${args.sku}" in the catalogue`, {
        hint: nearest(args.sku, known, 'Known'),
      });
    }
    const floors = floorsOf(part.sku, args.provider);
    if (io.json) io.event({ schema: 'assay/catalog/1', part, floors });
    else show(part, floors, io);
    return 0;
  },
});

function show(part: Part, floors: ReturnType<typeof floorsOf>, io: Io): void {
  io.out(`${part.sku}: ${part.title}, ${part.perNode} a node`);
  const line = (
    name: string,
    figure: Sourced<number> | undefined,
    factor: number,
    unit: string,
  ) => {
    if (figure === undefined) return;
    io.out(
      `  ${name.padEnd(18)} ${`${figure.value * factor} ${unit}`.padEnd(18)} ${figure.source}`,
    );
  };
  for (const [dtype, peak] of Object.entries(part.peaks)) {
    line(`peak ${dtype}, dense`, peak, 1e-12, 'TFLOP/s');
  }
  line('memory', part.memory, 1e-9, 'GB');
  line('memory bandwidth', part.memoryBandwidth, 1e-12, 'TB/s');
  line('scale-up, one way', part.scaleUp, 1e-9, 'GB/s');
  line('host network a chip', part.hostNetwork, 1e-9, 'GB/s');
  line('power', part.power, 1, 'W');
  for (const one of part.machines) {
    line(`${one.provider} ${one.type}`, one.rate, 1e-9, `GB/s × ${one.nics} NICs`);
  }
  for (const { id, metric, where, limit, standing } of floors) {
    const words = Object.entries(where).map(([key, value]) => `${key} ${value}`);
    const bound = limit === undefined ? 'no deviation' : `at least ${limit.value}`;
    io.out(`  floor ${id}: ${metric} ${words.join(', ')}: ${bound} (${standing})`);
    if (limit !== undefined) io.out(`    ${limit.source}`);
  }
}
