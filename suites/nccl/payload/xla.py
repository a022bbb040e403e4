"""Times and checks one collective over a list of sizes through JAX: the counterpart of collective.py, whose rules it shares.

One process of this file runs on each node: `xla.py COLLECTIVE.PY OPERATIONS.PY PROGRAMS.PY --collective …`. It owns
all devices of its node, each of them a rank (its environment says which and how many); the processes meet by
jax.distributed at the first node's address. The collective is one compiled program over a mesh, whole or along one
axis of it (every row at once). Another process watches it and ends the trial when an operation outlasts its limit.
Never run on a TPU so far: see docs/tpu.md.
"""
import ctypes
import json
import os
import signal
import socket
import statistics
import sys
import time
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

GIB = 1 << 30


def borrow(name, path):
    """A module from its file: payloads are kept by their hash."""
    sys.dont_write_bytecode = True
    loader = SourceFileLoader(name, path)
    module = module_from_spec(spec_from_loader(name, loader))
    sys.modules[name] = module
    loader.exec_module(module)
    return module


collective = borrow("collective", sys.argv[1])
borrow("operations", sys.argv[2])
programs = borrow("programs", sys.argv[3])
Trouble, emit = collective.Trouble, collective.emit


def arguments():
    parser = collective.arguments(("collective", "operations", "programs"))
    parser.add_argument("--kind", choices=("tpu", "cpu"), required=True)
    parser.add_argument("--mesh", default="", help="AxB…: how all ranks lie; empty = in a row")
    parser.add_argument("--roll-port", type=int, required=True, help="where the first node calls the roll")
    parser.add_argument("--axis", type=int, default=0, help="of the mesh, along which the collective runs")
    parser.add_argument("--cubes", action="store_true", help="rows of the mesh are cubes of 4 x 4 x 4 chips")
    parser.add_argument("--slices", default="", help="slice of each node, comma separated: joined over DCN")
    return parser.parse_args()


class Node(collective.Node):
    """This node's process for JAX, and the one that watches it: the runtime ends the former without a word."""

    def __init__(self, options):
        self.options, self.ranks = options, []
        self.node, self.nodes = int(os.environ.get("ASSAY_RANK", "0")), int(os.environ.get("ASSAY_NODES", "1"))

    def start(self):
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            work(self.options, self.node, self.nodes, write)
        os.close(write)
        self.ranks = [collective.Watched(self.node * self.options.ranks_per_node, pid, read, None)]
        self.progress(self.ranks[0], "start", time.time())

    def progress(self, rank, operation, at):
        rank.operation, rank.since = operation, time.monotonic()
        for local in range(self.options.ranks_per_node):
            emit({"kind": "progress", "rank": rank.rank + local, "operation": operation, "at": at})

    def inspect(self, one):
        aborted = one.ended is not None and os.WIFSIGNALED(one.ended) and os.WTERMSIG(one.ended) == signal.SIGABRT
        if aborted and not one.finished and not one.failed and self.nodes > 1:
            message = "the runtime ended this node's process in: %s; it does so when the first node's is gone"
            raise Trouble("group", "PEER_LOST", message % one.operation)
        super().inspect(one)


def roll(options, node, nodes):
    """Who is there, before JAX is told to wait: it ends a process whose peers don't come, without a word."""
    place, end = (options.address, options.roll_port), time.monotonic() + options.init_limit
    left = lambda: max(0.01, end - time.monotonic())
    if node > 0:
        while True:
            try:
                with socket.create_connection(place, timeout=left()) as first:
                    first.sendall(b"%d\n" % node)
                    first.settimeout(left() + 5)
                    return [int(one) for one in first.makefile().readline().rstrip(".\n").split(",") if one]
            except OSError as error:
                if time.monotonic() >= end:
                    message = "the first node did not call the roll within %g s (%s)"
                    raise Trouble("group", "RANK_MISSING", message % (options.init_limit, error))
                time.sleep(0.1)
    here, family = {}, socket.AF_INET6 if ":" in options.address else socket.AF_INET
    with socket.create_server(place, family=family) as server:
        while len(here) < nodes - 1 and time.monotonic() < end:
            server.settimeout(left())
            try:
                peer = server.accept()[0]
                peer.settimeout(5)
                here[int(peer.makefile().readline())] = peer
            except (OSError, ValueError):
                continue  # Too late, or a stranger.
        missing = [one for one in range(1, nodes) if one not in here]
        for peer in here.values():
            peer.sendall((",".join(map(str, missing)) + ".\n").encode())
            peer.close()
    return missing


