"""Runs one program on a node, whatever becomes of the connection. Python >= 3.8, standard library only.

One process here, the daemon, owns the program: its spool, its limits and its lease. It talks to one relay
at a time over a socket in the spool folder. The relay is what the controller starts over its connection;
it only moves bytes. Usage: supervise.py attach FOLDER; first line on stdin: a JSON header
  {"nonce": str, "offsets": [out, err], "spec": {...} | null}
then single bytes: c = contact, k = stop the program, a = exit received: forget everything.
Answer on stdout: the marker, then frames: type (1 byte), length (4 bytes, big endian), payload.
  S start (JSON)   O, E bytes of stdout, stderr   X exit (JSON)   N not started (JSON)   G nothing here (JSON)
usage: supervise.py clear FOLDER   stops every daemon below FOLDER and removes it.
"""
import errno
import json
import os
import select
import signal
import socket
import sys
import time

MARKER = b"\x00assay-frames-1\n"
BLOCK = 64 * 1024
SOCKET = "s"
# Seconds: from SIGTERM to SIGKILL; until a process counts as one that will not die; for last output.
SOFT, HARD, DRAIN = 2.0, 10.0, 2.0


def frame(kind, payload):
    return kind + len(payload).to_bytes(4, "big") + payload


def json_frame(kind, value):
    return frame(kind, json.dumps(value).encode())


def prctl(option, value):
    try:
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass  # Without it, only children that left the session escape a kill.


