"""The daemon of a program: survives the connection, and gives all that was printed to whoever attaches."""
import json
import os
import select
import signal
import socket
import time

from processes import BLOCK, SOCKET, forget, frame, json_frame, make, prctl, quietly
from program import Program


class Daemon(Program):
    """A program and its talk with the controller: one relay at a time, a lease, a hard limit."""

    def __init__(self, folder, spec, nonce, listener):
        super().__init__(folder, spec)
        self.nonce = nonce
        self.listener = listener
        self.client = None
        self.header = b""
        self.ready = False
        self.out = b""
        self.told_end = False
        self.done = False
        self.contact = time.monotonic()

    def run(self):
        self.launch()
        while not self.done:
            self.turn()
        self.listener.close()
        quietly(os.rmdir, self.spec["scratch"])
        forget(self.folder)

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
