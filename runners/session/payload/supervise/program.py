"""One program under supervision: its start, its spool, its end with all its children."""
import errno
import os
import select
import signal
import time

from processes import BLOCK, DRAIN, HARD, SOFT, make, members, prctl, quietly


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


class Program:
    """Owns one program: starts it, keeps its output, ends it with all its children."""

    def __init__(self, folder, spec):
        self.folder = folder
        self.spec = spec
        self.streams = []
        self.pid = None
        self.start = None
        self.end = None
        self.killing = None
        self.status = None
        self.survivors = []
        self.began = time.monotonic()
        self.wake, wake_end = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(wake_end, False)
        signal.set_wakeup_fd(wake_end)
        signal.signal(signal.SIGCHLD, lambda *_: None)

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
