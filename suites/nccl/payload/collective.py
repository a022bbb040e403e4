"""Times and checks one collective over a list of sizes with torch.distributed, without MPI and without SSH.

One process of this file runs on each node. It forks one rank for each accelerator (NCCL), or the asked
number of ranks on a machine without one (gloo). The ranks meet at a TCPStore that the first node's process
holds, so that a stopped rank never takes the rendezvous with it. ASSAY_RANK and ASSAY_NODES say which node
this is. The parent watches its ranks: it tells an ended, a stopped and a waiting one apart, and it ends the
trial when an operation outlasts its limit.

Protocol: one JSON object a line on stdout. Each rank reports its own times; the reader takes the slowest.
"""
import argparse
import ctypes
import hashlib
import json
import os
import select
import signal
import socket
import statistics
import struct
import sys
import time
from datetime import timedelta

GIB = 1 << 30
# Elements filled or compared at once: bounds the scratch memory of large sizes.
CHUNK = 1 << 22
ROOT = 0
REDUCTIONS = ("all_reduce", "reduce_scatter")
# Seconds that a rank may be seen stopped (state T) before it is called missing.
STOPPED_LIMIT = 2.0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--collective", required=True, choices=(
        "all_reduce", "all_gather", "reduce_scatter", "alltoall", "broadcast", "sendrecv"))
    parser.add_argument("--sizes", required=True, help="bytes, comma separated")
    parser.add_argument("--dtype", default="fp32")
    parser.add_argument("--library", default="auto", choices=("auto", "nccl", "gloo"))
    parser.add_argument("--ranks-per-node", type=int, required=True)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--address", required=True, help="fabric address of the first node")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--init-limit", type=float, default=60.0, help="seconds to rendezvous")
    parser.add_argument("--operation-limit", type=float, default=60.0, help="seconds an operation")
    parser.add_argument("--not-applicable", default="", help="sizes left out by the suite's rule, to be told")
    parser.add_argument("--groups", default="", help="mod:N: one communicator for each local rank modulo N")
    return parser.parse_args()


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
    ("can't allocate memory", "harness", "OUT_OF_MEMORY"),
    ("not enough memory", "harness", "OUT_OF_MEMORY"),
    ("not implemented", "harness", "NOT_SUPPORTED"),
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


# --- network ---------------------------------------------------------------


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


# --- data: every element says which ranks it must have come from --------------


