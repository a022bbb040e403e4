/**
 * The load generator for a node: `bin/build.mjs` makes one file of it and all that it imports, which is brought there
 * as a payload. The program and its threads begin here.
 */
import { isMainThread } from 'node:worker_threads';

await (isMainThread ? import('./main.ts') : import('./thread.ts'));