def meet(jax, options, node, nodes):
    """All ranks in order: node by node. Says which kind of absence it is that ends the trial."""
    if nodes > 1:
        missing = roll(options, node, nodes)
        if missing:
            message = "%s of %d nodes did not arrive at the rendezvous within %g s: %s"
            first = ", ".join(map(str, missing[:16]))
            message %= (len(missing), nodes, options.init_limit, "ranks of node " + first)
            raise Trouble("group", "RANK_MISSING", message)
        jax.distributed.initialize(
            coordinator_address="%s:%d" % (bracketed(options.address), options.port),
            coordinator_bind_address="%s:%d" % (bracketed(options.address), options.port),
            num_processes=nodes,
            process_id=node,
            initialization_timeout=max(1, int(options.init_limit)),
            # Our own limits are the ones that count.
            heartbeat_timeout_seconds=int(2 * options.init_limit + 2 * options.operation_limit),
        )
    try:
        places = jax.devices()
    except RuntimeError as error:
        raise unusable(str(error))
    if places[0].platform != options.kind:
        raise Trouble("harness", "WRONG_PLATFORM", "JAX runs on %s, not on %s" % (places[0].platform, options.kind))
    own = [one for one in places if one.process_index == jax.process_index()]
    if len(own) != options.ranks_per_node or len(places) != nodes * options.ranks_per_node:
        message = "%d devices were inventoried here, JAX sees %d; %d of all %d"
        message %= (options.ranks_per_node, len(own), len(places), nodes * options.ranks_per_node)
        missing = len(own) < options.ranks_per_node
        raise Trouble("node" if missing else "group", "DEVICES_MISSING" if missing else "RANK_MISSING", message)
    lie = lambda one: (tuple(getattr(one, "coords", None) or ()), getattr(one, "core_on_chip", 0) or 0, one.id)
    return sorted(places, key=lambda one: (one.process_index, lie(one)))


def unusable(text):
    """JAX's reason for not having a backend -> whose fault that is."""
    if "in use" in text or "lockfile" in text:
        return Trouble("harness", "TPU_BUSY", text)
    if "libtpu" in text:
        return Trouble("harness", "NO_LIBTPU", text)
    return Trouble("node", "TPU_ERROR", text)


def bracketed(address):
    return "[%s]" % address if ":" in address else address


