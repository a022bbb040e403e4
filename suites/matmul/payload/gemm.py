"""Matrix products, each checked: sustained, boost, soak, the best of some shapes. Runs under devices.py."""
import ctypes
import hashlib
import math
import re
import statistics
import time

from __main__ import SUB_WINDOWS, Failure, Load, say, spread

# dtype -> (torch name, unit roundoff of the output, of the inputs as multiplied, of the accumulator)
DTYPES = {
    "bf16": ("bfloat16", 2.0**-9, 0.0, 2.0**-24),
    "fp16": ("float16", 2.0**-10, 0.0, 2.0**-24),
    "tf32": ("float32", 2.0**-24, 2.0**-11, 2.0**-24),
    "fp32": ("float32", 2.0**-24, 0.0, 2.0**-24),
    "fp64": ("float64", 2.0**-53, 0.0, 2.0**-53),
    # Hopper keeps about 14 bits while it accumulates fp8.
    "fp8": ("float8_e4m3fn", 2.0**-9, 0.0, 2.0**-13),
    "int8": ("int8", 0.0, 0.0, 0.0),
}
REFERENCE = 256


def deviations(dtype, shape, unit=2.0**-53):
    """Of one element by rounding, and the most of C x: 10 deviations of it, and of sums with that unit roundoff."""
    _, out, into, accumulate = DTYPES[dtype]
    root_k, root_n = math.sqrt(shape[1]), math.sqrt(shape[2])
    sigma = root_k * (out + 2 * into) + shape[1] * accumulate
    return sigma, 10 * (root_n * sigma + unit * (shape[2] * root_k + shape[1] * root_n))


