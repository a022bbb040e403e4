/** The first words with a host: one sh that tells what payloads will find there. */
import { HarnessError } from '../../plan/errors.ts';
import { PREPARED_PYTHON } from './prepare.ts';
import { commandLine } from './quote.ts';
import { collect, type Shell } from './shell.ts';

/** What a host has for us. */
export interface Ground {
  /** Absolute path of the folder that is ours there: `~/.cache/assay`. */
  readonly cache: string;
  /** Folder of files by their hash; below `cache` unless the hosts share one. */
  readonly files: string;
  /** Same on hosts that share machine and folder: a file put there once is there for all. */
  readonly store: string;
  /** `files` is of a file system that hosts share: each still looks whether it sees the file. */
  readonly shared?: true;
  /** An earlier controller of this run left something there: it may still be running. */
  readonly left: boolean;
  /** The kernel's boot id: equal on hosts that run on one machine. */
  readonly boot?: string;
  /** Why the folder can't be written; absent: it can. */
  readonly unwritable?: string;
  /** Bytes free there. */
  readonly free?: number;
  /** Interpreter for the supervisor, ≥ 3.8; absent: none. */
  readonly supervisor?: string;
  /** Argument prefix for payloads: the plan's with torch or JAX, else the first with torch, with JAX, that runs. */
  readonly python?: readonly string[];
  /** Of `python`: "3.11.2". */
  readonly version?: string;
  /** Whether `python` finds them (not imported). */
  readonly torch: boolean;
  readonly jax: boolean;
  /** What `prepare: install` did; absent: it was not asked or not needed. */
  readonly prepared?: string;
}

const PROBE = String.raw`
import sys
assert sys.version_info >= (3, 8)
from importlib.util import find_spec
found = [one for one in ("torch", "jax") if find_spec(one) is not None]
print("assay:python\t%d.%d.%d\t%s\t%s" % (*sys.version_info[:3], (found + ["none"])[0], sys.executable))
`.trim();

/** Candidates follow as `ask NUMBER ALONE WORDS…`; ALONE: an interpreter of the host's own. */
const SCRIPT = String.raw`
probe=$1 run=$2
say() { printf 'assay:%s\t%s\n' "$1" "$2"; }
cache=$HOME/.cache/assay
say cache "$cache"
read -r boot < /proc/sys/kernel/random/boot_id 2>/dev/null && say boot "$boot"
problem=$(umask 077 && mkdir -p "$cache/files" "$cache/runs" 2>&1 && : 2>&1 > "$cache/.w$$") || say unwritable "$problem"
rm -f "$cache/.w$$"
[ -d "$cache/runs/$run" ] && say left yes
say device "$(stat -c %d:%i "$cache/files" 2>/dev/null)"
say free "$(df -Pk "$HOME" 2>/dev/null | { read -r _; read -r _ _ _ kib _; printf %s "$kib"; })"
command -v timeout >/dev/null 2>&1 && limit='timeout 60' || limit=
torch=0 alone=0
ask() {
  number=$1 own=$2; shift 2
  if [ "$torch" = 1 ] && { [ "$own" = 0 ] || [ "$alone" = 1 ]; }; then return; fi
  command -v "$1" >/dev/null 2>&1 || return
  found=$($limit "$@" -c "$probe" 2>/dev/null </dev/null | sed -n 's/^assay:python.//p')
  [ -n "$found" ] || return
  printf 'assay:python\t%s\t%s\n' "$number" "$found"
  [ "$own" = 1 ] && alone=1
  case "$number $found" in *"	torch	"* | 0*"	jax	"*) torch=1;; esac
}
`.trim();

/** The virtual environment is the host's to name; each line is a candidate, as a shell says it. */
const OWN = [
  '"${VIRTUAL_ENV:-/nonexistent}"/bin/python',
  'python3',
  '/usr/bin/python3',
  PREPARED_PYTHON,
];

/**
 * Asks a host what it has; installs nothing.
 *
 * @param plan the plan's python prefix, asked first
 * @param run this run's folder for this node, below `runs`
 * @throws {HarnessError} SSH_LOST, OUTPUT_UNREADABLE when the host gives no usable answer
 */
export async function bootstrap(
  shell: Shell,
  plan: readonly string[] | undefined,
  run: string,
  signal: AbortSignal,
): Promise<Ground> {
  const asks = OWN.map((candidate, index) => `ask ${index + 1} 1 ${candidate}`);
  if (plan !== undefined && plan.length > 0) {
    asks.unshift(`ask 0 ${plan.length === 1 ? 1 : 0} ${commandLine(plan)}`);
  }
  const script = [SCRIPT, ...asks, 'exit 0'].join('\n');
  const argv = ['sh', '-c', script, 'assay', PROBE, run];
  const { stdout, code } = await collect(shell, argv, { limit: 180, signal });
  return read(stdout.toString('utf8'), plan, code);
}

function read(text: string, plan: readonly string[] | undefined, code: number | undefined): Ground {
  const said = new Map<string, string>();
  const pythons: { at: number; version: string; has: string; path: string }[] = [];
  for (const line of text.split('\n')) {
    const [key, ...values] = line.startsWith('assay:') ? line.slice(6).split('\t') : [];
    if (key === 'python') {
      const [at, version = '', has = '', path = ''] = values;
      pythons.push({ at: Number(at), version, has, path });
    } else if (key !== undefined) said.set(key, values.join('\t'));
  }
  const cache = said.get('cache');
  if (cache === undefined || !cache.startsWith('/')) {
    throw new HarnessError('OUTPUT_UNREADABLE', `no usable answer from sh (exit ${code ?? '?'})`, {
      hint: 'The account needs a POSIX sh as a command, and a home folder.',
    });
  }
  const chosen =
    pythons.find((one) => one.at === 0 && one.has !== 'none') ??
    pythons.find((one) => one.has === 'torch') ??
    pythons.find((one) => one.has === 'jax') ??
    pythons[0];
  const alone = pythons.find((one) => one.at > 0 || plan?.length === 1);
  const boot = said.get('boot');
  const free = Number(said.get('free') || Number.NaN) * 1024;
  const unwritable = said.get('unwritable');
  return {
    cache,
    files: `${cache}/files`,
    store: `${boot ?? ''} ${said.get('device') ?? ''} ${cache}`,
    left: said.has('left'),
    torch: chosen?.has === 'torch',
    jax: chosen?.has === 'jax',
    ...(boot !== undefined && { boot }),
    ...(unwritable !== undefined && { unwritable }),
    ...(Number.isFinite(free) && { free }),
    ...(alone !== undefined && { supervisor: alone.path }),
    ...(chosen !== undefined && {
      python: chosen.at === 0 && plan !== undefined ? plan : [chosen.path],
      version: chosen.version,
    }),
  };
}
