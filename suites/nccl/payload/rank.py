"""One rank: meets the others, runs one collective over its sizes, times and checks it. Runs under collective.py."""
import ctypes
import hashlib
import json
import os
import re
import signal
import statistics
import tempfile
import time
from datetime import timedelta

import hang
from __main__ import Trouble, classify
from operations import Collective

GIB = 1 << 30
# Lines of NCCL's log that say what was used or why it was not; a large log is some gigabytes.
TELLING = re.compile(r" via |Bytes -> Algo|Using network|NET/|Plugin|NVLS|MNNVL|SHARP|WARN|NCCL version|nNodes")
LOG_LINES = 2000


class Rank:
    def __init__(self, torch, options, local, node, nodes, ways):
        self.torch, self.options, self.local = torch, options, local
        self.pipe, self.question, self.calls = ways
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
            hang.record_flights()
            hang.answer_when_asked(torch, self.question, self.tell)
            device = torch.device("cuda", self.local)
            torch.cuda.set_device(device)
        else:
            torch.set_num_threads(1)
        log = self.debug_file(library) if options.prove else None
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
            (self.once if options.prove else self.measure)(dist, size, device, place, group, library)
        if log is not None:
            self.pass_on(log)
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
        interfaces = [one for one in self.options.rail_interfaces.split(",") if one]
        mine = None
        # Every rank must make every group, in the same order.
        for one in range(modulus):
            if interfaces:
                # gloo reads it whenever it makes a group.
                os.environ["GLOO_SOCKET_IFNAME"] = interfaces[one]
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
            self.begin(one)
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

    def debug_file(self, library):
        """Where NCCL is to write its log: not among what others print."""
        if library != "nccl":
            raise Trouble("harness", "NOT_SUPPORTED", f"{library} has no log that shows what was used")
        path = os.path.join(tempfile.mkdtemp(prefix="assay-nccl-"), "log")
        os.environ["NCCL_DEBUG_FILE"] = path
        return path

    def once(self, dist, size, device, place, group, library):
        """One operation, so that an algorithm is chosen and every channel connected; nothing is timed."""
        options = self.options
        dtype = dtypes(self.torch)[options.dtype]
        one = Collective(self.torch, dist, options.collective, size, dtype, device, place, group, False)
        self.progress(f"{options.collective} {size} B once")
        one.prepare()
        one.reset()
        one.run()
        self.synchronise(device)

    def pass_on(self, path):
        """The log's telling lines, then it is removed."""
        told, left = 0, 0
        try:
            with open(path, encoding="utf8", errors="replace") as log:
                for line in log:
                    if not TELLING.search(line):
                        continue
                    if told == LOG_LINES:
                        left += 1
                        continue
                    told += 1
                    self.tell({"log": line.rstrip("\n")[:1000]})
            os.unlink(path)
            os.rmdir(os.path.dirname(path))
        except OSError as error:
            raise Trouble("harness", "NOT_SUPPORTED", f"NCCL left no log: {error.strerror}") from error
        if left:
            self.tell({"log": f"{left} more lines of rank {self.rank} were left out"})

    def begin(self, one):
        self.calls.begin(self.local)
        one.run()

    def timed_on_host(self, one):
        times = []
        for _ in range(self.options.iterations):
            one.reset()
            start = time.perf_counter()
            self.begin(one)
            times.append(time.perf_counter() - start)
        return times

    def timed_on_device(self, one):
        cuda = self.torch.cuda
        marks = [(cuda.Event(enable_timing=True), cuda.Event(enable_timing=True))
                 for _ in range(self.options.iterations)]
        for start, end in marks:
            one.reset()
            start.record()
            self.begin(one)
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


def rank_main(torch, options, local, node, nodes, ways):
    """Body of a forked rank; never returns."""
    # A rank must not outlive the process that watches it.
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    one = Rank(torch, options, local, node, nodes, ways)
    try:
        one.run()
        one.tell({"finished": True})
    except BaseException as error:
        owner, code, text = classify(error)
        one.tell({"failed": [owner, code, text[:2000]]})
    finally:
        # Libraries' own shutdown can hang on a peer that is gone.
        os._exit(0)
