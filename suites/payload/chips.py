"""One process that owns all chips of a host, a thread a device, in step: the frame of the payloads that run on JAX.

Run as `chips.py DEVICES WORK BASE --devices N …`: DEVICES is devices.py, whose method this shares, WORK what is
run on each device, BASE the torch payload whose method WORK shares. Which devices there are JAX has from the
environment. A chip whose cores the runtime shows as
devices of their own speaks once, for all of them. Never run on a TPU so far: see docs/tpu.md.
"""
import hashlib
import json
import os
import queue
import re
import sys
import threading
import time
import traceback
from collections import deque
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

# Results that may be in flight: a queue of thousands would hold their memory.
IN_FLIGHT = 8


def borrow(path):
    """devices.py as a module; it has a hash for a name."""
    sys.dont_write_bytecode = True
    loader = SourceFileLoader("devices", path)
    module = module_from_spec(spec_from_loader("devices", loader))
    loader.exec_module(module)
    return module


devices = borrow(sys.argv[1])
# What a WORK and its BASE take from their frame.
SUB_WINDOWS, Failure, Load, spread = devices.SUB_WINDOWS, devices.Failure, devices.Load, devices.spread


class Here(threading.local):
    """Of a device's thread: which core it is of its chip, and the chips that it speaks for where they are several."""

    core, chips = 0, None


here = Here()


class Mouth:
    """One line at a time, and one for a chip: of what all its cores have said."""

    def __init__(self, cores):
        self.cores, self.lock, self.heard = cores, threading.Lock(), {}

    def say(self, kind, fields):
        with self.lock:
            if self.cores == 1 or kind not in ("sample", "check"):
                return devices.say(kind, **fields)
            name = fields.get("metric") or fields.get("name")
            key = (kind, fields["accelerator"], name, json.dumps(fields["parameters"], sort_keys=True))
            said = self.heard.setdefault(key, [])
            said.append(fields)
            if kind == "sample":
                where = "core.%d.%d.%s" % (fields["accelerator"], here.core, name)
                devices.say("fact", name=where, value=repr(fields["value"]))
            if len(said) == self.cores:
                devices.say(kind, **(together if kind == "sample" else agreed)(self.heard.pop(key)))


def together(said):
    """A chip's number: rates add up; a time is the slowest core's, a share the worst one's."""
    first, metric = said[0], said[0]["metric"]
    join = max if metric.endswith(".time") else min if metric.endswith(".retention") else sum
    windows = [one["window"] for one in said]
    joined = dict(first, value=join(one["value"] for one in said))
    joined["window"] = [min(start for start, _ in windows), max(end for _, end in windows)]
    if "iterations" in first:
        parts = [one["iterations"] for one in said]
        joined["iterations"] = {key: join(part[key] for part in parts) for key in ("min", "median", "max")}
        joined["iterations"]["n"] = min(part["n"] for part in parts)
    return joined


def agreed(said):
    first = said[0]
    if "digest" in first:
        digests = sorted({one["digest"] for one in said})
        joined = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
        return dict(first, digest=joined)
    detail = "; ".join("core %d: %s" % (core, one["detail"]) for core, one in enumerate(said))
    return dict(first, ok=all(one["ok"] for one in said), detail=detail)


mouth = Mouth(1)


def say(kind, **fields):
    """What a replica over several chips says holds for each of them."""
    who = next((key for key in ("accelerator", "rank") if key in fields), None)
    for chip in (here.chips if who else None) or [None]:
        mouth.say(kind, fields if chip is None else {**fields, who: chip})