def processes():
    """pid -> (parent, session, state) of every process."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name, "rb") as file:
                text = file.read()
        except OSError:
            continue
        # The command name, in brackets, may hold anything.
        fields = text[text.rindex(b")") + 2 :].split()
        found[int(name)] = (int(fields[1]), int(fields[3]), fields[0])
    return found


def members(session):
    """Living processes of the program: its session, and all that descend from this daemon."""
    all_of_them = processes()
    ours = {os.getpid()}
    grown = True
    while grown:
        grown = False
        for pid, (parent, _, _) in all_of_them.items():
            if parent in ours and pid not in ours:
                ours.add(pid)
                grown = True
    ours.discard(os.getpid())
    return [
        pid
        for pid, (_, its_session, state) in all_of_them.items()
        if (pid in ours or its_session == session) and state not in (b"Z", b"X")
    ]


def forget(folder):
    """Removes a folder; then its parents as long as they are empty, up to `runs`."""
    for where, folders, files in os.walk(folder, topdown=False):
        for name in files:
            quietly(os.unlink, os.path.join(where, name))
        for name in folders:
            path = os.path.join(where, name)
            quietly(os.unlink if os.path.islink(path) else os.rmdir, path)
    quietly(os.rmdir, folder)
    parent = os.path.dirname(folder)
    while os.path.basename(parent) not in ("runs", ""):
        try:
            os.rmdir(parent)
        except OSError:
            return
        parent = os.path.dirname(parent)


def make(folder):
    """Makes a folder and its parents, also while another daemon removes an empty parent."""
    for left in (4, 3, 2, 1, 0):
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            return
        except FileNotFoundError:
            if left == 0:
                raise


def quietly(call, *arguments):
    try:
        call(*arguments)
    except OSError:
        pass


class Stream:
    """One output of the program: its pipe and its spool."""

    def __init__(self, kind, name, folder):
        self.kind = kind
        self.spool = os.open(
            os.path.join(folder, name), os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600
        )
        self.pipe, self.program_end = os.pipe()
        os.set_blocking(self.pipe, False)
        self.size = 0
        self.sent = 0

    def close_pipe(self):
        if self.pipe is not None:
            os.close(self.pipe)
            self.pipe = None


class Daemon:
    def __init__(self, folder, spec, nonce, listener):
        self.folder = folder
        self.spec = spec
        self.nonce = nonce
        self.listener = listener
        self.client = None
        self.header = b""
        self.ready = False
        self.out = b""
        self.streams = []
        self.pid = None
        self.start = None
        self.end = None
        self.told_end = False
        self.killing = None
        self.status = None
        self.survivors = []
        self.done = False
        self.contact = time.monotonic()
        self.began = time.monotonic()
        self.wake, wake_end = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(wake_end, False)
        signal.set_wakeup_fd(wake_end)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def run(self):
        self.launch()
        while not self.done:
            self.turn()
        self.listener.close()
        quietly(os.rmdir, self.spec["scratch"])
        forget(self.folder)

    # The program ------------------------------------------------------------------------------

    def launch(self):
        try:
            self.streams = [Stream(b"O", "stdout", self.folder), Stream(b"E", "stderr", self.folder)]
            scratch = self.spec["scratch"]
            make(scratch)
            pid, error = self.fork(scratch)
        except OSError as problem:
            self.not_started(problem.errno, str(problem))
            return
        if error:
            self.not_started(error, "%s: %s" % (self.spec["argv"][0], os.strerror(error)))
            return
        self.pid = pid
        self.start = {"pid": pid, "at": time.time()}

    def fork(self, scratch):
        """The program's pid, and errno where it could not be started (0 where it was)."""
        report, report_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.setsid()
                prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: no program without its daemon
                null = os.open(os.devnull, os.O_RDONLY)
                os.dup2(null, 0)
                os.dup2(self.streams[0].program_end, 1)
                os.dup2(self.streams[1].program_end, 2)
                os.chdir(scratch)
                signal.set_wakeup_fd(-1)
                for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGHUP, signal.SIGXFSZ):
                    signal.signal(number, signal.SIG_DFL)
                environment = self.spec["environment"]
                os.execvpe(self.spec["argv"][0], self.spec["argv"], environment)
            except OSError as problem:
                os.write(report_end, str(problem.errno or errno.EIO).encode())
            except BaseException:
                os.write(report_end, str(errno.EINVAL).encode())
            os._exit(127)
        os.close(report_end)
        for stream in self.streams:
            os.close(stream.program_end)
        with os.fdopen(report, "rb") as file:
            error = int(file.read() or 0)
        if error:
            os.waitpid(pid, 0)
        return pid, error

    def not_started(self, number, reason):
        codes = {
            errno.ENOSPC: "DISK_FULL",
            errno.EDQUOT: "DISK_FULL",
            errno.ENOENT: "TOOL_MISSING",
            errno.EACCES: "TOOL_MISSING",
            errno.ENOEXEC: "TOOL_MISSING",
        }
        code = codes.get(number, "NOT_STARTED")
        self.finish({"ended": "not-started", "code": code, "reason": reason})

    def finish(self, end):
        self.end = end
        for stream in self.streams:
            stream.close_pipe()

    def read(self, stream):
        try:
            block = os.read(stream.pipe, BLOCK)
        except BlockingIOError:
            return False
        if not block:
            stream.close_pipe()
            return False
        room = self.spec["most"] - stream.size
        if room < len(block):
            self.kill("over-limit")
            block = block[: max(room, 0)]
        try:
            while block and not (self.killing and self.killing["why"] == "disk-full"):
                written = os.pwrite(stream.spool, block, stream.size)
                stream.size += written
                block = block[written:]
        except OSError as problem:
            self.kill("disk-full", str(problem))
        return True

    def kill(self, why, detail=""):
        """Begins to end the program; the first reason counts."""
        if self.end is not None:
            return
        if self.killing is not None:
            # An end of its own with output that is not all there is not an end of its own.
            if self.killing["why"] == "ended" and why in ("over-limit", "disk-full"):
                self.killing.update(why=why, detail=detail)
            return
        now = time.monotonic()
        soft = SOFT if why == "stopped" else 0.0
        self.killing = {"why": why, "detail": detail, "hard": now + soft, "give_up": now + soft + HARD}
        if soft:
            self.signal_all(signal.SIGTERM)

    def signal_all(self, number):
        alive = members(self.pid)
        for pid in alive:
            quietly(os.kill, pid, number)
        return alive

    def reap(self):
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.pid:
                self.status = status
                # What the program leaves behind does not outlive it.
                self.kill("ended")
                self.killing["hard"] = time.monotonic()

    def progress_kill(self, now):
        if self.killing is None or self.end is not None or now < self.killing["hard"]:
            return
        alive = self.signal_all(signal.SIGKILL)
        self.reap()
        if alive and now < self.killing["give_up"]:
            self.killing["hard"] = now + 0.05
            return
        self.survivors = alive
        self.drain(0.0 if alive else DRAIN)
        self.finish(self.describe())

    def drain(self, seconds):
        until = time.monotonic() + seconds
        for stream in self.streams:
            while stream.pipe is not None:
                if not self.read(stream):
                    if stream.pipe is None or time.monotonic() > until:
                        break
                    select.select([stream.pipe], [], [], 0.05)

    def describe(self):
        why, detail = self.killing["why"], self.killing["detail"]
        end = {"survivors": self.survivors} if self.survivors else {}
        if why == "disk-full":
            end.update(ended="not-started", code="DISK_FULL", reason="output could not be kept: " + detail)
        elif why == "lease":
            end.update(ended="lost", code="SSH_LOST", reason=detail)
        elif why != "ended":
            end.update(ended=why)
        elif os.WIFSIGNALED(self.status):
            number = os.WTERMSIG(self.status)
            try:
                name = signal.Signals(number).name
            except ValueError:
                name = "SIG%d" % number
            end.update(ended="signalled", signal=name)
        else:
            end.update(ended="exited", code=os.WEXITSTATUS(self.status))
        return end

    # The controller ---------------------------------------------------------------------------

    def accept(self):
        client, _ = self.listener.accept()
        self.drop()
        client.setblocking(False)
        self.client = client

    def drop(self):
        if self.client is not None:
            self.client.close()
        self.client, self.header, self.ready, self.out = None, b"", False, b""
        self.told_end = False

    def hear(self):
        try:
            text = self.client.recv(BLOCK)
        except BlockingIOError:
            return
        except OSError:
            text = b""
        if not text:
            self.drop()
            return
        self.contact = time.monotonic()
        if not self.ready:
            self.header += text
            line, newline, text = self.header.partition(b"\n")
            if not newline:
                return
            try:
                self.greet(json.loads(line))
            except (ValueError, KeyError, TypeError):
                self.drop()
                return
        for byte in text:
            if byte == ord("k"):
                self.kill("stopped")
            elif byte == ord("a") and self.end is not None:
                self.done = True
            elif byte == ord("q"):
                # A newer controller does not want this program: end it and forget it.
                self.kill("stopped")
                self.killing_quietly()

    def killing_quietly(self):
        while self.end is None:
            self.progress_kill(time.monotonic())
            time.sleep(0.02)
        self.done = True

    def greet(self, header):
        if header["nonce"] not in (self.nonce, "*"):
            self.out = json_frame(b"G", {"reason": "another program runs here"})
            self.told_end = True
        else:
            for stream, offset in zip(self.streams, header["offsets"]):
                stream.sent = min(offset, stream.size)
            self.out = json_frame(b"S", self.start) if self.start else b""
        self.ready = True

    def refill(self):
        """Puts the next frame into `out`; False when there is nothing to say now."""
        if self.out or not self.ready:
            return bool(self.out)
        if self.told_end:
            return False
        for stream in self.streams:
            if stream.sent < stream.size:
                block = os.pread(stream.spool, min(BLOCK, stream.size - stream.sent), stream.sent)
                stream.sent += len(block)
                self.out = frame(stream.kind, block)
                return True
        if self.end is not None:
            self.out = json_frame(b"X", self.end)
            self.told_end = True
            return True
        return False

    def speak(self):
        try:
            while self.refill():
                self.out = self.out[self.client.send(self.out) :]
        except BlockingIOError:
            pass
        except OSError:
            self.drop()

    # Time -------------------------------------------------------------------------------------

    def deadlines(self):
        lease = self.spec["lease"]
        if self.end is not None:
            # Kept for a controller that may still come for it.
            return [self.contact + 2 * max(lease, 60)]
        if self.killing is not None:
            return [self.killing["hard"]]
        return [self.contact + lease, self.began + self.spec["limit"]]

    def turn(self):
        now = time.monotonic()
        wait = max(0.0, min(self.deadlines()) - now)
        reading = [self.listener, self.wake] + [s.pipe for s in self.streams if s.pipe is not None]
        writing = []
        if self.client is not None:
            reading.append(self.client)
            if self.refill():
                writing.append(self.client)
        readable, writable, _ = select.select(reading, writing, [], wait)
        if self.wake in readable:
            os.read(self.wake, 4096)
        for stream in self.streams:
            if stream.pipe in readable:
                self.read(stream)
        self.reap()
        if self.client is not None and self.client in writable:
            self.speak()
        if self.client is not None and self.client in readable:
            self.hear()
        if self.listener in readable:
            self.accept()
        self.expire(time.monotonic())

    def expire(self, now):
        lease = self.spec["lease"]
        if self.end is not None:
            self.done = self.done or now - self.contact > 2 * max(lease, 60)
            return
        if now - self.contact >= lease:
            self.kill("lease", "no contact with the controller for %g s" % lease)
        if now - self.began >= self.spec["limit"]:
            self.kill("timed-out")
        self.progress_kill(now)


