/** What launchers put in front of each line. */

export interface Bare {
  /** Who printed it, where a launcher says so. */
  readonly tag?: string;
  readonly text: string;
}

const TAGS: readonly RegExp[] = [
  // Open MPI: --tag-output, with --timestamp-output before it.
  /^(?:[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4})?(\[\d+,\d+\])<std(?:out|err|diag)>:[ ]?/u,
  // MPICH and its kin.
  /^(\[\d+\])\s(?=[#\s\d])/u,
  // srun --label.
  /^\s*(\d+):[ ]/u,
];

/** A launcher's tag somewhere inside a line: two lines were joined. */
export const INNER_TAG = /\[\d+,\d+\]<std(?:out|err)>:/u;

// eslint-disable-next-line no-control-regex -- terminals' colours are what is taken out
const COLOUR = /\u001b\[[0-9;]*m/gu;

/** Takes the launcher's tag and colours off. */
export function bare(line: string): Bare {
  const plain = line.replace(COLOUR, '').replace(/\r$/u, '');
  for (const pattern of TAGS) {
    const found = pattern.exec(plain);
    if (found !== null) {
      const tag = found[1];
      return { text: plain.slice(found[0].length), ...(tag !== undefined && { tag }) };
    }
  }
  return { text: plain };
}