class Stages:
    """The barriers: all go on when all have come, or the first of those that are left."""

    def __init__(self, count, load, cores):
        self.changed, self.load, self.cores = threading.Condition(), load, cores
        self.live, self.waiting, self.free = set(range(count)), set(), set()

    def open(self):
        """Lets the devices go on that run together: all, or the cores of one chip."""
        first = min(self.live) // self.cores
        together = {one for one in self.live if self.load == "all" or one // self.cores == first}
        if together <= self.waiting:
            self.waiting -= together
            self.free |= together
        self.changed.notify_all()

    def leave(self, one):
        with self.changed:
            self.live.discard(one)
            if self.live:
                self.open()

    def wait(self, one, meanwhile):
        with self.changed:
            self.waiting.add(one)
            self.open()
        while True:
            with self.changed:
                while meanwhile is None and one not in self.free:
                    self.changed.wait()
                if one in self.free:
                    return self.free.discard(one)
            meanwhile()


class Stage:
    """One device's barriers, as devices.py has them."""

    def __init__(self, stages, one):
        self.stages, self.one = stages, one

    def wait(self, name, meanwhile=None):
        self.stages.wait(self.one, meanwhile)


class Device:
    """One device of JAX: a chip, or one core of it; or a replica's several as one. Work is queued; a mark waits until it is done."""

    gpu, l2 = False, 0
    # Figures of another library are another cohort.
    where = {"library": "jax"}

    def __init__(self, jax, places, index):
        self.jax, self.place, self.index, self.name = jax, places[0], index, places[0].device_kind
        self.tpu, self.mesh = places[0].platform == "tpu", None
        if len(places) > 1:
            import numpy as np

            self.mesh = jax.sharding.Mesh(np.array(places, dtype=object), ("tp",))
            self.place = self.split()
        # `latest`: of a chain of results, each made of the one before: waiting for the last waits for all.
        self.flight, self.latest = deque(), None

    def put(self, values):
        return self.jax.device_put(values, self.place)

    def split(self, *axes):
        """How an array lies on the devices of a replica: split along the axes that say so, whole on each without."""
        return self.jax.sharding.NamedSharding(self.mesh, self.jax.sharding.PartitionSpec(*axes))

    def keep(self, value):
        """Of queued work, so that it is waited for; returns it."""
        self.flight.append(value)
        if len(self.flight) > IN_FLIGHT:
            self.jax.block_until_ready(self.flight.popleft())
        return self.alone(value)

    def chain(self, value):
        """Of queued work that is made of what was queued before it."""
        self.latest = self.alone(value)

    def alone(self, value):
        """A CPU's threads are few: a replica's next program would take those that the parts of this one wait for."""
        return value if self.mesh is None or self.tpu else self.jax.block_until_ready(value)

    def finish(self):
        while self.flight:
            self.jax.block_until_ready(self.flight.popleft())
        self.jax.block_until_ready(self.latest)

    def mark(self):
        self.finish()
        return time.perf_counter()

    def between(self, start, end):
        return end - start

    def once(self, run):
        start = self.mark()
        run()
        return self.between(start, self.mark())

    def clock(self):
        return None  # JAX does not tell it; the boost figure keeps every burst.


def found(options):
    """JAX and its devices in order, chip by chip; or whose fault it is that they are not there."""
    try:
        import jax
        import jaxlib
    except (ImportError, OSError) as error:
        raise Failure("harness", "NO_JAX", "%s (%s)" % (error, sys.executable))
    jax.config.update("jax_enable_x64", True)
    try:
        places = jax.local_devices()
    except RuntimeError as error:
        raise unusable(str(error))
    order = lambda one: (tuple(getattr(one, "coords", ()) or ()), getattr(one, "core_on_chip", 0) or 0, one.id)
    places = sorted(places, key=order if options.kind == "tpu" else lambda one: one.id)
    if places[0].platform != options.kind:
        raise Failure("harness", "WRONG_PLATFORM", "JAX runs on %s, not on %s" % (places[0].platform, options.kind))
    wanted = options.devices * options.cores
    if len(places) < wanted:
        message = "%d devices were inventoried, JAX sees %d" % (wanted, len(places))
        raise Failure("node", "DEVICES_MISSING", message)
    say("fact", name="jax", value="%s, jaxlib %s" % (jax.__version__, jaxlib.__version__))
    say("fact", name="runtime", value=places[0].client.platform_version[:1000])
    say("fact", name="seed", value=str(options.seed))
    return jax, places[:wanted]


def unusable(text):
    """JAX's reason for not having a backend -> whose fault that is."""
    if re.search("in use|already owns|lockfile", text):
        return Failure("harness", "TPU_BUSY", text)
    if re.search("libtpu|No module|not found", text):
        return Failure("harness", "NO_LIBTPU", text)
    return Failure("node", "TPU_ERROR", text)


def blame(error, device):
    """Whose fault an exception is."""
    text = "%s: %s" % (type(error).__name__, error)
    if isinstance(error, MemoryError) or re.search("RESOURCE_EXHAUSTED|out of memory", text, re.I):
        return Failure("harness", "OUT_OF_MEMORY", text)
    if device.tpu and re.search("XlaRuntimeError|JaxRuntimeError|INTERNAL|DATA_LOSS|ABORTED|UNAVAILABLE", text):
        return Failure("node", "TPU_ERROR", text)
    return Failure("harness", "PAYLOAD_ERROR", text)


def run(module, device, core, chips, stages, one, options, ended):
    here.core, here.chips = core, chips
    try:
        module.work(device, Stage(stages, one), options)
        stages.leave(one)
        ended.put(None)
    except Exception as error:
        if not isinstance(error, Failure):
            traceback.print_exc()
            error = blame(error, device)
        ended.put(dict(error.verdict, message="device %d: %s" % (one, error)))


def conduct(module, options):
    global mouth
    # A replica over several chips runs as one, with all their cores.
    tp, cores = getattr(options, "tp", 1), options.cores
    if options.devices % tp:
        raise Failure("harness", "PAYLOAD_ERROR", "tp %d does not divide %d devices" % (tp, options.devices))
    together, cores = (tp * cores, 1) if tp > 1 else (1, cores)
    mouth = Mouth(cores)
    jax, places = found(options)
    groups = [places[first : first + together] for first in range(0, len(places), together)]
    stages, ended = Stages(len(groups), options.load, cores), queue.Queue()
    for one, place in enumerate(places):
        core = one % options.cores
        coords = getattr(place, "coords", None)
        where = "" if coords is None else " at %s core %d" % (",".join(map(str, coords)), core)
        say("fact", name="device.%d" % one, value=place.device_kind + where)
    for one, group in enumerate(groups):
        index, core = (one * tp, 0) if tp > 1 else divmod(one, cores)
        chips = range(index, index + tp) if tp > 1 else None
        work = (module, Device(jax, group, index), core, chips, stages, one, options, ended)
        threading.Thread(target=run, args=work, daemon=True).start()
    for _ in groups:
        failure = ended.get()
        if failure is not None:
            # A device whose neighbour is idle would look better than it is: all end.
            return failure
    return None


def main():
    devices.load("base", sys.argv[3])
    module = devices.load("work", sys.argv[2])
    parser = devices.arguments(["tpu", "cpu"], ["frame", "program", "base"])
    parser.add_argument("--cores", type=int, default=1, help="devices of the runtime that are one chip")
    module.arguments(parser)
    options = parser.parse_args()
    try:
        failure = conduct(module, options)
    except Failure as error:
        failure = error.verdict
    say("done", ok=failure is None, **(failure or {}))
    sys.stdout.flush()
    # The runtime's own end can wait for a device that does not answer.
    os._exit(0 if failure is None else 1)


if __name__ == "__main__":
    main()
