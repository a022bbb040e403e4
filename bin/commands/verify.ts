import { command } from '../command.ts';
import { tellVerified } from '../tell-verified.ts';
import { verified } from '../verification.ts';

export const verify = command({
  usage: 'verify <run>',
  describe: 'Check hashes and signatures, and recompute the verdict from evidence alone',
  examples: [
    ['verify runs/20261215T081500Z-3f2a', 'exit 4 and the file or number that differs'],
    [
      'verify runs/20261215T081500Z-3f2a --signers allowed_signers --signed-by buyer@example.com',
      'who signed, and that the buyer did',
    ],
  ],
  options: (yargs) =>
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: 'Run directory' })
      .option('signers', {
        type: 'string',
        describe: 'OpenSSH allowed_signers file: whose keys count',
      })
      .option('signed-by', {
        type: 'string',
        array: true,
        default: [] as string[],
        describe: 'Signers that must be there',
      })
      .option('timestamp-ca', {
        type: 'string',
        describe: 'PEM certificates of the time-stamp authority: a key may then have expired since',
      }),
  async run(args, io) {
    const found = await verified(args.run, {
      now: new Date(),
      required: args['signed-by'],
      ...(args.signers !== undefined && { allowed: args.signers }),
      ...(args['timestamp-ca'] !== undefined && { authority: args['timestamp-ca'] }),
    });
    const ok = found.problems.length === 0;
    if (io.json) io.event({ schema: 'assay/verify/1', ok, ...found });
    else tellVerified(found, args.signers === undefined, io);
    return ok ? 0 : 4;
  },
});
