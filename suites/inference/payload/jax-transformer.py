"""The transformer of transformer.py through JAX, by the method of that file, which this loads as `base`. Runs under chips.py.

The same layers, the same checks and measures: RMSNorm, rotary positions, grouped-query attention, SwiGLU, a cache,
greedy decoding. Weights are drawn on the host, the same for every device. With tp > 1 a replica is one program over
its devices: heads, feed-forward and output layer are split over them as Megatron-LM does, and XLA adds up the parts.
"""
import math
import threading

import base
from __main__ import Failure

# dtype -> what JAX calls it
TYPES = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
OF_TPU = ("bf16", "fp32")

lock, drawn = threading.Lock(), {}


def weights(options):
    """Embedding, output layer and layers, made once for all devices of the host."""
    import ml_dtypes  # noqa: F401  (gives numpy bfloat16)
    import numpy as np

    with lock:
        if not drawn:
            random = np.random.default_rng(options.seed)
            narrow = TYPES[options.dtype]

            def draw(rows, cols, scale):
                return (random.standard_normal((rows, cols), np.float32) * np.float32(scale)).astype(narrow)

            width, ffn, head = options.width, options.ffn, options.width // options.heads
            kv, down, root = options.kv_heads * head, (2 * options.layers) ** -0.5, width**-0.5
            layers = [
                {
                    "q": draw(width, width, root),
                    "k": draw(width, kv, root),
                    "v": draw(width, kv, root),
                    "o": draw(width, width, root * down),
                    "gate": draw(width, ffn, root),
                    "up": draw(width, ffn, root),
                    "down": draw(ffn, width, ffn**-0.5 * down),
                }
                for _ in range(options.layers)
            ]
            embedding, out = draw(options.vocab, width, 1.0), draw(width, options.vocab, root)
            # One array a name: the compiler sees a loop over layers, not each of them.
            stacked = {name: np.stack([layer[name] for layer in layers]) for name in layers[0]}
            drawn["all"] = {"embedding": embedding, "out": out, "layers": stacked}
        return drawn["all"]


class Network:
    """The pure functions of one shape; traced once, compiled once a device, or for the devices of one replica."""

    def __init__(self, device, options):
        jax = device.jax
        self.jax, self.np, self.o, self.device = jax, jax.numpy, options, device
        self.head, self.kv = options.width // options.heads, options.kv_heads
        self.group, self.length = options.heads // options.kv_heads, options.context + options.generate
        self.type = TYPES[options.dtype]
        self.exact = jax.lax.Precision.HIGHEST if options.dtype == "fp32" else None
        self.whole = jax.jit(self.prefill)
        # The cache is changed where it lies.
        self.step = jax.jit(self.decode, donate_argnums=1)

    def held(self, cache):
        """Keys or values (rows, kv heads, places, head): each device has those of its heads."""
        if self.device.mesh is None:
            return cache
        return self.jax.lax.with_sharding_constraint(cache, self.device.split(None, "tp"))

    def norm(self, x):
        wide = x.astype("float32")
        scale = self.jax.lax.rsqrt((wide * wide).mean(-1, keepdims=True) + 1e-5)
        return (wide * scale).astype(self.type)

    def times(self, subscripts, *factors):
        return self.np.einsum(subscripts, *factors, precision=self.exact)

    def turns(self, at):
        even = self.np.arange(0, self.head, 2, dtype="float32") / self.head
        angle = at.astype("float32")[:, None] * self.np.power(self.np.float32(10000.0), -even)
        return self.np.cos(angle).astype(self.type), self.np.sin(angle).astype(self.type)

    def turned(self, x, turns):
        (cos, sin), even, odd = turns, x[..., 0::2], x[..., 1::2]
        return self.np.stack((even * cos - odd * sin, even * sin + odd * cos), -1).reshape(x.shape)

    def attend(self, q, k, v, seen):
        """q (rows, heads, positions, head) on k, v (rows, kv heads, places, head); `seen` masks places."""
        rows, _, positions, _ = q.shape
        grouped = q.reshape(rows, self.kv, self.group, positions, self.head)
        scores = self.times("bkgph,bkth->bkgpt", grouped, k).astype("float32") * self.np.float32(self.head**-0.5)
        share = self.jax.nn.softmax(self.np.where(seen, scores, -math.inf), -1).astype(self.type)
        mixed = self.times("bkgpt,bkth->bkgph", share, v).reshape(rows, -1, positions, self.head)
        return mixed.transpose(0, 2, 1, 3).reshape(rows, positions, -1)

    def block(self, x, layer, mix):
        """One layer on x (rows, positions, width); `mix` attends and gives what it keeps of keys and values."""
        rows, positions, _ = x.shape
        normed = self.norm(x)
        split = lambda name: (
            self.times("bpw,wh->bph", normed, layer[name])
            .reshape(rows, positions, -1, self.head)
            .transpose(0, 2, 1, 3)
        )
        mixed, kept = mix(split("q"), split("k"), split("v"))
        x = x + self.times("bph,hw->bpw", mixed, layer["o"])
        normed = self.norm(x)
        gate, up = (self.times("bpw,wf->bpf", normed, layer[name]) for name in ("gate", "up"))
        return x + self.times("bpf,fw->bpw", self.jax.nn.silu(gate) * up, layer["down"]), kept

    def logits(self, x, model):
        return self.times("bw,wv->bv", self.norm(x[:, -1]), model["out"]).astype("float32")

    def prefill(self, model, tokens):
        """Logits at the last position, and keys and values (layers, rows, kv heads, positions, head)."""
        size = tokens.shape[1]
        at = self.np.arange(size, dtype="int32")
        turns, seen = self.turns(at), at[None, :] <= at[:, None]

        def layer(x, own):
            def mix(q, k, v):
                q, k = self.turned(q, turns), self.turned(k, turns)
                return self.attend(q, k, v, seen), (self.held(k), self.held(v))

            return self.block(x, own, mix)

        x, kept = self.jax.lax.scan(layer, model["embedding"][tokens], model["layers"])
        return self.logits(x, model), kept

    def decode(self, model, state):
        """One token more for every row; starts again behind the prompt at the cache's end."""
        here = state["here"]
        turns, seen = self.turns(here[None]), self.np.arange(self.length, dtype="int32") <= here
        put = lambda cache, new: self.jax.lax.dynamic_update_slice_in_dim(cache, new, here, 2)

        def layer(x, own):
            weights, keys, values = own

            def mix(q, k, v):
                kept = self.held(put(keys, self.turned(k, turns))), self.held(put(values, v))
                return self.attend(self.turned(q, turns), *kept, seen), kept

            return self.block(x, weights, mix)

        cached = (model["layers"], state["keys"], state["values"])
        x, (keys, values) = self.jax.lax.scan(layer, model["embedding"][state["token"]][:, None], cached)
        logits = self.logits(x, model)
        token = logits.argmax(-1).astype("int32")
        following = self.np.where(here + 1 < self.length, here + 1, self.np.int32(self.o.context))
        return {"keys": keys, "values": values, "here": following, "token": token, "logits": logits}


