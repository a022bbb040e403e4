"""One collective as compiled programs over a mesh of JAX devices: makes the data, runs, checks. Runs under xla.py."""
import math

import operations


def meshed(jax, places, options):
    """The mesh, and the axis along which the collective runs; rows follow the torus where the runtime shows it."""
    import numpy as np

    sides = [int(side) for side in options.mesh.split("x")] if options.mesh else [len(places)]
    if math.prod(sides) != len(places):
        raise ValueError("mesh %s is not of %d ranks" % (options.mesh, len(places)))
    if options.slices:
        of = options.slices.split(",")
        places = sorted(places, key=lambda one: int(of[one.process_index]))
    elif options.cubes:
        places = by_cube(places, sides[1])
    elif options.kind == "tpu" and len(sides) > 1:
        from jax.experimental import mesh_utils

        places = mesh_utils.create_device_mesh(sides, places, allow_split_physical_axes=True).flatten()
    names = tuple("xyzuvw"[: len(sides)])
    return jax.sharding.Mesh(np.array(places, dtype=object).reshape(sides), names), names[options.axis]


def by_cube(places, size):
    """In order of the cubes of 4 x 4 x 4 chips that they stand in, by their own coordinates; `size` of each."""
    cube = lambda one: tuple(at // 4 for at in one.coords)
    places = sorted(places, key=lambda one: (cube(one), tuple(one.coords), one.core_on_chip))
    for first in range(0, len(places), size):
        row = places[first : first + size]
        if len({cube(one) for one in row}) != 1:
            raise ValueError("no whole cubes: ranks from %d on stand in several" % first)
    return places


def sharded(jax, mesh, body, inputs):
    """`body` on every rank of the mesh, compiled; arrays are split over all of it."""
    whole = jax.sharding.PartitionSpec(mesh.axis_names)
    of = dict(mesh=mesh, in_specs=(whole,) * inputs, out_specs=whole)
    if hasattr(jax, "shard_map"):
        return jax.jit(jax.shard_map(body, check_vma=False, **of))
    from jax.experimental.shard_map import shard_map

    return jax.jit(shard_map(body, check_rep=False, **of))


class Collective:
    """One collective of one size: its programs, and what must come out."""

    def __init__(self, jax, mesh, axis, name, size, dtype):
        self.jax, self.name, jnp = jax, name, jax.numpy
        ranks = self.ranks = mesh.shape[axis]
        split = name in ("all_gather", "reduce_scatter", "alltoall")
        # Per-rank counts are rounded down to 16 bytes, as nccl-tests does.
        part = self.part = size // (ranks if split else 1) // 16 * 16 // jnp.dtype(dtype).itemsize
        self.count = {"all_gather": part * ranks, "alltoall": part * ranks}.get(name, part)
        lax, rank = jax.lax, lambda: jax.lax.axis_index(axis).astype(jnp.int64)
        moved = lambda count, source, target: operations.moved(jnp, 0, count, source, target, None)
        blocks = lambda one: jnp.concatenate([one(jnp.int64(peer)) for peer in range(ranks)])

        def source():
            if name in operations.REDUCTIONS:
                count = part * ranks if split else part
                return operations.contribution(jnp, 0, count, rank(), ranks, None).astype(dtype)
            if name == "alltoall":
                return blocks(lambda peer: moved(part, rank(), peer)).astype(dtype)
            return moved(part, rank(), 0).astype(dtype)

        def due():
            if name in operations.REDUCTIONS:
                start = rank() * part if name == "reduce_scatter" else 0
                return operations.reduced(jnp, start, part, ranks, None)
            if name == "sendrecv":
                return moved(part, (rank() - 1) % ranks, 0)
            return blocks(lambda peer: moved(part, peer, rank() if name == "alltoall" else 0))

        ring = [(one, (one + 1) % ranks) for one in range(ranks)]
        run = {
            "all_reduce": lambda x: lax.psum(x, axis),
            "reduce_scatter": lambda x: lax.psum_scatter(x, axis, tiled=True),
            "all_gather": lambda x: lax.all_gather(x, axis, tiled=True),
            "alltoall": lambda x: lax.all_to_all(x, axis, 0, 0, tiled=True),
            "sendrecv": lambda x: lax.ppermute(x, axis, ring),
        }[name]

        def verify(result):
            """Of each rank: how many are wrong, the first of them, what it is, what it should be."""
            wanted = due().astype(dtype)
            bad = result != wanted
            at = bad.argmax()
            shown = (bad.sum(), at, result[at], wanted[at])
            return jnp.stack([one.astype(jnp.float64) for one in shown])[None]

        self.source = sharded(jax, mesh, source, 0)()
        self.run = sharded(jax, mesh, run, 1)
        self.check = sharded(jax, mesh, verify, 1)

    def once(self):
        return self.jax.block_until_ready(self.run(self.source))

    def wrong(self, result):
        """Device -> (wrong elements, first index, seen, due), for the ranks of this node."""
        import numpy as np

        told = self.check(result)
        return {shard.device: tuple(np.asarray(shard.data)[0].tolist()) for shard in told.addressable_shards}
