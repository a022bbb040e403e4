// Command lines as JSON on standard input, run one after the other in one process: what is asked of a
// damaged file a hundred times is not asked of the start of Node.js. After each, both streams get its code.
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { run } from '../../dist/bin/main.js';

for await (const line of createInterface({ input: process.stdin })) {
  let code = 70;
  try {
    code = await run(JSON.parse(line));
  } catch (error) {
    writeSync(2, `a bug in the harness: ${error instanceof Error ? error.stack : String(error)}\n`);
  }
  for (const stream of [1, 2]) writeSync(stream, `\u0000${code}\n`);
}
