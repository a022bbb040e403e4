"""Times and checks one collective over a list of sizes with torch.distributed, without MPI and without SSH.

One process of this file runs on each node: `collective.py RANK.PY OPERATIONS.PY --collective …`. It forks one
rank for each accelerator (NCCL), or the asked number of ranks on a machine without one (gloo). The ranks meet
at a TCPStore that the first node's process holds, so that a stopped rank never takes the rendezvous with it.
ASSAY_RANK and ASSAY_NODES say which node this is. The parent watches its ranks: it tells an ended, a stopped
and a waiting one apart, and it ends the trial when an operation outlasts its limit.

Protocol: one JSON object a line on stdout. Each rank reports its own times; the reader takes the slowest.
"""
import argparse
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from datetime import timedelta
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

# Seconds that a rank may be seen stopped (state T) before it is called missing.
STOPPED_LIMIT = 2.0


def arguments(files):
    """What is asked of a node; `files` are in front: the paths of other files of the payload."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in files:
        parser.add_argument(name)
    parser.add_argument("--collective", required=True, choices=(
        "all_reduce", "all_gather", "reduce_scatter", "alltoall", "broadcast", "sendrecv"))
    parser.add_argument("--sizes", required=True, help="bytes, comma separated")
    parser.add_argument("--dtype", default="fp32")
    parser.add_argument("--library", default="auto", choices=("auto", "nccl", "gloo", "xla"))
    parser.add_argument("--ranks-per-node", type=int, required=True)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--address", required=True, help="fabric address of the first node")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--init-limit", type=float, default=60.0, help="seconds to rendezvous")
    parser.add_argument("--operation-limit", type=float, default=60.0, help="seconds an operation")
    parser.add_argument("--not-applicable", default="", help="sizes left out by the suite's rule, to be told")
    parser.add_argument("--groups", default="", help="mod:N: one communicator for each local rank modulo N")
    parser.add_argument("--prove", action="store_true", help="run once, untimed, and pass NCCL's own log on")
    parser.add_argument("--rail-interfaces", default="", help="interface of each group, comma separated (gloo)")
    return parser


def load(name, path):
    """A module from its file, whatever the file is called where payloads are kept by their hash."""
    sys.dont_write_bytecode = True
    loader = SourceFileLoader(name, path)
    module = module_from_spec(spec_from_loader(name, loader))
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def emit(fields):
    """One line, one write: lines of several writers don't tear."""
    os.write(1, (json.dumps({"assay": 1, **fields}) + "\n").encode())


class Trouble(Exception):
    """A failure with its owner, as the reader wants it."""

    def __init__(self, owner, code, message):
        super().__init__(message)
        self.owner, self.code = owner, code


# Words in a library's message -> whose fault it is. First match wins.
WORDS = (
    ("address already in use", "harness", "PORT_IN_USE"),
    ("out of memory", "harness", "OUT_OF_MEMORY"),
    ("resource_exhausted", "harness", "OUT_OF_MEMORY"),
    ("can't allocate memory", "harness", "OUT_OF_MEMORY"),
    ("not enough memory", "harness", "OUT_OF_MEMORY"),
    ("not implemented", "harness", "NOT_SUPPORTED"),
    ("unimplemented", "harness", "NOT_SUPPORTED"),
    ("does not support", "harness", "NOT_SUPPORTED"),
    ("unsupported", "harness", "NOT_SUPPORTED"),
    ("invalid device ordinal", "node", "ACCELERATOR_MISSING"),
    ("no cuda gpus", "node", "ACCELERATOR_MISSING"),
    ("cuda error", "node", "CUDA_ERROR"),
    ("hip error", "node", "CUDA_ERROR"),
    ("nccl", "group", "COLLECTIVE_FAILED"),
    ("connection", "group", "PEER_LOST"),
    ("timed out", "group", "RANK_MISSING"),
    ("timeout", "group", "RANK_MISSING"),
    ("socket", "group", "PEER_LOST"),
    ("jaxruntimeerror", "group", "COLLECTIVE_FAILED"),
)


def classify(error):
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, Trouble):
        return error.owner, error.code, str(error)
    if isinstance(error, MemoryError):
        return "harness", "OUT_OF_MEMORY", text
    lower = text.lower()
    for word, owner, code in WORDS:
        if word in lower:
            return owner, code, text
    return "harness", "PAYLOAD_ERROR", text


