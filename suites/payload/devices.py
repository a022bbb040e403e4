"""One process a device, in step: the frame of the payloads that load every device of a node.

Run as `devices.py WORK --devices N …`: starts one child a device, each running WORK's `work`, and lets
them pass their barriers together, so that all devices are under load while each is measured (or one at
a time). Prints one JSON object a line; everything else is log. Python 3.8 or newer, torch 1.13 or newer.
"""
import argparse
import json
import os
import queue
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

SUB_WINDOWS = 8

def say(kind, **fields):
    print(json.dumps({"assay": 1, "kind": kind, **fields}), flush=True)


class Failure(Exception):
    """Ends the trial: whose fault, which code, why."""

    def __init__(self, owner, code, message):
        super().__init__(message)
        self.verdict = {"owner": owner, "code": code, "message": str(message)[:2000]}


class Stage:
    """A child's barriers: the parent lets all go on when all have come."""

    def __init__(self):
        self.go = threading.Event()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for _ in sys.stdin:
            self.go.set()
        os._exit(4)  # the parent is gone

    def wait(self, name, meanwhile=None):
        print(json.dumps({"ready": name}), flush=True)
        while not self.go.wait(0 if meanwhile else None):
            meanwhile()
        self.go.clear()


class Device:
    """One accelerator, or the CPU: its clock, its caches and where its host memory is near."""

    # What a frame adds to the parameters of every value.
    where = {}

    def __init__(self, torch, options):
        self.torch, self.index, self.gpu = torch, options.child, options.kind == "gpu"
        torch.set_num_threads(options.threads)
        if not self.gpu:
            self.place, self.name, self.major, self.l2 = torch.device("cpu"), "cpu", 0, 0
            return
        self.demand(options.devices)
        torch.cuda.set_device(self.index)
        self.place = torch.device("cuda", self.index)
        about = torch.cuda.get_device_properties(self.index)
        self.name, self.major = about.name, about.major + about.minor / 10
        self.l2 = getattr(about, "L2_cache_size", 0) or 2**26
        self.cold = torch.empty(2 * self.l2, dtype=torch.uint8, device=self.place)
        say("fact", name="numa.%d" % self.index, value=self.near_host(about))

    def demand(self, count):
        cuda, built = self.torch.cuda, self.torch.version
        if not built.cuda and not getattr(built, "hip", None):
            raise Failure("harness", "NO_CUDA", "torch %s was built without CUDA" % self.torch.__version__)
        if not cuda.is_available():
            try:
                cuda.init()
                why = "torch sees no device"
            except Exception as error:
                why = str(error)
            old = re.search("too old|insufficient", why)
            raise Failure("harness" if old else "node", "DRIVER_TOO_OLD" if old else "CUDA_ERROR", why)
        seen = cuda.device_count()
        if seen < count:
            hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
            where = "" if hidden is None else " (CUDA_VISIBLE_DEVICES=%s)" % hidden
            raise Failure(
                "node" if hidden is None else "harness",
                "DEVICES_MISSING",
                "%d devices were inventoried, torch sees %d%s" % (count, seen, where),
            )

    def near_host(self, about):
        """Binds this process to the cores next to the device, so that host memory is local to it."""
        if not hasattr(about, "pci_bus_id"):
            return "unknown: this torch does not tell the PCI address"
        address = "%04x:%02x:%02x.0" % (about.pci_domain_id, about.pci_bus_id, about.pci_device_id)
        try:
            with open("/sys/bus/pci/devices/%s/local_cpulist" % address) as file:
                cores = file.read().strip()
            spans = [part.split("-") for part in cores.split(",") if part]
            os.sched_setaffinity(0, {c for s in spans for c in range(int(s[0]), int(s[-1]) + 1)})
            return "%s near cores %s" % (address, cores)
        except (OSError, ValueError) as error:
            return "unknown: %s" % error

    def finish(self):
        if self.gpu:
            self.torch.cuda.synchronize()

    def mark(self):
        if not self.gpu:
            return time.perf_counter()
        event = self.torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def between(self, start, end):
        if not self.gpu:
            return end - start
        end.synchronize()
        return start.elapsed_time(end) / 1e3

    def once(self, run):
        """Seconds of one run that finds nothing of its data in the L2 cache."""
        if self.gpu:
            self.cold.zero_()
        start = self.mark()
        run()
        return self.between(start, self.mark())

    def clock(self):
        try:
            return self.torch.cuda.clock_rate(self.index) if self.gpu else None
        except Exception:
            return None  # needs NVIDIA's Python bindings; the boost figure then keeps every burst