class Product:
    """C = A B with seeded N(0, 1) inputs, and what it must come to."""

    def __init__(self, device, dtype, shape, seed):
        self.device, self.dtype, self.torch = device, dtype, device.torch
        self.m, self.k, self.n = shape
        self.flops = 2 * self.m * self.k * self.n
        torch, name = self.torch, DTYPES[dtype][0]
        self.type = getattr(torch, name, None)
        if self.type is None:
            raise Failure("harness", "NOT_SUPPORTED", "torch %s has no %s" % (torch.__version__, name))
        torch.backends.cuda.matmul.allow_tf32 = dtype == "tf32"
        seeded = torch.Generator(device=device.place).manual_seed(seed)
        draw = lambda rows, cols: self.narrow(torch.randn(rows, cols, generator=seeded, device=device.place))
        a = draw(self.m, self.k)
        # fp8 products take the second factor column by column.
        b = draw(self.n, self.k).t() if dtype == "fp8" else draw(self.k, self.n)
        bytes_ = a.element_size() * (a.numel() + b.numel() + self.m * self.n)
        # Several copies in turn where one set would stay in the cache.
        copies = max(1, min(16, math.ceil(2 * device.l2 / bytes_)))
        self.sets = [[a, b, None]] + [[a.clone(), b.clone(), None] for _ in range(copies - 1)]
        self.turn = 0
        self.one = torch.ones((), device=device.place)
        signs = torch.randint(0, 2, (self.n,), generator=seeded, device=device.place)
        self.signs = signs.double() * 2 - 1
        self.due = self.wide_times(a, self.wide_times(b, self.signs))
        self.error = torch.zeros((), dtype=torch.float64, device=device.place)
        self.checked = 0
        self.sigma, self.bound = deviations(dtype, shape)

    def narrow(self, values):
        return (values * 32).round().clamp(-127, 127).to(self.type) if self.dtype == "int8" else values.to(self.type)

    def wide(self, values):
        return (values.float() if self.dtype == "fp8" else values).double()

    def wide_times(self, matrix, vector):
        rows = max(1, 2**26 // matrix.shape[1])
        return self.torch.cat([self.wide(part) @ vector for part in matrix.split(rows)])

    def run(self):
        self.turn = (self.turn + 1) % len(self.sets)
        a, b, c = now = self.sets[self.turn]
        if self.dtype == "fp8":
            made = self.torch._scaled_mm(
                a, b, scale_a=self.one, scale_b=self.one, out_dtype=self.torch.bfloat16, use_fast_accum=True
            )
            now[2] = made[0] if isinstance(made, tuple) else made
        elif self.dtype == "int8":
            now[2] = self.torch._int_mm(a, b)
        elif c is None:
            now[2] = self.torch.mm(a, b)
        else:
            self.torch.mm(a, b, out=c)

    def check(self):
        """Freivalds: C x against A (B x) in fp64 for random signs x; O(n^2). NaN stays in the maximum."""
        difference = self.wide_times(self.sets[self.turn][2], self.signs) - self.due
        self.error = self.torch.maximum(self.error, difference.abs().max())
        self.checked += 1

    def against_reference(self):
        """Largest deviation from the whole product, made in fp64 on the CPU."""
        a, b, c = self.sets[self.turn]
        right = self.wide(a.cpu()) @ self.wide(b.cpu())
        return float((self.wide(c.cpu()) - right).abs().max()), 20 * self.sigma

    def digest(self):
        c = self.sets[self.turn][2].cpu().contiguous()
        size = c.numel() * c.element_size()
        return hashlib.sha256((ctypes.c_char * size).from_address(c.data_ptr())).hexdigest()


def probe(device, options):
    """The small product; tells a dtype that this device or library lacks from one that fails."""
    dtype = options.dtype
    least = {"bf16": 8.0, "tf32": 8.0, "fp8": 8.9, "int8": 7.5}.get(dtype, 0)
    if (device.gpu and device.major < least) or (not device.gpu and dtype == "tf32"):
        raise Failure("harness", "NOT_SUPPORTED", "%s has no %s" % (device.name, dtype))
    try:
        small = Product(device, dtype, [REFERENCE] * 3, options.seed)
        small.run()
        device.finish()
    except (AttributeError, NotImplementedError, RuntimeError) as error:
        if re.search("CUDA error|out of memory", str(error)) and "NOT_SUPPORTED" not in str(error):
            raise
        raise Failure("harness", "NOT_SUPPORTED", str(error).splitlines()[0])
    return small


def arguments(parser):
    parser.add_argument("--dtype", choices=sorted(DTYPES), required=True)
    parser.add_argument("--shapes", nargs="+", required=True, help="MxKxN; several = the best of them")
    parser.add_argument("--bursts", type=int, default=8)
    parser.add_argument("--idle", type=float, default=0.25, help="seconds before a burst")
    parser.add_argument("--soak", type=float, default=0.0, help="seconds; 0 = none")


def work(device, stage, options, make=Product, probed=probe):
    small = probed(device, options)
    tell = lambda kind, **fields: say(kind, accelerator=device.index, **fields)
    told = [0.0]

    def report(what):
        """At most one line a second: a heartbeat, not a log."""
        if time.monotonic() - told[0] >= 1:
            told[0] = time.monotonic()
            say("progress", rank=device.index, operation=what, at=time.time())

    shapes = [[int(side) for side in shape.split("x")] for shape in options.shapes]
    name = "search" if len(shapes) > 1 else shapes[0][0] if len(set(shapes[0])) == 1 else options.shapes[0]
    where = {"dtype": options.dtype, "shape": name, "devices": options.load, **device.where}
    off, bound = small.against_reference()
    detail = "%d cubed against fp64: largest deviation %.3g, allowed %.3g" % (REFERENCE, off, bound)
    tell("check", name="matmul.gemm.reference", parameters=where, ok=off <= bound, detail=detail)
    if len(shapes) > 1:
        stage.wait("search")
        tried = {}
        for shape in shapes:
            one = make(device, options.dtype, shape, options.seed)
            one.run()
            tried[tuple(shape)] = one.flops / min(device.once(one.run) for _ in range(3))
            report("searched %s" % "x".join(map(str, shape)))
            one = None
        shapes = [max(tried, key=tried.get)]
        say("fact", name="gemm.search.%d" % device.index, value="x".join(map(str, shapes[0])))
    product = make(device, options.dtype, shapes[0], options.seed)
    product.run()
    product.check()
    stage.wait("digested")
    tell("check", name="matmul.gemm.digest", parameters=where, digest=product.digest())
    load = Load(device, product.run, product.flops, options.window, product.check)
    stage.wait("settle")
    settled = load.settle(options.settle, report)
    say("fact", name="steady.%d" % device.index, value="yes" if settled else "no: measured all the same")
    stage.wait("measure", load.rate)
    if options.soak > 0:
        soak(load, options, where, tell, report)
    else:
        report("measuring, sustained")
        sustained = load.window()
        # Holds the load until the slowest device has its window.
        stage.wait("measured", load.rate)
        tell("sample", metric="matmul.gemm.throughput", parameters={**where, "mode": "sustained"}, **sustained)
        stage.wait("boost")
        report("measuring, boost")
        boosted = boost(device, product, options)
        tell("sample", metric="matmul.gemm.throughput", parameters={**where, "mode": "boost"}, **boosted)
    stage.wait("end")
    error = float(product.error)
    detail = "%d products: largest deviation %.3g, allowed %.3g" % (product.checked, error, product.bound)
    tell("check", name="matmul.gemm.correct", parameters=where, ok=error <= product.bound, detail=detail)


def boost(device, product, options):
    """Median of the 5 fastest after idling; bursts below 97 % of the highest clock seen don't count."""
    begun, bursts = time.time(), []
    for _ in range(options.bursts):
        device.finish()
        time.sleep(options.idle)
        times = [device.once(product.run) for _ in range(5)]
        bursts.append((device.clock(), times))
        product.check()
    top = max((clock or 0) for clock, _ in bursts)
    times = sorted(t for clock, some in bursts if (clock or 0) >= 0.97 * top for t in some)
    rates = [product.flops / t for t in times]
    value = product.flops / statistics.median(times[:5])
    return dict(value=value, iterations=spread(rates), window=[begun, time.time()])


def soak(load, options, where, tell, report):
    """Load for as long as asked; its last part against its first."""
    begun, rates = time.time(), []
    while time.time() - begun < options.soak or len(rates) < 2 * SUB_WINDOWS:
        rates.append(load.rate())
        report("soaking, %d of %d s" % (time.time() - begun, options.soak))
    seconds = (time.time() - begun) / len(rates)
    # Ten minutes at each end, or a quarter of a shorter soak.
    part = max(1, min(len(rates) // 4, round(600 / seconds)))
    kept = statistics.harmonic_mean(rates[-part:]) / statistics.harmonic_mean(rates[:part])
    rest = {"parameters": where, "window": [begun, time.time()]}
    tell("sample", metric="matmul.soak.throughput", value=statistics.harmonic_mean(rates), iterations=spread(rates), **rest)
    tell("sample", metric="matmul.soak.retention", value=kept, **rest)
