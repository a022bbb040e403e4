"""A decoder-only transformer with random weights: prefill and decode, checked. Runs under devices.py.

RMSNorm, rotary positions, grouped-query attention, SwiGLU, key-value cache, greedy decoding. A replica on
each `--tp` devices in turn; with tp > 1 its layers are split over them as Megatron-LM does.
"""
import hashlib
import json
import math
import statistics
import time

from __main__ import SUB_WINDOWS, Failure, Load, say, spread

# dtype -> (torch name, relative deviation of cached from recomputed logits that rounding explains)
DTYPES = {"bf16": ("bfloat16", 0.1), "fp16": ("float16", 0.02), "fp32": ("float32", 1e-3)}


def arguments(parser):
    for name in ("layers", "width", "heads", "kv-heads", "ffn", "vocab", "context", "generate", "batch", "prefill-batch"):
        parser.add_argument("--" + name, type=int, required=True)
    parser.add_argument("--model", required=True, help="name to report it under")
    parser.add_argument("--dtype", choices=sorted(DTYPES), required=True)
    parser.add_argument("--tp", type=int, default=1)


class Replica:
    """Which devices hold one copy of the model, and how they add up."""

    def __init__(self, device, options):
        self.size, self.torch, self.place, self.group = options.tp, device.torch, device.place, None
        if self.size == 1:
            return
        distributed = self.torch.distributed
        if options.devices % self.size:
            raise Failure("harness", "PAYLOAD_ERROR", "tp %d does not divide %d devices" % (self.size, options.devices))
        distributed.init_process_group(
            "nccl" if device.gpu else "gloo",
            init_method="file://" + options.meeting,
            rank=device.index,
            world_size=options.devices,
        )
        for first in range(0, options.devices, self.size):
            group = distributed.new_group(list(range(first, first + self.size)))
            if first <= device.index < first + self.size:
                self.group = group

    def most(self, count):
        """The largest of the devices' counts."""
        if self.group is None:
            return count
        counts = self.torch.tensor([count], device=self.place)
        self.torch.distributed.all_reduce(counts, self.torch.distributed.ReduceOp.MAX, group=self.group)
        return int(counts)

    def add(self, part):
        if self.group is not None:
            self.torch.distributed.all_reduce(part, group=self.group)
        return part