class Load:
    """Runs one operation over and over in sub-windows; keeps a GPU's queue filled between them."""

    def __init__(self, device, run, work, seconds, after=lambda: None):
        self.device, self.run, self.work, self.after = device, run, work, after
        run()
        pace = min(device.once(run) for _ in range(2))
        self.count = max(1, round(seconds / SUB_WINDOWS / max(pace, 1e-7)))
        self.queued = None

    def push(self):
        start = self.device.mark()
        for _ in range(self.count):
            self.run()
        end = self.device.mark()
        self.after()
        return start, end

    def rate(self):
        """Work per second over one sub-window, the next one being queued already."""
        ahead = self.push() if self.device.gpu else None
        one, self.queued = self.queued or self.push(), ahead
        return self.work * self.count / self.device.between(*one)

    def settle(self, limit, report):
        """Until 8 sub-windows are steady: second half at most 1 % slower, spread at most 10 %."""
        begun, rates = time.monotonic(), []
        while time.monotonic() - begun < limit or len(rates) < SUB_WINDOWS:
            rates.append(self.rate())
            last = rates[-SUB_WINDOWS:]
            if len(last) == SUB_WINDOWS and steady(last):
                break
            report("settling, %.1f s" % (time.monotonic() - begun))
        return steady(rates[-SUB_WINDOWS:])

    def window(self):
        begun = time.time()
        rates = [self.rate() for _ in range(SUB_WINDOWS)]
        span = {"window": [begun, time.time()]}
        # Equal work in each sub-window: the whole is the harmonic mean.
        return dict(value=statistics.harmonic_mean(rates), iterations=spread(rates), **span)


def steady(rates):
    half = len(rates) // 2
    first, second = statistics.mean(rates[:half]), statistics.mean(rates[half:])
    return second >= 0.99 * first and max(rates) - min(rates) <= 0.1 * statistics.mean(rates)


def spread(values):
    return dict(n=len(values), min=min(values), median=statistics.median(values), max=max(values))


def libraries():
    """Names of the linear algebra that this process has really loaded."""
    try:
        with open("/proc/self/maps") as maps:
            found = {os.path.basename(line.split()[-1]) for line in maps if "/" in line}
    except OSError:
        return "unknown"
    return " ".join(sorted(n for n in found if re.match(r"lib(cublas|hipblas|rocblas|mkl_|openblas|blas|dnnl|nccl)", n)))


def blame(error, device):
    """Whose fault an exception is."""
    text = "%s: %s" % (type(error).__name__, error)
    if isinstance(error, MemoryError) or re.search("out of memory|can't allocate memory", text):
        try:
            free, total = device.torch.cuda.mem_get_info() if device.gpu else (0, 0)
        except Exception:
            free, total = 0, 0  # the device is past answering; the first message says enough
        return Failure("harness", "OUT_OF_MEMORY", "%s (%d of %d B free)" % (text, free, total))
    if re.search("CUDA|CUBLAS|CUDNN|NCCL|HIP", text):
        return Failure("node", "CUDA_ERROR", text)
    return Failure("harness", "PAYLOAD_ERROR", text)


