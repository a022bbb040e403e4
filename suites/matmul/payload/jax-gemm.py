"""Matrix products through JAX by the method of gemm.py, which this loads as `base`. Runs under chips.py."""
import hashlib
import math
import re
import threading

import base
from __main__ import Failure

# dtype -> what JAX calls it, and its product's
TYPES = {
    "bf16": ("bfloat16", "bfloat16"),
    "fp16": ("float16", "float16"),
    "fp32": ("float32", "float32"),
    "fp64": ("float64", "float64"),
    "fp8": ("float8_e4m3fn", "bfloat16"),
    "int8": ("int8", "int32"),
}
# What a TPU's matrix unit is given by XLA without a detour through another type.
OF_TPU = ("bf16", "fp32", "fp8", "int8")
# Unit roundoff of fp64 where it is made of two fp32.
TWO_FP32 = 2.0**-44

lock, drawn, functions = threading.Lock(), {}, {}


def inputs(dtype, shape, seed):
    """A, B, random signs x and A (B x), made once for all devices of the host: equal seeds, equal products."""
    import ml_dtypes  # noqa: F401  (gives numpy the narrow types)
    import numpy as np

    key = (dtype, tuple(shape), seed)
    with lock:
        if key not in drawn:
            drawn.clear()
            m, k, n = shape
            random = np.random.default_rng(seed)
            draw = lambda rows, cols: narrow(np, random.standard_normal((rows, cols), np.float32), dtype)
            a, b = draw(m, k), draw(k, n)
            signs = random.integers(0, 2, n) * 2.0 - 1
            drawn[key] = a, b, signs, times(np, a, times(np, b, signs))
        return drawn[key]


def narrow(np, values, dtype):
    if dtype == "int8":
        return np.clip(np.rint(values * 32), -127, 127).astype(np.int8)
    return values.astype(TYPES[dtype][0])


def times(np, matrix, vector):
    rows = max(1, 2**24 // matrix.shape[1])
    parts = [matrix[at : at + rows].astype(np.float64) @ vector for at in range(0, len(matrix), rows)]
    return np.concatenate(parts)


def compiled(jax, dtype, wide):
    """Product and check, traced once for all devices."""
    with lock:
        if (dtype, wide) not in functions:
            jnp, out = jax.numpy, TYPES[dtype][1]
            exact = {"precision": jax.lax.Precision.HIGHEST} if dtype in ("fp32", "fp64") else {}
            product = jax.jit(lambda a, b: jax.lax.dot(a, b, preferred_element_type=out, **exact))

            def check(c, signs, due, error):
                """Sums that XLA fuses: C is read once and never copied to the wide type. NaN stays."""
                off = jnp.abs((c.astype(wide) * signs).sum(1) - due).max()
                return jnp.maximum(error, off.astype(error.dtype))

            functions[dtype, wide] = product, jax.jit(check)
        return functions[dtype, wide]


class Product:
    """C = A B with seeded N(0, 1) inputs, and what it must come to."""

    def __init__(self, device, dtype, shape, seed):
        import numpy as np

        self.device, self.dtype, self.np = device, dtype, np
        self.flops = 2 * math.prod(shape)
        self.host = inputs(dtype, shape, seed)
        a, b, signs, due = self.host
        # Integers are summed as integers, exact modulo 2^32 as their products are.
        self.wide = "int32" if dtype == "int8" else "float64"
        unit = TWO_FP32 if device.tpu else 2.0**-53
        self.sigma, self.bound = base.deviations(dtype, shape, unit)
        cast = (lambda one: one.astype(np.int64).astype(np.int32)) if dtype == "int8" else (lambda one: one)
        self.a, self.b, self.signs, self.due = (device.put(one) for one in (a, b, cast(signs), cast(due)))
        self.error, self.c, self.checked = device.put(np.float32(0)), None, 0
        self.product, self.compare = compiled(device.jax, dtype, self.wide)

    def run(self):
        self.c = self.device.keep(self.product(self.a, self.b))

    def check(self):
        """Freivalds: C x against A (B x) in fp64 for random signs x; O(n^2)."""
        self.error = self.device.keep(self.compare(self.c, self.signs, self.due, self.error))
        self.checked += 1

    def against_reference(self):
        """Largest deviation from the whole product, made in fp64 on the host."""
        np, (a, b, _, _) = self.np, self.host
        right = a.astype(np.float64) @ b.astype(np.float64)
        return float(np.abs(np.asarray(self.c).astype(np.float64) - right).max()), 20 * self.sigma

    def digest(self):
        return hashlib.sha256(self.np.asarray(self.c).tobytes()).hexdigest()


def probe(device, options):
    """The small product; tells a dtype that this device or library lacks from one that fails."""
    dtype = options.dtype
    if dtype not in TYPES or (device.tpu and dtype not in OF_TPU):
        raise Failure("harness", "NOT_SUPPORTED", "%s has no %s through JAX" % (device.name, dtype))
    try:
        small = Product(device, dtype, [base.REFERENCE] * 3, options.seed)
        small.run()
        device.finish()
        return small
    except (NotImplementedError, TypeError, ValueError, RuntimeError) as error:
        if not re.search("(?i)unimplemented|not implemented|not support|unsupported|not a valid dtype", str(error)):
            raise
        raise Failure("harness", "NOT_SUPPORTED", str(error).splitlines()[0])


arguments = base.arguments


def work(device, stage, options):
    base.work(device, stage, options, Product, probe)