def daemonize(folder, spec, nonce):
    """Starts the daemon; returns when it listens, or raises what kept it from that."""
    make(folder)
    os.chdir(folder)
    with open("nonce", "w") as file:
        file.write(nonce)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(SOCKET)  # relative: a socket's path is at most 107 bytes
    listener.listen(8)
    if os.fork():
        listener.close()
        os.wait()
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    try:
        prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: children that leave the session stay ours
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        # Past a file size limit a write fails instead of ending us.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        Daemon(folder, spec, nonce, listener).run()
    except BaseException:
        import traceback

        with open(os.path.join(folder, "supervisor.log"), "w") as file:
            traceback.print_exc(file=file)
        os._exit(70)
    os._exit(0)


def connect(folder):
    try:
        os.chdir(folder)
        client = socket.socket(socket.AF_UNIX)
        client.connect(SOCKET)
        return client
    except OSError:
        return None


def read_header():
    text = b""
    while b"\n" not in text:
        block = os.read(0, BLOCK)
        if not block:
            sys.exit(2)
        text += block
    line, _, rest = text.partition(b"\n")
    return json.loads(line), rest


def attach(folder):
    header, rest = read_header()
    nonce, spec = header["nonce"], header.get("spec")
    write_all(1, MARKER)
    client = connect(folder)
    if client is not None and spec is not None:
        client = same_or_none(folder, client, nonce)
    if client is None:
        if spec is None:
            log = os.path.join(folder, "supervisor.log")
            reason = "nothing runs here any more"
            if os.path.exists(log):
                with open(log, errors="replace") as file:
                    reason = file.read()[-2000:]
            write_all(1, json_frame(b"G", {"reason": reason}))
            return
        base = {
            "PATH": os.environ.get("PATH") or os.defpath,
            "HOME": os.environ.get("HOME") or "/",
            "LANG": "C.UTF-8",
            "TMPDIR": os.environ.get("TMPDIR") or "/tmp",
        }
        spec["environment"] = dict(base, **spec["environment"])
        try:
            forget(folder)
            daemonize(folder, spec, nonce)
        except OSError as problem:
            full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
            code = "DISK_FULL" if full else "NOT_STARTED"
            write_all(1, json_frame(b"N", {"code": code, "reason": str(problem)}))
            return
        client = connect(folder)
        if client is None:
            write_all(1, json_frame(b"G", {"reason": "the supervisor did not start"}))
            return
    client.sendall(json.dumps({"nonce": nonce, "offsets": header["offsets"]}).encode() + b"\n")
    client.sendall(rest)
    relay(client)


