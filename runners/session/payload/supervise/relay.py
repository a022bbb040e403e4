"""Runs programs on a node, whatever becomes of the connection. Python >= 3.8, standard library only.

A daemon a program owns it: its spool, its limits and its lease; it listens on a socket in its spool folder.
One relay a connection (this program, no arguments) moves bytes between the controller and the daemons, and
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

from daemon import daemonize
from processes import BLOCK, DRAIN, HARD, SOCKET, SOFT, forget, json_frame

MARKER = b"\x00assay-frames-1\n"


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