class Transformer:
    def __init__(self, device, options, replica):
        torch, self.o, self.replica = device.torch, options, replica
        self.torch, self.device = torch, device
        self.type = getattr(torch, DTYPES[options.dtype][0])
        self.seeded = torch.Generator(device=device.place)
        self.head = options.width // options.heads
        self.heads, self.kv = options.heads // replica.size, options.kv_heads // replica.size
        ffn, width, self.length = options.ffn // replica.size, options.width, options.context + options.generate
        # What all devices of a replica hold alike comes from one seed, their own shares from another.
        self.seeded.manual_seed(options.seed)
        self.embedding = self.weight(options.vocab, width, 1.0)
        self.out = self.weight(width, options.vocab, width**-0.5)
        self.seeded.manual_seed(options.seed * 1009 + device.index % replica.size)
        down = (2 * options.layers) ** -0.5
        kv = self.kv * self.head
        self.layers = [
            dict(
                q=self.weight(width, self.heads * self.head, width**-0.5),
                k=self.weight(width, kv, width**-0.5),
                v=self.weight(width, kv, width**-0.5),
                o=self.weight(self.heads * self.head, width, width**-0.5 * down),
                gate=self.weight(width, ffn, width**-0.5),
                up=self.weight(width, ffn, width**-0.5),
                down=self.weight(ffn, width, options.ffn**-0.5 * down),
            )
            for _ in range(options.layers)
        ]
        rows = max(options.batch, options.prefill_batch)
        empty = lambda: torch.zeros(rows, self.kv, self.length, self.head, dtype=self.type, device=device.place)
        self.cache = [(empty(), empty()) for _ in range(options.layers)]
        at = torch.arange(self.length, device=device.place)
        turn = at[:, None] * 10000.0 ** -(torch.arange(0, self.head, 2, device=device.place) / self.head)
        self.cos, self.sin = turn.cos().to(self.type), turn.sin().to(self.type)
        self.at = at
        self.token = torch.zeros(options.batch, dtype=torch.long, device=device.place)
        self.here = torch.full((1,), options.context, dtype=torch.long, device=device.place)
        self.logits = None

    def weight(self, rows, cols, scale):
        made = self.torch.empty(rows, cols, dtype=self.type, device=self.device.place)
        return made.normal_(generator=self.seeded).mul_(scale)

    def norm(self, x):
        wide = x.float()
        return (wide * (wide.pow(2).mean(-1, keepdim=True) + 1e-5).rsqrt()).to(self.type)

    def turned(self, x, cos, sin):
        even, odd = x[..., 0::2], x[..., 1::2]
        return self.torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)

    def block(self, x, weights, attend):
        """One layer on x (rows, positions, width); `attend` is given q, k, v as (rows, heads, positions, head)."""
        rows, positions, _ = x.shape
        normed = self.norm(x)
        split = lambda name, heads: (normed @ weights[name]).view(rows, positions, heads, self.head).transpose(1, 2)
        mixed = attend(split("q", self.heads), split("k", self.kv), split("v", self.kv))
        x = x + self.replica.add(mixed.transpose(1, 2).reshape(rows, positions, -1) @ weights["o"])
        normed = self.norm(x)
        gated = self.torch.nn.functional.silu(normed @ weights["gate"]) * (normed @ weights["up"])
        return x + self.replica.add(gated @ weights["down"])

    def causal(self, q, k, v):
        k, v = (one.repeat_interleave(self.heads // self.kv, 1) for one in (k, v))
        fused = getattr(self.torch.nn.functional, "scaled_dot_product_attention", None)
        if fused is not None:
            return fused(q, k, v, is_causal=True)
        size = q.shape[2]
        later = self.torch.ones(size, size, dtype=self.torch.bool, device=q.device).triu(1)
        scores = (q @ k.transpose(-1, -2)).float() * self.head**-0.5
        return scores.masked_fill(later, -math.inf).softmax(-1).to(self.type) @ v

    def whole(self, tokens, first=None):
        """Logits at the last position, all positions at once; keeps keys and values from row `first` on, if given."""
        size = tokens.shape[1]
        cos, sin = self.cos[:size], self.sin[:size]
        x = self.embedding[tokens]
        for weights, (keys, values) in zip(self.layers, self.cache):

            def attend(q, k, v):
                q, k = self.turned(q, cos, sin), self.turned(k, cos, sin)
                if first is not None:
                    keys[first : first + len(tokens), :, :size] = k
                    values[first : first + len(tokens), :, :size] = v
                return self.causal(q, k, v)

            x = self.block(x, weights, attend)
        return (self.norm(x[:, -1]) @ self.out).float()

    def step(self):
        """One token more for every row, from the cache; starts again behind the prompt at the cache's end."""
        rows, group, cos, sin = self.o.batch, self.heads // self.kv, self.cos[self.here], self.sin[self.here]
        unseen = self.at > self.here
        x = self.embedding[self.token][:, None]
        for weights, (keys, values) in zip(self.layers, self.cache):

            def attend(q, k, v):
                q, k = self.turned(q, cos, sin), self.turned(k, cos, sin)
                keys[:rows].index_copy_(2, self.here, k)
                values[:rows].index_copy_(2, self.here, v)
                grouped = q.view(rows, self.kv, group, self.head)
                scores = (grouped @ keys[:rows].transpose(-1, -2)).float() * self.head**-0.5
                seen = scores.masked_fill(unseen, -math.inf).softmax(-1).to(self.type)
                return (seen @ values[:rows]).view(rows, self.heads, 1, self.head)

            x = self.block(x, weights, attend)
        self.logits = (self.norm(x[:, -1]) @ self.out).float()
        self.token.copy_(self.logits.argmax(-1))
        following = self.here + 1
        self.here.copy_(self.torch.where(following < self.length, following, self.torch.full_like(following, self.o.context)))


def fill(model, prompts):
    """Prefills the cache for all rows, some at a time; sets the first token of each."""
    some = model.o.prefill_batch
    last = [model.whole(prompts[at : at + some], at) for at in range(0, model.o.batch, some)]
    model.token.copy_(model.torch.cat(last).argmax(-1))
    model.here.fill_(model.o.context)


def generate(model, prompts):
    """Greedy decoding up to the cache's end; tokens as (rows, generated) and the last step's logits."""
    fill(model, prompts)
    made = []
    for _ in range(model.o.generate):
        made.append(model.token.clone())
        model.step()
    return model.torch.stack(made, 1), model.logits


def captured(model, device):
    """A step as one launch where the device can: otherwise Python's own pace would be measured."""
    if not device.gpu or model.o.tp > 1:
        return model.step, "no"
    torch = model.torch
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            model.step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        model.step()
    return graph.replay, "yes"


class Model:
    """What `work` asks of a model, of torch; jax-transformer.py has the other one."""

    def __init__(self, device, options):
        if device.gpu and options.dtype == "bf16" and device.major < 8:
            raise Failure("harness", "NOT_SUPPORTED", "%s has no bf16" % device.name)
        torch = device.torch
        self.device, self.o, self.decode_graph = device, options, "no"
        # Nobody waits for this process in a layer.
        self.alone = options.tp == 1
        self.replica = Replica(device, options)
        self.net = Transformer(device, options, self.replica)
        seeded = torch.Generator().manual_seed(options.seed)
        rows = max(options.batch, options.prefill_batch)
        prompts = torch.randint(0, options.vocab, (rows, options.context), generator=seeded)
        self.prompts = prompts.to(device.place)

    def generate(self):
        """Tokens as lists, and the relative deviation of the last step's logits from a full pass."""
        tokens, logits = generate(self.net, self.prompts[: self.o.batch])
        few = min(2, self.o.batch)
        again = self.net.whole(self.device.torch.cat((self.prompts[:few], tokens[:few]), 1))
        return tokens.tolist(), float((logits[:few] - again).norm() / again.norm())

    def first(self):
        self.net.whole(self.prompts[:1], 0).argmax(-1)

    def prefill(self):
        self.net.whole(self.prompts[: self.o.prefill_batch], 0)

    def decoding(self):
        fill(self.net, self.prompts[: self.o.batch])
        run, self.decode_graph = captured(self.net, self.device)
        return run


def work(device, stage, options, make=Model):
    tell = lambda kind, **fields: say(kind, accelerator=device.index, **fields)
    report = lambda what: say("progress", rank=device.index, operation=what, at=time.time())
    report("making weights")
    model = make(device, options)
    where = {"model": options.model, "context": options.context, "dtype": options.dtype, "tp": options.tp}
    where.update(device.where)
    large = {**where, "batch": options.batch}

    stage.wait("generate")
    report("generating")
    tokens, off = model.generate()
    listed = json.dumps(tokens, separators=(",", ":")).encode()
    tell("check", name="inference.tokens.digest", parameters=large, digest=hashlib.sha256(listed).hexdigest())
    allowed = DTYPES[options.dtype][1]
    detail = "step %d from the cache against a full pass: relative deviation %.3g, allowed %.3g"
    detail %= (options.generate, off, allowed)
    tell("check", name="inference.logits.correct", parameters=large, ok=off <= allowed, detail=detail)

    stage.wait("first token")
    model.first()
    begun = time.time()
    firsts = [device.once(model.first) for _ in range(5)]
    span = {"window": [begun, time.time()], "iterations": spread(firsts), "value": statistics.median(firsts)}
    tell("sample", metric="inference.first-token.time", parameters={**where, "batch": 1}, **span)

    size = options.prefill_batch * options.context
    prefill = Load(device, model.prefill, size / options.tp, options.window)
    measure(device, stage, model, "prefill", prefill, {**where, "batch": options.prefill_batch}, report)

    run = model.decoding()
    if device.index == 0:
        say("fact", name="decode-graph", value=model.decode_graph)
    decode = Load(device, run, options.batch / options.tp, options.window)
    measure(device, stage, model, "decode", decode, large, report)


def measure(device, stage, model, what, load, where, report):
    """Tokens per second and accelerator, all replicas at work."""
    stage.wait(what)
    report("settling, %s" % what)
    if model.alone:
        load.settle(model.o.settle, lambda _: None)
        stage.wait("measure", load.rate)
    else:
        # The devices of one replica wait in each layer: they must run the same number of times.
        load.count = model.replica.most(load.count)
        for _ in range(SUB_WINDOWS):
            load.rate()
    report("measuring %s" % what)
    found = load.window()
    # Holds the load until the slowest replica has its window.
    stage.wait("measured", load.rate if model.alone else None)
    metric = "inference.%s.throughput" % what
    say("sample", accelerator=device.index, metric=metric, parameters=where, **found)
