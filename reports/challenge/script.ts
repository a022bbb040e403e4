/** rerun.sh of a pack: the exact programs, without us; POSIX sh. */
import type { JournalArgument, JournalProgram, Rerun } from './model.ts';
import { word } from './shell.ts';

/** Trials made again at most: as many as the finding had, and no more than this. */
const TRIALS = 8;

/** The command that runs the programs: the script's own parameters. */
const PYTHON = '"$@"';

/** What is run again, with how many trials its findings rest on. */
export interface Again {
  readonly rerun: Rerun;
  readonly trials: number;
}

/**
 * @param unit id of the unit, for the heading
 * @param python argument prefix that ran the payloads, as the plan has it
 */
export function scriptOf(
  unit: string,
  again: readonly Again[],
  python: readonly string[] | undefined,
): string {
  const python3 = (python ?? ['python3']).map(word).join(' ');
  return `#!/bin/sh
# Measures again what unit ${unit.replaceAll(/[^\w.-]/gu, '')} was rejected for: the same programs (by hash), the same
# arguments and environment, without assay. Run it on that host, with nothing else running there.
#
# usage: sh rerun.sh [RANK]      RANK: this host's place (from 0) where a trial takes several hosts;
#                                start all of them within two minutes of each other
#   PYTHON     command that runs the programs (default: ${python3.replaceAll('\n', ' ')})
#   TRIALS     trials of each case (default: as many as the finding had, at most ${TRIALS})
#   ADDRESS_0  address of the first host where a trial takes several (default: 127.0.0.1)
#   OUT        folder for the output (default: ./output)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rank=\${1:-0}
# Words of the command are in the parameters from here on.
if [ -n "\${PYTHON:-}" ]; then set -- $PYTHON; else set -- ${python3}; fi
address_0=\${ADDRESS_0:-127.0.0.1}
out=\${OUT:-$here/output}
base_path=$PATH
base_home=\${HOME:-/}
base_tmp=\${TMPDIR:-/tmp}
unset CDPATH

(cd "$here" && sha256sum -c SHA256SUMS >/dev/null) || {
  echo "the files of this pack are not those that were sealed: see SHA256SUMS" >&2
  exit 2
}
mkdir -p "$out/scratch"
rm -f "$out"/*.out "$out"/*.err
cd "$out/scratch"

# What the harness gives every program, and nothing else of this shell.
within() {
  limit=$1
  shift
  set -- env -i PATH="$base_path" HOME="$base_home" LANG=C.UTF-8 TMPDIR="$base_tmp" "$@"
  if command -v timeout >/dev/null 2>&1; then set -- timeout "$limit" "$@"; fi
  "$@"
}

${again.map(caseText).join('\n')}
${PYTHON} "$here/compare.py" "$here/expected.json" "$out"
`;
}

function caseText({ rerun, trials }: Again): string {
  const many = rerun.nodes.length;
  const steps = rerun.programs
    .map((program, index) => ({ program, index }))
    // Telemetry ran beside it, and claims nothing.
    .filter(({ program }) => program.role !== 'companion');
  if (steps.some(({ program }) => program.role === 'server')) {
    return `echo ${word(`${rerun.case}: needs its server started first; see notice.md for the commands`)}\n`;
  }
  const most = Math.min(TRIALS, Math.max(1, trials));
  const head = `# ${rerun.case} on ${many} ${many === 1 ? 'host' : 'hosts'}\n`;
  const runs = steps.map(({ program, index }) => stepText(rerun, program, index)).join('');
  return `${head}trial=1
while [ "$trial" -le "\${TRIALS:-${most}}" ]; do
  echo "${rerun.case.replaceAll(/[^\w.=-]/gu, '')}: trial $trial" >&2
${runs}  trial=$((trial + 1))
done
`;
}

function stepText(rerun: Rerun, program: JournalProgram, index: number): string {
  const [first] = program.argv;
  const payload = typeof first === 'object' && 'file' in first;
  const environment = Object.entries(program.environment).map(
    ([name, value]) => `${word(name)}=${argument(value, rerun)}`,
  );
  const ranks = [`ASSAY_RANK="$rank"`, `ASSAY_NODES=${rerun.nodes.length}`];
  const argv = program.argv.map((one) => argument(one, rerun));
  const prefix = payload ? `${PYTHON} ` : '';
  const call = `within ${Math.ceil(program.limit)} ${[...environment, ...ranks].join(' ')} ${prefix}${argv.join(' ')}`;
  const name = `"$out/"${word(rerun.case)}".$trial.${index}`;
  return `  ${call} \\
    >${name}.out" 2>${name}.err" || echo "  exit status $?" >&2
`;
}

/** One argument as text of the script. */
function argument(one: JournalArgument, { ports }: Rerun): string {
  if (typeof one === 'string') return word(one);
  if ('private' in one) return '"$PRIVATE"';
  if ('file' in one) return `"$here/files/${hex(one.file)}"`;
  if ('port' in one) return String(ports[one.port] ?? 29_500);
  if ('addressOf' in one) {
    return one.addressOf === 0 ? '"$address_0"' : `"\${ADDRESS_${Math.trunc(one.addressOf)}}"`;
  }
  if ('scratch' in one) return `"$out/scratch/"${word(one.scratch)}`;
  return `"\${SECRET_${one.secret.replaceAll(/\W/gu, '_')}}"`;
}

function hex(sha256: string): string {
  if (!/^[0-9a-f]{64}$/u.test(sha256)) throw new TypeError('a file without a SHA-256');
  return sha256;
}
