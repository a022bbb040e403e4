/** `prepare: install` of the plan: brings torch to a host that has none. Nothing else installs anything. */
import { collect, type Shell } from './shell.ts';

/** Seconds; torch is some hundred megabytes. */
const LIMIT = 1200;
/** Of the installer's words, kept when it fails. */
const KEPT = 300;

/** Debian's package where we may, else a private virtual environment in our own folder there. */
const SCRIPT = String.raw`
cache=$1; shift
if [ -e /etc/debian_version ] && { [ "$(id -u)" = 0 ] || [ "$#" -gt 0 ]; }; then
  DEBIAN_FRONTEND=noninteractive
  export DEBIAN_FRONTEND
  "$@" apt-get -o DPkg::Lock::Timeout=600 -qq update >/dev/null 2>&1
  if "$@" apt-get -o DPkg::Lock::Timeout=600 -qq -y --no-install-recommends install python3-torch >/dev/null 2>&1; then
    echo 'python3-torch'
    exit 0
  fi
fi
python3 -m venv "$cache/python" >&2 && "$cache/python/bin/python" -m pip install --quiet torch numpy >&2 && echo 'torch (pip)'
`.trim();

/** Where the private virtual environment's interpreter is, as a shell says it. */
export const PREPARED_PYTHON = '"$cache"/python/bin/python';

/**
 * Installs torch on a host.
 *
 * @param become argument prefix for root; absent: only what this account may do
 * @returns what was installed, or why not: then the payloads say NO_TORCH themselves
 */
export async function prepare(
  shell: Shell,
  cache: string,
  become: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<string> {
  const argv = ['sh', '-c', SCRIPT, 'assay', cache, ...(become ?? [])];
  const { stdout, stderr, code } = await collect(shell, argv, { limit: LIMIT, signal });
  const done = stdout.toString('utf8').trim();
  if (code === 0 && done !== '') return `installed ${done}`;
  return `failed: ${stderr.toString('utf8').trim().slice(-KEPT) || `exit ${code ?? '?'}`}`;
}
