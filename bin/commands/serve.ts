import { randomBytes } from 'node:crypto';
import { startViewer } from '../../reports/viewer/viewer.ts';
import { command } from '../command.ts';

export const serve = command({
  usage: 'serve [dir]',
  describe: 'Runs and reports in a browser; loopback unless told otherwise',
  examples: [
    ['serve runs', 'on 127.0.0.1'],
    ['serve runs --host 10.0.0.5', 'for others: a token is made and shown in the address'],
  ],
  options: (yargs) =>
    yargs
      .positional('dir', { type: 'string', default: 'runs', describe: 'Folder of runs' })
      .option('host', { type: 'string', default: '127.0.0.1', describe: 'Address to listen on' })
      .option('port', { type: 'number', default: 8321, describe: '0: any free one' }),
  async run(args, io) {
    const local = /^(?:127\.|::1$|localhost$)/u.test(args.host);
    const token = local ? {} : { token: randomBytes(24).toString('base64url') };
    const viewer = await startViewer({ dir: args.dir, host: args.host, port: args.port, ...token });
    if (io.json) io.event({ event: 'serving', url: viewer.url });
    else io.out(`${viewer.url} (Ctrl-C ends)`);
    await new Promise<void>((resolve) => {
      if (io.signal.aborted) resolve();
      io.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await viewer.close();
    return 0;
  },
});
