"""Copies inside a chip's memory through JAX by the method of copies.py, which this loads as `base`. Runs under chips.py."""
import base

arguments = base.arguments


def planned(device, options):
    import numpy as np

    jax, size = device.jax, options.bytes // 4
    seeded = np.random.default_rng(options.seed)
    block = seeded.integers(-(2**31), 2**31, base.BLOCK, dtype=np.int32)
    start = device.put(np.resize(block, size))
    copy = jax.jit(jax.numpy.copy)
    kept = [None]

    def run():
        kept[0] = device.keep(copy(start))

    def equal(end, own, at, count):
        return (jax.lax.dynamic_slice(end, (at,), (count,)) == own[:count]).all()

    compare, own = jax.jit(equal, static_argnums=3), device.put(block)

    def same():
        """Where it lies, block by block: the host may have less memory than its chips."""
        places = range(0, size, base.BLOCK)
        return all(bool(compare(kept[0], own, np.int64(at), min(base.BLOCK, size - at))) for at in places)

    return [("memory", {"operation": "copy"}, run, 2, same)]


def work(device, stage, options):
    base.work(device, stage, options, planned)
