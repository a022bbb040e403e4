/** The content store of a host: `~/.cache/assay/files/<sha256>` (or a folder that hosts share), each file there once, checked there. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HarnessError } from '../../plan/errors.ts';
import type { Shell } from './shell.ts';
import { timeLimit } from '../../plan/limit.ts';

/** $1: folder, $2: sha256. Says `have`, or `send` and takes the bytes from stdin; exit 9: wrong bytes. */
const SCRIPT = String.raw`
umask 077
mkdir -p "$1" && cd "$1" || exit 4
sum() { sha256sum < "$1" 2>/dev/null | cut -c1-64; }
if [ -f "$2" ] && [ "$(sum "$2")" = "$2" ]; then echo have; exit 0; fi
temporary=.$2.$(uname -n).$$
trap 'rm -f "$temporary"' EXIT
trap 'exit 130' HUP INT TERM
echo send
cat > "$temporary" || exit 4
[ "$(sum "$temporary")" = "$2" ] || exit 9
chmod 500 "$temporary" && mv -f "$temporary" "$2" || exit 4
echo kept
`.trim();

/** Where a stored file lies on its host. */
export function storedPath(files: string, sha256: string): string {
  return `${files}/${sha256}`;
}

/**
 * Brings a file to a host's store unless it is there; safe against others doing the same at once.
 *
 * @param source path on the controller, or the bytes themselves
 * @param limit seconds for the whole of it
 * @throws {HarnessError} DISK_FULL, SSH_LOST, EVIDENCE_HASH_MISMATCH (other bytes arrived than were sent)
 */
export async function bring(
  shell: Shell,
  files: string,
  sha256: string,
  source: string | Uint8Array,
  limit: number,
  signal: AbortSignal,
): Promise<void> {
  const patience = timeLimit(limit, signal);
  const channel = await shell.exec(['sh', '-c', SCRIPT, 'assay', files, sha256], patience);
  const stop = () => channel.close();
  patience.addEventListener('abort', stop, { once: true });
  channel.stdin.on('error', () => undefined);
  let said = '';
  let complaint = '';
  channel.stderr.on('data', (bytes: Buffer) => {
    complaint = (complaint + bytes.toString('utf8')).slice(0, 2000);
  });
  let sending: Promise<void> | undefined;
  try {
    for await (const bytes of channel.stdout as AsyncIterable<Buffer>) {
      said = (said + bytes.toString('latin1')).slice(-8192);
      if (sending === undefined && /^send$/mu.test(said)) {
        // The host may stop reading (disk full): its exit tells, not the pipe.
        sending = pipeline(opened(source), channel.stdin).catch(() => undefined);
      }
      if (/^have$/mu.test(said)) channel.stdin.end();
    }
    channel.stdin.end();
    const end = await channel.end;
    await sending;
    signal.throwIfAborted();
    if (end.code === 0 && /^(?:have|kept)$/mu.test(said)) return;
    throw failure(end.code, complaint, patience.aborted ? `no end after ${limit} s` : end.lost);
  } finally {
    patience.removeEventListener('abort', stop);
    channel.close();
  }
}

function opened(source: string | Uint8Array): Readable {
  return typeof source === 'string' ? createReadStream(source) : Readable.from([source]);
}

function failure(code: number | undefined, complaint: string, lost: string | undefined) {
  if (code === undefined) {
    return new HarnessError('SSH_LOST', lost ?? 'the connection broke while a file was sent', {
      hint: 'Look at the network to the host; then assay resume.',
    });
  }
  if (code === 9) {
    return new HarnessError('EVIDENCE_HASH_MISMATCH', 'other bytes arrived than were sent', {
      hint: 'The file changed while it was sent, or sha256sum is missing on the host.',
    });
  }
  const text = complaint.trim().split('\n').at(-1) ?? '';
  return new HarnessError(
    'DISK_FULL',
    `the host could not keep a file: ${text || `exit ${code}`}`,
    {
      hint: 'Make room in the home folder there.',
    },
  );
}
