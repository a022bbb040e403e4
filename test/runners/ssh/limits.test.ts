import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HarnessError } from '../../../plan/errors.ts';
import { limitsHere, readLimits, refuseBeyond } from '../../../runners/ssh/limits.ts';

const test = suite('what this machine lets a controller open');

const TABLE = `Limit                     Soft Limit           Hard Limit           Units     
Max processes             96365                96365                processes 
Max open files            1024                 524288               files     
Max locked memory         unlimited            unlimited            bytes     
`;

test("the soft limits are read from the kernel's table", async () => {
  assert.equal(readLimits(TABLE), { files: 1024, processes: 96_365 });
  assert.equal(readLimits(''), { files: Infinity, processes: Infinity });
  assert.ok((await limitsHere()).files > 100);
});

function refusal(
  connections: number,
  programs: number,
  processes = 1000,
): HarnessError | undefined {
  try {
    refuseBeyond({ files: 1024, processes }, { connections, programs });
  } catch (error) {
    if (error instanceof HarnessError) return error;
    throw error;
  }
  return undefined;
}

test('a fleet beyond them is refused with the number that it takes', () => {
  assert.is(refusal(800, 0), undefined);
  const error = refusal(2000, 0);
  assert.is(error?.code, 'CONTROLLER_LIMIT');
  assert.is(error?.message, 'this fleet takes 2128 open files on this machine, which allows 1024');
  assert.match(error?.hint ?? '', /ulimit -n 2128.*name relays/u);
});

test('a program a host counts its pipes and its processes', () => {
  assert.is(refusal(0, 100), undefined);
  assert.match(refusal(0, 200)?.message ?? '', /open files/u);
  assert.match(refusal(0, 100, 200)?.message ?? '', /takes 264 processes .* allows 200/u);
  // Plain connections take no process.
  assert.is(refusal(100, 0, 10), undefined);
});

test.run();
