// Our side of the fan-out: opens every host over the ssh runner's own path, cold, and runs one command there.
// Standard input: JSON { dist, hosts, options, argv }. Standard output: "address: line" for every line, as clush.
import { setMaxListeners } from 'node:events';
import { text } from 'node:stream/consumers';

const { dist, hosts, options, argv } = JSON.parse(await text(process.stdin));
const { sshClient } = await import(`${dist}/runners/ssh/client.js`);
const { collect } = await import(`${dist}/runners/session/shell.js`);

const client = await sshClient({ ...options, environment: {} });
const { signal } = new AbortController();
setMaxListeners(0, signal);
let failed = 0;
await Promise.all(
  hosts.map(async (name) => {
    const shell = await client.open({ name }, signal);
    const { code, stdout } = await collect(shell, argv, { limit: 60 });
    if (code !== 0) failed += 1;
    const lines = stdout.toString('latin1').trimEnd().split('\n');
    process.stdout.write(lines.map((line) => `${name}: ${line}\n`).join(''));
    await shell.close();
  }),
);
await client.close();
process.exitCode = failed === 0 ? 0 : 1;
