/** What `verify` found, in words. */
import type { CheckedSignature } from '../campaign/signatures/check.ts';
import type { Verified } from '../campaign/verify.ts';
import { printable, style, type Io } from './terminal.ts';

/** Findings that can't be computed again, named at most. */
const NAMED = 20;

/** @param untrusting no allowed_signers was given */
export function tellVerified(found: Verified, untrusting: boolean, io: Io): void {
  const { problems, signatures, withheld, notes } = found;
  for (const { file, what } of problems) io.err(printable(`${file}: ${what}`));
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
      : 'every hash of what is here holds; the findings above rest on the signed manifest alone';
  io.out(`${style(io, 'green', 'verified')}: ${what}`);
}

function signatureLine({ signer, word, says, stamp, file }: CheckedSignature): string {
  const at = stamp === undefined || stamp.stamp === 'invalid' ? '' : `, time stamp ${stamp.at}`;
  const trusted =
    stamp?.stamp === 'unchecked' ? ' (its authority not checked: --timestamp-ca)' : '';
  const of = file.startsWith('later/') ? ` of ${file.slice(0, file.indexOf('/signatures'))}` : '';
  return `signature of ${signer}${of}: ${word}, ${says}${at}${trusted}`;
}

function tellWithheld(withheld: NonNullable<Verified['withheld']>, io: Io): void {
  io.out(printable(`a copy for ${withheld.for}; withheld from it:`));
  for (const [file, { sha256 }] of Object.entries(withheld.files)) {
    io.out(printable(`  ${file}, sha256 ${sha256}`));
  }
  for (const [folder, sha256] of Object.entries(withheld.later)) {
    io.out(printable(`  ${folder}/, manifest.json sha256 ${sha256}`));
  }
  const { recomputed, notRecomputed } = withheld;
  io.out(
    `  findings computed again from what is here: ${recomputed}; not from what is here: ${notRecomputed.length}`,
  );
  for (const { criterion, subject } of notRecomputed.slice(0, NAMED)) {
    io.out(printable(`    ${criterion} on ${JSON.stringify(subject)}`));
  }
  if (notRecomputed.length > NAMED) io.out(`    and ${notRecomputed.length - NAMED} more (--json)`);
}