class Work:
    """What the process for JAX does; tells the one that watches it."""

    def __init__(self, options, node, nodes, pipe):
        self.options, self.node, self.nodes, self.pipe = options, node, nodes, pipe
        first = node * options.ranks_per_node
        self.ranks = range(first, first + options.ranks_per_node)

    def tell(self, message):
        os.write(self.pipe, (json.dumps(message) + "\n").encode())

    def say(self, kind, **fields):
        self.tell({"line": {"kind": kind, **fields}})

    def enter(self, operation):
        self.tell({"operation": operation, "at": time.time()})

    def run(self):
        options = self.options
        if options.slices:
            of = options.slices.split(",")
            os.environ["MEGASCALE_COORDINATOR_ADDRESS"] = "%s:%d" % (options.address, options.roll_port)
            os.environ["MEGASCALE_NUM_SLICES"] = str(len(set(of)))
            os.environ["MEGASCALE_SLICE_ID"] = of[self.node]
        try:
            import jax
        except (ImportError, OSError) as error:
            raise Trouble("harness", "NO_JAX", "%s (%s)" % (error, sys.executable))
        jax.config.update("jax_enable_x64", True)
        self.enter("rendezvous")
        places = meet(jax, options, self.node, self.nodes)
        self.own = [one for one in places if one.process_index == jax.process_index()]
        mesh, axis = programs.meshed(jax, places, options)
        self.facts(jax, mesh)
        free = self.free_memory()
        for size in [int(one) for one in options.sizes.split(",")]:
            if free is not None and size > (free - 4 * GIB) / 4:
                message = "%d B needs 4 x its size and 4 GiB, %d B are free on the fullest device"
                raise Trouble("harness", "OUT_OF_MEMORY", message % (size, free))
            self.measure(jax, mesh, axis, size)
        self.enter("finish")
        if self.nodes > 1:
            # The first node serves the others until all have come here.
            jax.distributed.shutdown()

    def free_memory(self):
        """The least over this node's devices; None where the runtime does not tell."""
        stats = [one.memory_stats() if one.platform == "tpu" else None for one in self.own]
        if any(not one or "bytes_limit" not in one for one in stats):
            return None
        return min(one["bytes_limit"] - one.get("bytes_in_use", 0) for one in stats)

    def measure(self, jax, mesh, axis, size):
        options, name = self.options, self.options.collective
        self.enter("%s %d B compile" % (name, size))
        one = programs.Collective(jax, mesh, axis, name, size, DTYPES[options.dtype])
        first = one.wrong(one.once())
        self.enter("%s %d B warm-up" % (name, size))
        for _ in range(options.warmup):
            one.once()
        self.enter("%s %d B timed" % (name, size))
        begun, times = time.time(), []
        for _ in range(options.iterations):
            start = time.perf_counter()
            result = one.once()
            times.append(time.perf_counter() - start)
        ended = time.time()
        self.enter("%s %d B result" % (name, size))
        last = one.wrong(result)
        parameters = {"bytes": size, "dtype": options.dtype, "library": "xla"}
        span = {"n": len(times), "min": min(times), "median": statistics.median(times), "max": max(times)}
        for rank, device in zip(self.ranks, self.own):
            self.say("sample", metric="nccl.%s.time" % name, rank=rank, parameters=parameters,
                     value=statistics.fmean(times), window=[begun, ended], iterations=span)
            bad = [found for found in (first[device], last[device]) if found[0]]
            detail = "0 of %d elements wrong" % (2 * one.count)
            if bad:
                wrong = sum(found[0] for found in bad)
                detail = "%d of %d elements wrong, the first at %d: %g for %g"
                detail %= (wrong, 2 * one.count, *bad[0][1:])
            self.say("check", name="nccl.%s.correct" % name, rank=rank, parameters=parameters, ok=not bad, detail=detail)

    def facts(self, jax, mesh):
        fact = lambda name, value: self.say("fact", name=name, value=str(value)[:4000])
        fact("jax.version", jax.__version__)
        fact("nccl.library", "xla")
        fact("nccl.ranks", self.nodes * self.options.ranks_per_node)
        fact("runtime", self.own[0].client.platform_version)
        fact("mesh", " ".join("%s=%d" % (name, size) for name, size in mesh.shape.items()))
        for rank, device in zip(self.ranks, self.own):
            coords = getattr(device, "coords", None)
            fact("device.%d" % rank, device.device_kind + ("" if coords is None else " at %s" % (tuple(coords),)))
        if self.options.not_applicable:
            fact("nccl.not-applicable", self.options.not_applicable)
        kept = ("XLA_", "TPU_", "LIBTPU_", "MEGASCALE_", "JAX_")
        fact("nccl.environment", json.dumps({k: v for k, v in sorted(os.environ.items()) if k.startswith(kept)}))


DTYPES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16", "fp64": "float64",
          "int8": "int8", "int32": "int32", "int64": "int64"}


def work(options, node, nodes, pipe):
    """Body of the process for JAX; never returns."""
    # It must not outlive the process that watches it.
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    one = Work(options, node, nodes, pipe)
    try:
        one.run()
        one.tell({"finished": True})
    except BaseException as error:
        owner, code, text = collective.classify(error)
        one.tell({"failed": [owner, code, text[:2000]]})
    finally:
        # The runtime's own end can wait for a peer that is gone.
        os._exit(0)


def main():
    node = Node(arguments())
    signal.signal(signal.SIGTERM, lambda *_: (node.end(), os._exit(143)))
    try:
        node.start()
        node.watch()
    except Exception as error:
        owner, code, text = collective.classify(error)
        node.end()
        emit({"kind": "done", "ok": False, "owner": owner, "code": code, "message": text[:4000]})
        return 1
    emit({"kind": "done", "ok": True})
    return 0


if __name__ == "__main__":
    sys.exit(main())