def mixed(torch, start, count, salt, device):
    """Pseudo-random 0..2^16-1 by position: a block in the wrong place shows."""
    index = torch.arange(start, start + count, dtype=torch.int64, device=device)
    value = (index + salt * 7919) * 2654435761 % 4294967296
    return (value // 65536 + value) % 65536


def moved(torch, start, count, source, target, device):
    """What `source` sends to `target`: integers 0..250, exact in every dtype."""
    return mixed(torch, start, count, source * 613 + target * 89 + 1, device) % 251


def depth(torch, start, count, ranks, device):
    """How many ranks contribute to an element: 1..min(ranks, 6), by position."""
    return mixed(torch, start, count, 5, device) % min(ranks, 6) + 1


def contribution(torch, start, count, rank, ranks, device):
    """A power of two of its own for each rank that contributes, so that sums are exact in every dtype
    and a missing or doubled contribution changes them; the powers rotate with the position."""
    index = torch.arange(start, start + count, dtype=torch.int64, device=device)
    turn = (index + rank) % ranks
    return torch.where(turn < depth(torch, start, count, ranks, device), 2 ** turn.clamp(max=6), 0 * turn)


def reduced(torch, start, count, ranks, device):
    return 2 ** depth(torch, start, count, ranks, device) - 1


def fill(tensor, values, count):
    for start in range(0, count, CHUNK):
        length = min(CHUNK, count - start)
        tensor[start:start + length].copy_(values(start, length))


def compare(torch, tensor, offset, count, values):
    """Number of wrong elements and the first of them: (index, seen, expected)."""
    wrong, first = 0, None
    for start in range(0, count, CHUNK):
        length = min(CHUNK, count - start)
        expected = values(start, length).to(tensor.dtype)
        seen = tensor[offset + start:offset + start + length]
        bad = seen != expected
        number = int(bad.sum().item())
        if number and first is None:
            at = int(bad.nonzero()[0].item())
            first = (offset + start + at, float(seen[at].item()), float(expected[at].item()))
        wrong += number
    return wrong, first


# --- collectives ---------------------------------------------------------------


class Collective:
    """One collective of one size on one rank: its buffers, the operation, what must come out."""

    def __init__(self, torch, dist, name, size, dtype, device, place, group, composed):
        self.torch, self.dist, self.name, self.device = torch, dist, name, device
        self.rank, self.ranks, self.members = place
        self.group, self.composed = group, composed
        width = torch.tensor([], dtype=dtype).element_size()
        split = name in ("all_gather", "reduce_scatter", "alltoall")
        # Per-rank counts are rounded down to 16 bytes, as nccl-tests does.
        self.part = size // (self.ranks if split else 1) // 16 * 16 // width
        total = self.part * self.ranks if split else self.part
        inputs = {"all_gather": self.part}.get(name, total)
        outputs = {"reduce_scatter": self.part}.get(name, total)
        self.source = torch.empty(inputs, dtype=dtype, device=device)
        self.result = self.source if name == "broadcast" else torch.empty(outputs, dtype=dtype, device=device)

    def prepare(self):
        torch, rank, ranks, device = self.torch, self.rank, self.ranks, self.device
        self.result.fill_(-1)
        if self.name in REDUCTIONS:
            fill(self.source, lambda s, c: contribution(torch, s, c, rank, ranks, device), self.source.numel())
        elif self.name == "alltoall":
            for peer in range(ranks):
                block = self.source[peer * self.part:(peer + 1) * self.part]
                fill(block, lambda s, c, peer=peer: moved(torch, s, c, rank, peer, device), self.part)
        elif self.name != "broadcast" or rank == ROOT:
            fill(self.source, lambda s, c: moved(torch, s, c, rank, 0, device), self.source.numel())

    def verify(self):
        torch, rank, ranks, device = self.torch, self.rank, self.ranks, self.device
        if self.name == "all_reduce":
            return compare(torch, self.result, 0, self.part, lambda s, c: reduced(torch, s, c, ranks, device))
        if self.name == "reduce_scatter":
            base = rank * self.part
            return compare(torch, self.result, 0, self.part,
                           lambda s, c: reduced(torch, base + s, c, ranks, device))
        if self.name == "broadcast":
            return compare(torch, self.result, 0, self.part, lambda s, c: moved(torch, s, c, ROOT, 0, device))
        if self.name == "sendrecv":
            peer = (rank - 1) % ranks
            return compare(torch, self.result, 0, self.part, lambda s, c: moved(torch, s, c, peer, 0, device))
        wrong, first = 0, None
        for peer in range(ranks):
            target = rank if self.name == "alltoall" else 0
            number, one = compare(torch, self.result, peer * self.part, self.part,
                                  lambda s, c, peer=peer: moved(torch, s, c, peer, target, device))
            wrong, first = wrong + number, first if first is not None else one
        return wrong, first

    def poison(self):
        """So that what the timed iterations leave out does not show the result of the check before."""
        if self.name != "broadcast" or self.rank != ROOT:
            self.result.fill_(-1)

    def reset(self):
        """Before each iteration, not timed: torch's all_reduce works in place."""
        if self.name == "all_reduce":
            self.result.copy_(self.source)

    def run(self):
        dist, group = self.dist, self.group
        if self.name == "all_reduce":
            self.all_reduce(self.result)
        elif self.name == "broadcast":
            dist.broadcast(self.wire(self.result), self.members[ROOT], group=group)
        elif self.name == "sendrecv":
            self.send_receive()
        elif self.name == "reduce_scatter":
            self.reduce_scatter()
        elif self.name == "all_gather":
            parts = list(self.wire(self.result).split(self.part))
            if self.device.type == "cpu":
                dist.all_gather(parts, self.wire(self.source), group=group)
            else:
                gather = getattr(dist, "all_gather_into_tensor", None) or dist._all_gather_base
                gather(self.result, self.source, group=group)
        else:
            dist.all_to_all_single(self.wire(self.result), self.wire(self.source), group=group)

    def wire(self, tensor):
        """gloo moves no bf16: the same bytes as int16."""
        bare = self.composed and tensor.dtype == self.torch.bfloat16
        return tensor.view(self.torch.int16) if bare else tensor

    def all_reduce(self, tensor):
        if self.composed and tensor.dtype == self.torch.bfloat16:
            wide = tensor.float()
            self.dist.all_reduce(wide, group=self.group)
            tensor.copy_(wide)
        else:
            self.dist.all_reduce(tensor, group=self.group)

    def reduce_scatter(self):
        if self.composed:
            whole = self.source.clone()
            self.all_reduce(whole)
            self.result.copy_(whole[self.rank * self.part:(self.rank + 1) * self.part])
        else:
            scatter = getattr(self.dist, "reduce_scatter_tensor", None) or self.dist._reduce_scatter_base
            scatter(self.result, self.source, group=self.group)

    def send_receive(self):
        """A ring, as sendrecv_perf: to the next rank, from the one before."""
        dist, ranks = self.dist, self.ranks
        after, before = self.members[(self.rank + 1) % ranks], self.members[(self.rank - 1) % ranks]
        both = [dist.P2POp(dist.isend, self.wire(self.source), after, self.group),
                dist.P2POp(dist.irecv, self.wire(self.result), before, self.group)]
        for work in dist.batch_isend_irecv(both):
            work.wait()


# --- one rank ----------------------------------------------------------------------


class Rank:
    def __init__(self, torch, options, local, node, nodes, pipe):
        self.torch, self.options, self.local, self.pipe = torch, options, local, pipe
        self.rank = node * options.ranks_per_node + local
        self.world = nodes * options.ranks_per_node

    def tell(self, message):
        os.write(self.pipe, (json.dumps(message) + "\n").encode())

    def progress(self, operation):
        self.tell({"operation": operation, "at": time.time()})

    def line(self, **fields):
        self.tell({"line": {**fields, "rank": self.rank}})

    def rendezvous(self, dist):
        """Meets the others, or says which of them did not come."""
        options = self.options
        limit = timedelta(seconds=options.init_limit)
        self.progress("rendezvous")
        try:
            store = dist.TCPStore(options.address, options.port, None, False, limit)
            store.set(f"arrived/{self.rank}", "1")
        except Exception as error:
            owner, code, text = classify(error)
            if owner == "harness" and code != "PAYLOAD_ERROR":
                raise
            first = ", ".join(str(one) for one in range(options.ranks_per_node))
            raise Trouble("group", "RANK_MISSING",
                          f"the first node (rank {first}) did not open the rendezvous within "
                          f"{options.init_limit:g} s ({text.splitlines()[0][:200]})") from error
        if self.rank == 0:
            end = time.monotonic() + options.init_limit
            missing = [one for one in range(self.world) if not arrived(store, one, end)]
            store.set("roll", ",".join(str(one) for one in missing))
        else:
            store.set_timeout(limit + timedelta(seconds=5))
            try:
                missing = [int(one) for one in store.get("roll").decode().split(",") if one]
            except Exception as error:
                raise Trouble("group", "RANK_MISSING",
                              f"rank 0 did not call the roll within {options.init_limit:g} s") from error
        if missing:
            raise Trouble("group", "RANK_MISSING",
                          f"{named(missing)} did not arrive at the rendezvous within {options.init_limit:g} s; "
                          f"{self.world - len(missing)} of {self.world} did")
        store.set_timeout(limit)
        return store

    def run(self):
        torch, options = self.torch, self.options
        import torch.distributed as dist

        store = self.rendezvous(dist)
        cuda = torch.cuda.is_available()
        library = options.library if options.library != "auto" else ("nccl" if cuda else "gloo")
        device = torch.device("cpu")
        if library == "nccl":
            device = torch.device("cuda", self.local)
            torch.cuda.set_device(device)
        else:
            torch.set_num_threads(1)
        self.progress("init")
        # The parent's limits are the ones that count: the library's are only a backstop.
        backstop = timedelta(seconds=options.init_limit + options.operation_limit + 60)
        dist.init_process_group(library, store=dist.PrefixStore("group", store), rank=self.rank,
                                world_size=self.world, timeout=backstop)
        place, group = self.groups(dist)
        if self.local == 0:
            self.facts(library)
        self.progress("connect")
        dist.all_reduce(torch.zeros(1, device=device))
        self.synchronise(device)
        free = self.free_memory(dist, device)
        for size in [int(one) for one in options.sizes.split(",")]:
            if free is not None and size > (free - 4 * GIB) / 4:
                raise Trouble("harness", "OUT_OF_MEMORY",
                              f"{size} B needs 4 x its size and 4 GiB, {free} B are free on the fullest accelerator")
            self.measure(dist, size, device, place, group, library)
        self.progress("finish")
        dist.all_reduce(torch.zeros(1, device=device))
        self.synchronise(device)
        if self.local == 0:
            self.loaded()

    def groups(self, dist):
        """This rank's communicator: ((rank in it, size, its global ranks), group); the world without --groups."""
        everyone = list(range(self.world))
        if not self.options.groups:
            return (self.rank, self.world, everyone), None
        modulus = int(self.options.groups.split(":", 1)[1])
        mine = None
        # Every rank must make every group, in the same order.
        for one in range(modulus):
            members = [rank for rank in everyone if rank % self.options.ranks_per_node % modulus == one]
            made = dist.new_group(members)
            if self.rank in members:
                mine = (members.index(self.rank), len(members), members), made
        return mine

    def synchronise(self, device):
        if device.type == "cuda":
            self.torch.cuda.synchronize(device)

    def free_memory(self, dist, device):
        """The least over all ranks, so that all skip the same sizes; None on a CPU."""
        if device.type != "cuda":
            return None
        free = self.torch.tensor([self.torch.cuda.mem_get_info(device)[0]], dtype=self.torch.int64, device=device)
        dist.all_reduce(free, op=dist.ReduceOp.MIN)
        return int(free.item())

    def measure(self, dist, size, device, place, group, library):
        options, name = self.options, self.options.collective
        dtype = dtypes(self.torch)[options.dtype]
        composed = library == "gloo" and (name == "reduce_scatter" or options.dtype == "bf16")
        one = Collective(self.torch, dist, name, size, dtype, device, place, group, composed)
        self.progress(f"{name} {size} B check")
        one.prepare()
        one.reset()
        one.run()
        self.synchronise(device)
        wrong, first = one.verify()
        self.progress(f"{name} {size} B warm-up")
        for _ in range(options.warmup):
            one.reset()
            one.run()
        one.poison()
        dist.all_reduce(self.torch.zeros(1, device=device))
        self.synchronise(device)
        self.progress(f"{name} {size} B timed")
        start = time.time()
        times = self.timed_on_device(one) if device.type == "cuda" else self.timed_on_host(one)
        end = time.time()
        self.progress(f"{name} {size} B result")
        again, later = one.verify()
        parameters = {"bytes": size, "dtype": options.dtype, "library": library}
        if composed:
            parameters["composed"] = True
        if options.groups:
            parameters["rail"] = self.local % int(options.groups.split(":", 1)[1])
        self.line(kind="sample", metric=f"nccl.{name}.time", parameters=parameters,
                  value=statistics.fmean(times), window=[start, end],
                  iterations={"n": len(times), "min": min(times), "median": statistics.median(times),
                              "max": max(times)})
        wrong, first = wrong + again, first if first is not None else later
        detail = f"0 of {2 * one.result.numel()} elements wrong"
        if wrong:
            detail = (f"{wrong} of {2 * one.result.numel()} elements wrong, "
                      f"the first at {first[0]}: {first[1]:g} for {first[2]:g}")
        self.line(kind="check", name=f"nccl.{name}.correct", parameters=parameters, ok=wrong == 0, detail=detail)

    def timed_on_host(self, one):
        times = []
        for _ in range(self.options.iterations):
            one.reset()
            start = time.perf_counter()
            one.run()
            times.append(time.perf_counter() - start)
        return times

    def timed_on_device(self, one):
        cuda = self.torch.cuda
        marks = [(cuda.Event(enable_timing=True), cuda.Event(enable_timing=True))
                 for _ in range(self.options.iterations)]
        for start, end in marks:
            one.reset()
            start.record()
            one.run()
            end.record()
        cuda.synchronize()
        return [start.elapsed_time(end) / 1e3 for start, end in marks]

    def facts(self, library):
        torch = self.torch
        self.fact("torch.version", torch.__version__)
        self.fact("nccl.library", library)
        self.fact("nccl.ranks", str(self.world))
        if self.options.not_applicable:
            self.fact("nccl.not-applicable", self.options.not_applicable)
        if library == "nccl":
            version = torch.cuda.nccl.version()
            self.fact("nccl.version", ".".join(map(str, version)) if isinstance(version, tuple) else str(version))
        kept = ("NCCL_", "GLOO_", "TORCH_NCCL_", "FI_", "UCX_", "RCCL_")
        environment = {key: value for key, value in sorted(os.environ.items()) if key.startswith(kept)}
        self.fact("nccl.environment", json.dumps(environment)[:4000])

    def loaded(self):
        """Communication libraries of this process, from its own maps: what was used, not what is installed."""
        words = ("libnccl", "librccl", "libfabric", "libibverbs", "libgloo", "libmpi", "libtorch_cpu")
        with open("/proc/self/maps", encoding="utf8", errors="replace") as maps:
            paths = {line.split(None, 5)[5].strip() for line in maps if len(line.split(None, 5)) == 6}
        found = [path for path in sorted(paths) if os.path.basename(path).startswith(words)]
        for path in found[:16]:
            try:
                # torch's own library is hundreds of megabytes: its version names it.
                value = "" if "libtorch" in path else " sha256:" + digest(path)
            except OSError as error:
                value = f" unreadable: {error.strerror}"
            self.fact("nccl.loaded." + os.path.basename(path).split(".so")[0].lower().replace("+", "_"),
                      os.path.basename(path) + value)

    def fact(self, name, value):
        self.tell({"line": {"kind": "fact", "name": name, "value": value}})


def arrived(store, rank, end):
    store.set_timeout(timedelta(seconds=max(0.01, end - time.monotonic())))
    try:
        return store.get(f"arrived/{rank}") is not None
    except Exception:
        return False


def named(ranks):
    shown = ", ".join(str(one) for one in ranks[:16]) + (" …" if len(ranks) > 16 else "")
    return f"rank{'s' if len(ranks) > 1 else ''} {shown}"


def digest(path):
    sha = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            sha.update(block)
    return sha.hexdigest()


def dtypes(torch):
    return {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16, "fp64": torch.float64,
            "int8": torch.int8, "int32": torch.int32, "int64": torch.int64}


def rank_main(torch, options, local, node, nodes, pipe):
    """Body of a forked rank; never returns."""
    # A rank must not outlive the process that watches it.
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    one = Rank(torch, options, local, node, nodes, pipe)
    try:
        one.run()
        one.tell({"finished": True})
    except BaseException as error:
        owner, code, text = classify(error)
        one.tell({"failed": [owner, code, text[:2000]]})
    finally:
        # Libraries' own shutdown can hang on a peer that is gone.
        os._exit(0)


# --- the node's process: watches its ranks ----------------------------------------


class Watched:
    def __init__(self, rank, pid, pipe):
        self.rank, self.pid, self.pipe = rank, pid, pipe
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
    def __init__(self, torch, options):
        self.torch, self.options = torch, options
        self.node = int(os.environ.get("ASSAY_RANK", "0"))
        self.nodes = int(os.environ.get("ASSAY_NODES", "1"))
        self.ranks = []
        self.store = None

    def start(self):
        for local in range(self.options.ranks_per_node):
            read, write = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(read)
                for other in self.ranks:
                    os.close(other.pipe)
                rank_main(self.torch, self.options, local, self.node, self.nodes, write)
            os.close(write)
            rank = self.node * self.options.ranks_per_node + local
            self.ranks.append(Watched(rank, pid, read))
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
        if one.operation in ("start", "rendezvous", "init", "connect"):
            # Others may still import torch, and the payload's own roll call comes first.
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
    options = arguments()
    try:
        import torch
        import torch.distributed
    except ImportError as error:
        emit({"kind": "done", "ok": False, "owner": "harness", "code": "NO_TORCH", "message": str(error)})
        return 1
    node = Node(torch, options)
    # A name of our own for `kill`: the ranks go with this process.
    signal.signal(signal.SIGTERM, lambda *_: (node.end(), os._exit(143)))
    try:
        choose_interface(options.address)
        node.start()
        node.watch()
    except Exception as error:
        owner, code, text = classify(error)
        node.end()
        emit({"kind": "done", "ok": False, "owner": owner, "code": code, "message": text[:4000]})
        return 1
    emit({"kind": "done", "ok": True})
    return 0


if __name__ == "__main__":
    sys.exit(main())