def own_address(peer):
    """The address from which this machine reaches a peer; no packet is sent."""
    family, _, _, _, target = socket.getaddrinfo(peer, 9, type=socket.SOCK_DGRAM)[0]
    probe = socket.socket(family, socket.SOCK_DGRAM)
    try:
        probe.connect(target)
        return probe.getsockname()[0]
    finally:
        probe.close()


def interface_of(address):
    """Name of the interface that carries an address; None where it can't be told."""
    if address.startswith("127."):
        return "lo"
    if ":" in address:
        wanted = socket.inet_pton(socket.AF_INET6, address.split("%")[0]).hex()
        with open("/proc/net/if_inet6", encoding="ascii") as table:
            for line in table:
                fields = line.split()
                if fields[0] == wanted:
                    return fields[5]
        return None
    import fcntl

    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                # SIOCGIFADDR
                found = fcntl.ioctl(probe.fileno(), 0x8915, request)[20:24]
            except OSError:
                continue  # An interface without an IPv4 address.
            if socket.inet_ntoa(found) == address:
                return name
    finally:
        probe.close()
    return None


def choose_interface(address):
    """Both libraries else take the first interface, or whatever the host name resolves to."""
    try:
        name = interface_of(own_address(address))
    except OSError as error:
        raise Trouble("group", "PEER_LOST", f"no way to {address}: {error}") from error
    if name is not None:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", name)
        os.environ.setdefault("NCCL_SOCKET_IFNAME", name)


class Watched:
    def __init__(self, rank, pid, pipe, question):
        self.rank, self.pid, self.pipe, self.question = rank, pid, pipe, question
        self.flight = None
        self.buffer = b""
        self.operation, self.since = "start", time.monotonic()
        self.finished, self.failed, self.ended, self.stopped_since = False, None, None, None

    def messages(self):
        block = os.read(self.pipe, 1 << 16)
        self.buffer += block
        *lines, self.buffer = self.buffer.split(b"\n")
        return [json.loads(line) for line in lines], block == b""

    def state(self):
        """One letter of /proc/PID/stat; T is stopped, D waits in the kernel."""
        try:
            with open(f"/proc/{self.pid}/stat", encoding="ascii", errors="replace") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0]
        except (OSError, IndexError):
            return "?"


