import { signRun } from '../../campaign/signatures/sign.ts';
import { command } from '../command.ts';
import { printable } from '../terminal.ts';

export const sign = command({
  usage: 'sign <run>',
  describe: 'Sign a sealed run with an OpenSSH key; several may, over the same manifest',
  examples: [
    ['sign runs/20261215T081500Z-3f2a --key ~/.ssh/id_ed25519', 'as the comment of the key says'],
    [
      'sign runs/20261215T081500Z-3f2a --key buyer.pub --signer buyer@example.com',
      'a key that the agent or a hardware token holds',
    ],
  ],
  options: (yargs) =>
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: 'Run directory' })
      .option('key', {
        type: 'string',
        demandOption: true,
        describe: 'Private key, or the .pub of one in the agent or on a token',
      })
      .option('signer', {
        type: 'string',
        describe: "Name as allowed_signers spells it; left out: the key's comment",
      })
      .option('timestamp', {
        type: 'string',
        describe: 'URL of an RFC 3161 authority: its stamp goes beside the signature',
      }),
  async run(args, io) {
    const { signer, files } = await signRun(args.run, {
      key: args.key,
      ...(args.signer !== undefined && { signer: args.signer }),
      ...(args.timestamp !== undefined && { timestamp: args.timestamp }),
      signal: io.signal,
    });
    if (io.json) io.event({ schema: 'assay/sign/1', signer, files });
    else io.out(printable(`signed by ${signer}: ${files.join(', ')}`));
    return 0;
  },
});
