/**
 * A child process that runs the fake campaign and kills itself with SIGKILL.
 * Arguments: out, id, how many appends are let through, `inside` | `after`: in the middle of the next
 * append, or before it. 0 appends: it is never killed. The run is resumed where it is there.
 */
import { existsSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { accept, resume } from '../../campaign/accept.ts';
import { killedFleet, killedSetup } from './killed-setup.ts';
import { fakePlan } from './fake-suite.ts';

const [out = '', id = '', count = '0', where = 'after'] = process.argv.slice(2);
const limit = Number(count);
let appends = 0;

const handle = await open(process.execPath, 'r');
const prototype = Object.getPrototypeOf(handle) as {
  appendFile: (this: { fd: number }, data: string | Uint8Array) => Promise<void>;
};
await handle.close();
const original = prototype.appendFile;
prototype.appendFile = function (data) {
  appends += 1;
  if (limit > 0 && appends > limit) {
    if (where === 'inside') {
      const bytes = Buffer.from(data as Uint8Array);
      writeSync(this.fd, bytes.subarray(0, Math.ceil(bytes.length / 2)));
    }
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  }
  return original.call(this, data);
};

const setup = killedSetup(killedFleet());
const path = join(out, id);
await (existsSync(join(path, 'plan.json'))
  ? resume(path, setup)
  : accept(fakePlan(), { ...setup, out, id }));
console.log(`appends ${appends}`);
