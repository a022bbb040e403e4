import type { CheckedSignature } from '../../campaign/signatures/check.ts';
import { verifyRun, type Verified } from '../../campaign/verify.ts';
import { createJudge } from '../judging.ts';
import { command } from '../command.ts';
import { composeRun } from '../compose.ts';
import { printable, style, type Io } from '../terminal.ts';
import { version } from '../version.ts';
import { STANDARD_REPORTS, writeReports } from '../write-reports.ts';

/** Findings that can't be computed again, named at most. */
const NAMED = 20;

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
    const found = await verifyRun(args.run, {
      createJudge,
      revive: async (plan) => (await composeRun(plan)).units,
      trust: {
        now: new Date(),
        required: args['signed-by'],
        ...(args.signers !== undefined && { allowed: args.signers }),
        ...(args['timestamp-ca'] !== undefined && { authority: args['timestamp-ca'] }),
      },
      reports: {
        version: version(),
        render: (run, into) => writeReports(run, STANDARD_REPORTS, into, { signatures: [] }),
      },
    });
    const { problems } = found;
    for (const { file, what } of problems) io.err(printable(`${file}: ${what}`));
    if (io.json) io.event({ schema: 'assay/verify/1', ok: problems.length === 0, ...found });
    else tell(found, args.signers === undefined, io);
    return problems.length === 0 ? 0 : 4;
  },
});

function tell(found: Verified, untrusting: boolean, io: Io): void {
  const { problems, signatures, withheld, notes } = found;
  for (const one of signatures) io.out(printable(signatureLine(one)));
  if (untrusting && signatures.length > 0) {
    io.out('signatures are held against the manifest only: --signers FILE says whose keys count');
  }
  for (const note of notes) io.out(printable(note));
  if (withheld !== undefined) tellWithheld(withheld, io);
  if (problems.length > 0) {
    io.out(`${style(io, 'red', 'not verified')}: ${problems.length} differences`);
    return;
  }
  const what =
    withheld === undefined || withheld.notRecomputed.length === 0
      ? 'every hash holds, and the evidence gives this verdict again'
      : 'every hash of what is here holds; what is withheld above rests on the signed manifest alone';
  io.out(`${style(io, 'green', 'verified')}: ${what}`);
}

function signatureLine({ signer, word, says, stamp, file }: CheckedSignature): string {
  const at = stamp === undefined || stamp.stamp === 'invalid' ? '' : `, time stamp ${stamp.at}`;
  const trusted =
    stamp?.stamp === 'unchecked' ? ' (its authority not checked: --timestamp-ca)' : '';
  const where = file.startsWith('later/')
    ? ` of ${file.slice(0, file.indexOf('/signatures'))}`
    : '';
  return `signature of ${signer}${where}: ${word}, ${says}${at}${trusted}`;
}

function tellWithheld(withheld: NonNullable<Verified['withheld']>, io: Io): void {
  io.out(printable(`a copy for ${withheld.for}; withheld from it:`));
  for (const [file, { sha256 }] of Object.entries(withheld.files)) {
    io.out(printable(`  ${file} sha256 ${sha256}`));
  }
  const { recomputed, notRecomputed } = withheld;
  io.out(
    `  ${recomputed} findings computed again from what is here, ${notRecomputed.length} could not be`,
  );
  for (const { criterion, subject } of notRecomputed.slice(0, NAMED)) {
    io.out(printable(`    ${criterion} on ${JSON.stringify(subject)}`));
  }
  if (notRecomputed.length > NAMED) io.out(`    and ${notRecomputed.length - NAMED} more (--json)`);
}
