"""Runs programs on a node, whatever becomes of the connection. Python >= 3.8, standard library only.

A daemon a program owns it: its spool, its limits and its lease; it listens on a socket in its spool folder.
One relay a connection (`supervise.py`, no arguments) moves bytes between the controller and the daemons, and
forks them. On its stdin and stdout are channels: id (4 bytes), length (4 bytes), bytes; length 0 ends one.
The relay's first output is a marker. The first line on a channel is a JSON header:
  {"folder": str, "nonce": str, "offsets": [out, err], "spec": {...} | null}   follow a program, start it if new
  {"folder": str, "clear": true}    stop every daemon below the folder and remove it
Then single bytes: c = contact, k = stop the program, a = exit received: forget everything.
Answer: frames: type (1 byte), length (4 bytes), payload; all integers big endian.
  S start (JSON)   O, E bytes of stdout, stderr   X exit (JSON)   N not started (JSON)   G nothing here (JSON)
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
            return [self.contact + lease]
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
            self.done = self.done or now - self.contact >= lease
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
    child = os.fork()
    if child:
        listener.close()
        os.waitpid(child, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    try:
        prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: children that leave the session stay ours
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        # Past a file size limit a write fails instead of ending us.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        # The relay's other connections are none of ours.
        for number in map(int, os.listdir("/proc/self/fd")):
            if number > 2 and number != listener.fileno():
                quietly(os.close, number)
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


def clear(folder):
    clients = []
    for where, _, files in os.walk(folder):
        if SOCKET in files:
            client = connect(where)
            if client is not None:
                clients.append(client)
    for client in clients:
        end_daemon(client)
    os.chdir("/")
    forget(folder)


def environment_of(spec):
    base = {
        "PATH": os.environ.get("PATH") or os.defpath,
        "HOME": os.environ.get("HOME") or "/",
        "LANG": "C.UTF-8",
        "TMPDIR": os.environ.get("TMPDIR") or "/tmp",
    }
    return dict(base, **spec["environment"])


def gone(folder):
    log = os.path.join(folder, "supervisor.log")
    reason = "nothing runs here any more"
    if os.path.exists(log):
        with open(log, errors="replace") as file:
            reason = file.read()[-2000:]
    return json_frame(b"G", {"reason": reason})


def attach(header):
    """A connection to the daemon that the header asks for, or the frame that says why there is none."""
    folder, nonce, spec = header["folder"], header["nonce"], header["spec"]
    client = connect(folder)
    if client is not None and spec is not None:
        client = same_or_none(folder, client, nonce)
    if client is None:
        if spec is None:
            return None, gone(folder)
        spec["environment"] = environment_of(spec)
        try:
            forget(folder)
            daemonize(folder, spec, nonce)
        except OSError as problem:
            full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
            code = "DISK_FULL" if full else "NOT_STARTED"
            return None, json_frame(b"N", {"code": code, "reason": str(problem)})
        client = connect(folder)
        if client is None:
            return None, gone(folder)
    hello = json.dumps({"nonce": nonce, "offsets": header["offsets"]}).encode() + b"\n"
    client.sendall(hello)
    client.setblocking(False)
    return client, b""


class Relay:
    """Moves bytes between the controller and the daemons; no direction waits for another."""

    def __init__(self):
        self.input = b""
        self.down = MARKER
        self.hearing = True
        self.headers = {}  # id -> bytes of a header that is not whole yet
        self.clients = {}  # id -> socket
        self.ups = {}  # id -> bytes on the way to the daemon
        self.closing = set()

    def run(self):
        os.set_blocking(1, False)
        while self.hearing or any(self.ups.values()):
            self.turn()

    def turn(self):
        room = len(self.down) < 4 * BLOCK
        reading = [0] if self.hearing else []
        if room:
            reading += self.clients.values()
        writing = [one for id, one in self.clients.items() if self.ups[id]]
        if self.down:
            writing.append(1)
        readable, writable, _ = select.select(reading, writing, [])
        if 0 in readable:
            self.hear()
        for id, client in list(self.clients.items()):
            if client in writable:
                self.pass_up(id, client)
            if client in readable and id in self.clients:
                self.pass_down(id, client)
        if self.down:
            try:
                self.down = self.down[os.write(1, self.down) :]
            except BlockingIOError:
                pass

    def say(self, id, text):
        self.down += id.to_bytes(4, "big") + len(text).to_bytes(4, "big") + text

    def hear(self):
        block = os.read(0, BLOCK)
        # The last word may come with the end: it is still passed on.
        self.hearing = bool(block)
        self.input += block
        while len(self.input) >= 8:
            id = int.from_bytes(self.input[:4], "big")
            length = int.from_bytes(self.input[4:8], "big")
            if len(self.input) < 8 + length:
                return
            text, self.input = self.input[8 : 8 + length], self.input[8 + length :]
            self.take(id, text)

    def take(self, id, text):
        if id in self.clients:
            self.ups[id] += text
            if not text:
                self.closing.add(id)
                self.finish(id)
            return
        if not text:
            self.headers.pop(id, None)
            return
        line, newline, rest = (self.headers.pop(id, b"") + text).partition(b"\n")
        if not newline:
            self.headers[id] = line
            return
        self.begin(id, json.loads(line), rest)

    def begin(self, id, header, rest):
        if header.get("clear"):
            clear(header["folder"])
            self.say(id, b"")
            return
        client, answer = attach(header)
        if client is None:
            self.say(id, answer)
            self.say(id, b"")
            return
        self.clients[id], self.ups[id] = client, rest

    def pass_up(self, id, client):
        try:
            self.ups[id] = self.ups[id][client.send(self.ups[id]) :]
        except BlockingIOError:
            return
        except OSError:
            self.ups[id] = b""
        self.finish(id)

    def pass_down(self, id, client):
        try:
            block = client.recv(BLOCK)
        except BlockingIOError:
            return
        except OSError:
            block = b""
        self.say(id, block)
        if not block:
            self.drop(id)

    def finish(self, id):
        if id in self.closing and not self.ups[id]:
            self.drop(id)

    def drop(self, id):
        self.clients.pop(id).close()
        self.ups.pop(id)
        self.closing.discard(id)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        Relay().run()
    except BrokenPipeError:
        pass
