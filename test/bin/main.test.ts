import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { commands } from '../../bin/commands.ts';
import { run } from '../../bin/main.ts';
import type { Command } from '../../bin/command.ts';

const test = suite('exit 1 needs a verdict on disk');

const registry = commands as Record<string, { describe: string; load(): Promise<Command> }>;
const plant = (act: Command['run']) => {
  registry['planted'] = {
    describe: 'of this test',
    load: async () => ({
      usage: 'planted',
      describe: 'of this test',
      examples: [],
      options: (yargs) => yargs,
      run: act,
    }),
  };
};
test.after(() => {
  delete registry['planted'];
});

async function thrown(): Promise<unknown> {
  try {
    return await run(['planted']);
  } catch (error) {
    return error;
  }
}

test('a command that names no verdict cannot reject', async () => {
  plant(async () => 1);
  assert.match(String(await thrown()), /no verdict is on disk/u);
});

test('nor one whose verdict is not there', async () => {
  plant(async (_, io) => {
    io.verdictAt('/nowhere/verdict.json');
    return 1;
  });
  assert.match(String(await thrown()), /no verdict is on disk/u);
});

test('with the file in place it can', async () => {
  plant(async (_, io) => {
    io.verdictAt(new URL(import.meta.url).pathname);
    return 1;
  });
  assert.is(await thrown(), 1);
});

test('other codes need none', async () => {
  for (const code of [0, 3, 4]) {
    plant(async () => code);
    assert.is(await thrown(), code);
  }
});

test.run();
