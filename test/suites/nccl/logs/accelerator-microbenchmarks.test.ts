import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { read, recorded, refused } from './recorded.ts';

const TOOL = 'accelerator-microbenchmarks';
const V6E = recorded('nccl/accelerator-microbenchmarks-v6e-256.log');

test('lines of a v6e slice are read under the name of the tool, ICI and DCN apart', () => {
  const [dcn, ici, ...rest] = read(V6E, {}, TOOL);
  assert.equal(rest, []);
  assert.equal([dcn?.metric, dcn?.parameters['fabric']], [`${TOOL}.psum.bandwidth`, 'dcn']);
  assert.equal(ici?.parameters, {
    fabric: 'ici',
    dtype: 'bf16',
    matrix: '17408x17408',
    'matrix-bytes': 606076928,
  });
  assert.equal([ici?.value, ici?.unit, ici?.line], [235.7595345022845e9, 'B/s', 2]);
});

test('a damaged line, and a log without any, are refused with their place', () => {
  const torn = V6E.trimEnd().slice(0, -5);
  refused(torn, 'OUTPUT_UNREADABLE', 2, /psum_ici/u, {}, TOOL);
  refused('hello', 'OUTPUT_UNREADABLE', 1, /no line/u, {}, TOOL);
  refused(V6E.replace('4.1130934137328214', 'nan'), 'OUTPUT_UNREADABLE', 1, /psum_dcn/u, {}, TOOL);
});

test.run();