def same_or_none(folder, client, nonce):
    """The daemon, if it is the one of this nonce; an older one is ended first."""
    try:
        with open(os.path.join(folder, "nonce")) as file:
            if file.read() == nonce:
                return client
    except OSError:
        pass
    end_daemon(client)
    return None


def end_daemon(client):
    try:
        client.settimeout(SOFT + HARD + DRAIN + 5)
        client.sendall(b'{"nonce":"*","offsets":[0,0]}\nq')
        while client.recv(BLOCK):
            pass
    except OSError:
        pass
    client.close()


def write_all(number, text):
    while text:
        text = text[os.write(number, text) :]


def relay(client):
    """Moves bytes both ways; neither direction waits for the other."""
    up, down = b"", b""
    os.set_blocking(1, False)
    client.setblocking(False)
    hearing = True
    while hearing or up:
        reading = ([0] if hearing and len(up) < BLOCK else []) + ([client] if not down else [])
        writing = ([client] if up else []) + ([1] if down else [])
        readable, writable, _ = select.select(reading, writing, [])
        try:
            if 0 in readable:
                block = os.read(0, BLOCK)
                # The last word may come with the end: it is still passed on.
                hearing = bool(block)
                up += block
            if client in writable:
                up = up[client.send(up) :]
            if client in readable:
                down = client.recv(4 * BLOCK)
                if not down:
                    return
            if down:
                down = down[os.write(1, down) :]
        except BlockingIOError:
            continue
        except OSError:
            return


def clear(folder):
    for where, _, files in os.walk(folder):
        if SOCKET in files:
            client = connect(where)
            if client is not None:
                end_daemon(client)
    os.chdir("/")
    forget(folder)


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in ("attach", "clear"):
        sys.exit(__doc__)
    {"attach": attach, "clear": clear}[arguments[0]](os.path.abspath(arguments[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
