/** The lines that Google's accelerator-microbenchmarks prints of a collective on TPUs. */
import type { ImportedSample, ImportOptions } from '../../import-model.ts';
import { figure, scaled } from './figure.ts';
import { unreadable } from './refusal.ts';

const CLAIMS = /^(psum|psum_scatter|all_gather|all_to_all|ppermute)_(ici|dcn): /u;
const LINE =
  /^(\w+)_(ici|dcn): Matrix size: (\d+)x(\d+), dtype=<class 'jax\.numpy\.(\w+)'>, ?matrix_size_gbyte=(\S+), ?achieved_bandwidth_gbyte_s=(\S+)$/u;
const DTYPES: Readonly<Record<string, string>> = {
  bfloat16: 'bf16',
  float32: 'fp32',
  float16: 'fp16',
};

/**
 * Under the tool's own name: its bandwidth counts each rank's share of the matrix and does not say how many ranks
 * there are, so none of our figures can be made of it.
 *
 * @throws {HarnessError} OUTPUT_UNREADABLE where a line is damaged, or there is none, or another metric is asked for
 */
export function readAcceleratorMicrobenchmarks(
  text: string,
  { file, metric }: ImportOptions,
): readonly ImportedSample[] {
  const lines = text.split('\n');
  const samples = lines.flatMap((raw, index): readonly ImportedSample[] => {
    const line = raw.trim();
    if (!CLAIMS.test(line)) return [];
    const [, name = '', fabric = '', rows, columns, type = '', size = '', rate = ''] =
      LINE.exec(line) ?? [];
    const [bytes, bandwidth] = [figure(size), figure(rate)];
    const dtype = DTYPES[type];
    // Without its end a line may lack digits.
    const cut = index === lines.length - 1;
    if (cut || bytes === undefined || bandwidth === undefined || dtype === undefined) {
      const hint = 'Give the log as the tool printed it, whole lines.';
      throw unreadable(file, index + 1, `no figure of ${line.slice(0, 60)}`, hint);
    }
    return [
      {
        metric: `accelerator-microbenchmarks.${name}.bandwidth`,
        parameters: {
          fabric,
          dtype,
          matrix: `${rows}x${columns}`,
          'matrix-bytes': scaled(bytes, 9),
        },
        value: scaled(bandwidth, 9),
        unit: 'B/s',
        line: index + 1,
      },
    ];
  });
  const hint =
    'It prints lines such as "psum_ici: Matrix size: …"; it has no figure of our definitions.';
  const asked = metric === undefined ? samples : samples.filter((one) => one.metric === metric);
  if (asked.length > 0) return asked;
  const what = metric === undefined ? 'no line of a collective' : `no ${metric}`;
  throw unreadable(file, 1, what, hint);
}