class Node:
    def __init__(self, torch, options, body):
        self.torch, self.options, self.body = torch, options, body
        self.node = int(os.environ.get("ASSAY_RANK", "0"))
        self.nodes = int(os.environ.get("ASSAY_NODES", "1"))
        self.ranks = []
        self.store = None
        self.hang = sys.modules["hang"]
        self.calls = self.hang.Calls(options.ranks_per_node)

    def start(self):
        for local in range(self.options.ranks_per_node):
            read, write = os.pipe()
            asked, question = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(read)
                os.close(question)
                for other in self.ranks:
                    os.close(other.pipe)
                self.body(self.torch, self.options, local, self.node, self.nodes, (write, asked, self.calls))
            os.close(write)
            os.close(asked)
            rank = self.node * self.options.ranks_per_node + local
            self.ranks.append(Watched(rank, pid, read, question))
            self.progress(self.ranks[-1], "start", time.time())
        if self.node == 0:
            import torch.distributed as dist

            # After the forks: its thread would not survive them.
            self.store = dist.TCPStore(self.options.address, self.options.port, None, True,
                                       timedelta(seconds=self.options.init_limit), False)

    def progress(self, rank, operation, at):
        rank.operation, rank.since = operation, time.monotonic()
        emit({"kind": "progress", "rank": rank.rank, "operation": operation, "at": at})

    def handle(self, rank, message):
        if "operation" in message:
            self.progress(rank, message["operation"], message["at"])
        elif "line" in message:
            emit(message["line"])
        elif "log" in message:
            os.write(1, (message["log"] + "\n").encode())
        elif "flight" in message:
            rank.flight = message["flight"]
        elif "failed" in message:
            rank.failed = message["failed"]
        else:
            rank.finished = True

    def listen(self):
        open_ones = {one.pipe: one for one in self.ranks if one.pipe is not None}
        ready, _, _ = select.select(list(open_ones), [], [], 0.25)
        for pipe in ready:
            rank = open_ones[pipe]
            messages, ended = rank.messages()
            for message in messages:
                self.handle(rank, message)
            if ended:
                os.close(pipe)
                rank.pipe = None
                rank.ended = os.waitpid(rank.pid, 0)[1]

    def watch(self):
        """Until all ranks have finished. Raises Trouble for the first that did not."""
        while any(one.pipe is not None for one in self.ranks):
            self.listen()
            for one in self.ranks:
                self.inspect(one)
            if any(one.failed for one in self.ranks):
                self.raise_failure()
        self.raise_failure()

    def inspect(self, one):
        if one.finished or one.failed:
            return
        where = f"rank {one.rank} (local rank {one.rank % self.options.ranks_per_node})"
        if one.ended is not None:
            how = (f"was killed by signal {os.WTERMSIG(one.ended)}" if os.WIFSIGNALED(one.ended)
                   else f"ended with code {os.WEXITSTATUS(one.ended)}")
            raise Trouble("node", "RANK_MISSING", f"{where} {how} in: {one.operation}")
        state = one.state()
        now = time.monotonic()
        one.stopped_since = (one.stopped_since or now) if state in "Tt" else None
        if one.stopped_since is not None and now - one.stopped_since >= STOPPED_LIMIT:
            raise Trouble("node", "RANK_MISSING", f"{where} is stopped in: {one.operation}")
        limit = self.options.operation_limit
        if one.operation in ("start", "rendezvous", "init", "connect") or one.operation.endswith(" compile"):
            # Others may still import torch or compile, and the payload's own roll call comes first.
            limit = 2 * self.options.init_limit + 10
        if now - one.since > limit:
            if state == "D":
                raise Trouble("node", "RANK_HUNG", f"{where} hangs in the kernel in: {one.operation}")
            raise Trouble("group", "RANK_MISSING",
                          f"{where} waited {limit:g} s for the others in: {one.operation}")

    def raise_failure(self):
        failures = [one for one in self.ranks if one.failed]
        if not failures:
            return
        # A peer's complaint is the weakest witness: the rank that failed by itself speaks first.
        order = {"node": 0, "harness": 1, "group": 2}
        worst = min(failures, key=lambda one: (order[one.failed[0]], one.rank))
        owner, code, text = worst.failed
        if owner == "group" and code != "RANK_MISSING":
            # The culprit's own end may be a moment behind its peers' complaints.
            end = time.monotonic() + 1.0
            while time.monotonic() < end and any(one.pipe is not None for one in self.ranks):
                self.listen()
            for one in self.ranks:
                if one.ended is not None:
                    self.inspect(one)
        prefix = "" if code == "RANK_MISSING" else f"rank {worst.rank} in {worst.operation}: "
        raise Trouble(owner, code, prefix + text)

    def end(self):
        for one in self.ranks:
            if one.ended is None:
                try:
                    os.kill(one.pid, signal.SIGKILL)
                    os.waitpid(one.pid, 0)
                except (ProcessLookupError, ChildProcessError):
                    continue  # It went by itself.


def main():
    options = arguments(("rank", "operations", "hang")).parse_args()
    try:
        import torch
        import torch.distributed
    except ImportError as error:
        emit({"kind": "done", "ok": False, "owner": "harness", "code": "NO_TORCH", "message": str(error)})
        return 1
    load("operations", options.operations)
    load("hang", options.hang)
    node = Node(torch, options, load("rank", options.rank).rank_main)
    # A name of our own for `kill`: the ranks go with this process.
    signal.signal(signal.SIGTERM, lambda *_: (node.end(), os._exit(143)))
    try:
        choose_interface(options.address)
        node.start()
        node.watch()
    except Exception as error:
        owner, code, text = classify(error)
        if code in ("RANK_MISSING", "RANK_HUNG"):
            node.hang.last_words(node, emit)
        node.end()
        emit({"kind": "done", "ok": False, "owner": owner, "code": code, "message": text[:4000]})
        return 1
    emit({"kind": "done", "ok": True})
    return 0


if __name__ == "__main__":
    sys.exit(main())