def child(module, options):
    device = None
    try:
        try:
            import torch
        except (ImportError, OSError) as error:
            raise Failure("harness", "NO_TORCH", "%s (%s)" % (error, sys.executable))
        device = Device(torch, options)
        if options.child == 0:
            say("fact", name="torch", value=torch.__version__)
            say("fact", name="cuda", value=str(torch.version.cuda or getattr(torch.version, "hip", None) or "none"))
            say("fact", name="seed", value=str(options.seed))
        say("fact", name="device.%d" % options.child, value=device.name)
        with torch.no_grad():
            module.work(device, Stage(), options)
        if options.child == 0:
            say("fact", name="libraries", value=libraries())
        return 0
    except Exception as error:
        if not isinstance(error, Failure):
            traceback.print_exc()
            error = blame(error, device)
        verdict = dict(error.verdict, message="device %d: %s" % (options.child, error))
        print(json.dumps({"failed": verdict}), flush=True)
        return 1


def listen(index, process, events):
    for line in process.stdout:
        try:
            told = json.loads(line)
            own = isinstance(told, dict) and "assay" not in told
        except ValueError:
            own = False
        what = "ready" if own and "ready" in told else "failed" if own and "failed" in told else "line"
        events.put((index, what, told["failed"] if what == "failed" else line))
    events.put((index, "ended", process.wait()))


def crash(index, code):
    if code == -9:
        message = "device %d: its process was killed (out of host memory?)" % index
        return {"owner": "harness", "code": "KILLED", "message": message}
    return {"owner": "node", "code": "CRASHED", "message": "device %d: its process ended with %d" % (index, code)}


def conduct(options):
    """Starts the children, relays what they say, opens a barrier when all have come to it."""
    command = [sys.executable, os.path.abspath(__file__), *sys.argv[1:]]
    if getattr(options, "tp", 1) == 1:
        return lead(options, command)
    with tempfile.TemporaryDirectory(prefix="assay-") as folder:
        return lead(options, [*command, "--meeting", os.path.join(folder, "meeting")])


def lead(options, command):
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1, universal_newlines=True)
    children = [subprocess.Popen([*command, "--child", str(i)], **pipes) for i in range(options.devices)]
    events = queue.Queue()
    for index, process in enumerate(children):
        threading.Thread(target=listen, args=(index, process, events), daemon=True).start()
    live, waiting, failure = set(range(options.devices)), set(), None
    while live:
        index, what, value = events.get()
        if what == "line":
            print(value, end="", flush=True)
        elif what == "ready":
            waiting.add(index)
        elif what == "failed":
            failure = failure or value
        else:
            live.discard(index)
            waiting.discard(index)
            failure = failure or (crash(index, value) if value != 0 else None)
        if failure is not None:
            # A device whose neighbour is idle would look better than it is: all end.
            for one in live:
                children[one].kill()
            continue
        together = waiting == live if options.load == "all" else bool(live) and min(live) in waiting
        for one in sorted(live if options.load == "all" else [min(live)]) if together else []:
            waiting.discard(one)
            children[one].stdin.write("go\n")
            children[one].stdin.flush()
    say("done", ok=failure is None, **(failure or {}))
    return 0 if failure is None else 1


def load(name, path):
    """A module from its file: a content hash is a file's whole name on a node, so the loader is named."""
    sys.dont_write_bytecode = True
    loader = SourceFileLoader(name, path)
    module = module_from_spec(spec_from_loader(name, loader))
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def arguments(kinds, files):
    """What every payload is told; `files` are in front, as the program itself is not told its own name."""
    parser = argparse.ArgumentParser()
    for name in files:
        parser.add_argument(name)
    parser.add_argument("--kind", choices=kinds, required=True)
    parser.add_argument("--devices", type=int, required=True)
    parser.add_argument("--load", choices=["all", "one"], default="all")
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--settle", type=float, default=20.0, help="seconds at most")
    parser.add_argument("--window", type=float, default=10.0, help="seconds")
    return parser


def main():
    module = load("work", sys.argv[1])
    parser = arguments(["gpu", "cpu"], ["program"])
    parser.add_argument("--child", type=int, help="set for the children: which device")
    parser.add_argument("--meeting", help="set for the children: a file in which they may find each other")
    module.arguments(parser)
    options = parser.parse_args()
    return conduct(options) if options.child is None else child(module, options)


if __name__ == "__main__":
    sys.exit(main())
