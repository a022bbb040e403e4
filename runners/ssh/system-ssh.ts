/** The system's ssh over one ControlMaster: what ssh2 can't do (certificates of users and hosts). */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HarnessError } from '../../plan/errors.ts';
import { run, spawn } from '../process.ts';
import { gate } from '../session/gate.ts';
import { printable } from '../session/printable.ts';
import { commandLine } from '../session/quote.ts';
import type { Channel, ChannelEnd, Shell } from '../session/shell.ts';
import type { HostSettings } from './settings.ts';

const CHANNELS = 8;

/**
 * Opens a host with `ssh`, one master connection for all its channels.
 *
 * @param options.config file for `ssh -F`
 * @throws {HarnessError} SSH_* as ssh's words say, TOOL_MISSING where there is no ssh
 */
export async function systemShell(
  to: HostSettings,
  options: { readonly config: string; readonly scratch: string; readonly timeout: number },
  signal: AbortSignal,
): Promise<Shell> {
  // A control socket's path is at most about 90 bytes: ssh puts a suffix behind it.
  const short = Buffer.byteLength(options.scratch) < 60;
  const folder = await mkdtemp(join(short ? options.scratch : tmpdir(), 'cm-'));
  const socket = join(folder, 's');
  const settings = [
    ['ControlPath', socket],
    ['BatchMode', 'yes'],
    ['ConnectTimeout', String(Math.ceil(options.timeout))],
    ['ServerAliveInterval', '15'],
    ['ServerAliveCountMax', '3'],
    ['StrictHostKeyChecking', to.acceptNew ? 'accept-new' : 'yes'],
    ['HostName', to.address],
    ['UserKnownHostsFile', to.knownHosts.map((path) => `"${path}"`).join(' ')],
    ...(to.identitiesConfigured ? to.identityFiles.map((path) => ['IdentityFile', path]) : []),
  ].flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  const target = ['-F', options.config, ...settings, '-p', String(to.port), '-l', to.user];
  const master = await run(
    [
      'ssh',
      ...target,
      '-o',
      'ControlMaster=yes',
      '-o',
      'ControlPersist=yes',
      '-f',
      '-N',
      '--',
      to.name,
    ],
    { limit: options.timeout + 10, signal },
  );
  if (master.ended !== 'exited' || master.code !== 0) {
    await rm(folder, { recursive: true, force: true });
    signal.throwIfAborted();
    if (master.ended === 'not-started') {
      throw new HarnessError('TOOL_MISSING', `ssh can't be run here (${master.code})`, {
        hint: 'Install an OpenSSH client, or give the host a plain key.',
      });
    }
    throw fromWords(to, master.stderr.toString('utf8'));
  }
  const closed = new AbortController();
  const slots = gate(CHANNELS);
  return {
    closed: closed.signal,
    async exec(argv, ends) {
      const leave = await slots(ends);
      const stop = new AbortController();
      const running = spawn(
        ['ssh', ...target, '-o', 'ControlMaster=no', '--', to.name, commandLine(argv)],
        { signal: stop.signal },
      );
      const end = running.end.then((ended): ChannelEnd => {
        leave();
        // 255 is ssh's own: the master is gone, or the program said so itself.
        if (ended.ended === 'exited' && ended.code !== 255) return { code: ended.code };
        if (ended.ended === 'exited') closed.abort();
        return { lost: 'ssh ended' };
      });
      const { stdin, stdout, stderr } = running;
      return { stdin, stdout, stderr, end, close: () => stop.abort() } satisfies Channel;
    },
    async close() {
      closed.abort();
      await run(['ssh', ...target, '-O', 'exit', '--', to.name], { limit: 5 });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function fromWords(to: HostSettings, words: string): HarnessError {
  const last = printable(words.trim().split('\n').slice(-3).join(' '));
  const message = `${printable(to.address)}:${to.port}: ${last || 'ssh ended without a word'}`;
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED|revoked/u.test(words)) {
    return new HarnessError('SSH_HOST_KEY_MISMATCH', message, {
      hint: 'If the host was reinstalled, remove its line from known_hosts; if not, look who answers.',
    });
  }
  if (/Host key verification failed|No .* host key is known/u.test(words)) {
    return new HarnessError('SSH_HOST_KEY_UNKNOWN', message, {
      hint: 'Add the key with ssh-keyscan after checking it, or set host-keys: accept-new.',
    });
  }
  if (/Permission denied|Too many authentication failures/u.test(words)) {
    return new HarnessError('SSH_AUTH', message, {
      hint: 'Check the user, the key and its certificate.',
    });
  }
  return new HarnessError('SSH_UNREACHABLE', message, {
    hint: 'Check the name, the port and that sshd runs there; then assay resume.',
  });
}