networks = {}

# Axis of each array that is split over the devices of a replica; those of layers have the layer in front.
SPLIT = {"q": 2, "k": 2, "v": 2, "o": 1, "gate": 2, "up": 2, "down": 1, "out": 1}


def placed(device, options):
    """The weights on one device, or split over those of a replica."""
    model = weights(options)
    if device.mesh is None:
        return device.jax.tree.map(device.put, model)
    count = device.mesh.size
    for name, size in (("kv-heads", options.kv_heads), ("ffn", options.ffn), ("vocab", options.vocab)):
        if size % count:
            raise Failure("harness", "NOT_SUPPORTED", "%s %d is not split over %d devices" % (name, size, count))

    def put(name, values):
        axes = ["tp" if axis == SPLIT.get(name) else None for axis in range(values.ndim)]
        return device.jax.device_put(values, device.split(*axes))

    layers = {name: put(name, values) for name, values in model["layers"].items()}
    return {"embedding": device.put(model["embedding"]), "out": put("out", model["out"]), "layers": layers}


class Model:
    """What base.measured asks of a model: one device's replica."""

    # One thread drives all devices of a replica.
    decode_graph, alone = "yes", True

    def __init__(self, device, options):
        if options.dtype not in TYPES or (device.tpu and options.dtype not in OF_TPU):
            raise Failure("harness", "NOT_SUPPORTED", "%s has no %s through JAX" % (device.name, options.dtype))
        import numpy as np

        self.np, self.device, self.o = np, device, options
        self.model = placed(device, options)
        with lock:
            own = "shared" if device.mesh is None else device.index
            self.net = networks.setdefault(own, Network(device, options))
        random = np.random.default_rng(options.seed)
        rows = max(options.batch, options.prefill_batch)
        self.prompts = random.integers(0, options.vocab, (rows, options.context), dtype=np.int32)
        self.some = device.put(self.prompts[: options.prefill_batch])
        self.one = device.put(self.prompts[:1])
        self.state = None

    def fill(self):
        """Prefills the cache for all rows, some at a time; sets the first token of each."""
        jnp, parts = self.device.jax.numpy, []
        for at in range(0, self.o.batch, self.o.prefill_batch):
            rows = self.device.put(self.prompts[at : min(at + self.o.prefill_batch, self.o.batch)])
            parts.append(self.net.whole(self.model, rows))
        grown = [(0, 0), (0, 0), (0, 0), (0, self.o.generate), (0, 0)]
        joined = lambda which: jnp.pad(jnp.concatenate([kept[which] for _, kept in parts], 1), grown)
        again = None if self.device.mesh is None else self.device.split(None, None, "tp")
        join = lambda which: joined(which) if again is None else self.device.jax.device_put(joined(which), again)
        logits = jnp.concatenate([found for found, _ in parts], 0)
        self.state = {
            "keys": join(0),
            "values": join(1),
            "here": self.device.put(self.np.int32(self.o.context)),
            "token": logits.argmax(-1).astype("int32"),
            "logits": logits,
        }

    def step(self):
        self.state = self.net.step(self.model, self.state)
        self.device.chain(self.state)

    def generate(self):
        """Greedy decoding up to the cache's end: tokens as lists, and what the last step's logits are off by."""
        np = self.np
        self.fill()
        made = []
        for _ in range(self.o.generate):
            made.append(np.asarray(self.state["token"]))
            self.step()
        tokens, few = np.stack(made, 1), min(2, self.o.batch)
        both = np.concatenate((self.prompts[:few], tokens[:few].astype(np.int32)), 1)
        again = np.asarray(self.net.whole(self.model, self.device.put(both))[0])
        off = np.linalg.norm(np.asarray(self.state["logits"])[:few] - again) / np.linalg.norm(again)
        return tokens.tolist(), float(off)

    def first(self):
        self.device.keep(self.net.whole(self.model, self.one)[0])

    def prefill(self):
        self.device.keep(self.net.whole(self.model, self.some)[0])

    def decoding(self):
        """Fills the cache; what is run for one more token of every row."""
        self.fill()
        return self.step


arguments = base.arguments


def work(device, stage, options):
    base.work(device, stage, options, Model)
