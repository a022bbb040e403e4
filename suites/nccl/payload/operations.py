"""The collectives, and data of which every element says which ranks it must have come from. Runs under collective.py;
the functions that make data take jax.numpy for torch too, and xla.py runs them so."""

# Elements filled or compared at once: bounds the scratch memory of large sizes.
CHUNK = 1 << 22
ROOT = 0
REDUCTIONS = ("all_reduce", "reduce_scatter")


def mixed(torch, start, count, salt, device):
    """Pseudo-random 0..2^16-1 by position: a block in the wrong place shows."""
    index = torch.arange(count, dtype=torch.int64, device=device) + start
    value = (index + salt * 7919) * 2654435761 % 4294967296
    return (value // 65536 + value) % 65536


def moved(torch, start, count, source, target, device):
    """What `source` sends to `target`: integers 0..250, exact in every dtype."""
    return mixed(torch, start, count, source * 613 + target * 89 + 1, device) % 251


def depth(torch, start, count, ranks, device):
    """How many ranks contribute to an element: 1..min(ranks, 6), by position."""
    return mixed(torch, start, count, 5, device) % min(ranks, 6) + 1


def contribution(torch, start, count, rank, ranks, device):
    """A power of two of its own for each rank that contributes, so that sums are exact in every dtype
    and a missing or doubled contribution changes them; the powers rotate with the position."""
    index = torch.arange(count, dtype=torch.int64, device=device) + start
    turn = (index + rank) % ranks
    return torch.where(turn < depth(torch, start, count, ranks, device), 2 ** turn.clip(max=6), 0 * turn)


def reduced(torch, start, count, ranks, device):
    return 2 ** depth(torch, start, count, ranks, device) - 1


def fill(tensor, values, count):
    for start in range(0, count, CHUNK):
        length = min(CHUNK, count - start)
        tensor[start:start + length].copy_(values(start, length))


def compare(torch, tensor, offset, count, values):
    """Number of wrong elements and the first of them: (index, seen, expected)."""
    wrong, first = 0, None
    for start in range(0, count, CHUNK):
        length = min(CHUNK, count - start)
        expected = values(start, length).to(tensor.dtype)
        seen = tensor[offset + start:offset + start + length]
        bad = seen != expected
        number = int(bad.sum().item())
        if number and first is None:
            at = int(bad.nonzero()[0].item())
            first = (offset + start + at, float(seen[at].item()), float(expected[at].item()))
        wrong += number
    return wrong, first


class Collective:
    """One collective of one size on one rank: its buffers, the operation, what must come out."""

    def __init__(self, torch, dist, name, size, dtype, device, place, group, composed):
        self.torch, self.dist, self.name, self.device = torch, dist, name, device
        self.rank, self.ranks, self.members = place
        self.group, self.composed = group, composed
        width = torch.tensor([], dtype=dtype).element_size()
        split = name in ("all_gather", "reduce_scatter", "alltoall")
        # Per-rank counts are rounded down to 16 bytes, as nccl-tests does.
        self.part = size // (self.ranks if split else 1) // 16 * 16 // width
        total = self.part * self.ranks if split else self.part
        inputs = {"all_gather": self.part}.get(name, total)
        outputs = {"reduce_scatter": self.part}.get(name, total)
        self.source = torch.empty(inputs, dtype=dtype, device=device)
        self.result = self.source if name == "broadcast" else torch.empty(outputs, dtype=dtype, device=device)

    def prepare(self):
        torch, rank, ranks, device = self.torch, self.rank, self.ranks, self.device
        self.result.fill_(-1)
        if self.name in REDUCTIONS:
            fill(self.source, lambda s, c: contribution(torch, s, c, rank, ranks, device), self.source.numel())
        elif self.name == "alltoall":
            for peer in range(ranks):
                block = self.source[peer * self.part:(peer + 1) * self.part]
                fill(block, lambda s, c, peer=peer: moved(torch, s, c, rank, peer, device), self.part)
        elif self.name != "broadcast" or rank == ROOT:
            fill(self.source, lambda s, c: moved(torch, s, c, rank, 0, device), self.source.numel())

    def verify(self):
        torch, rank, ranks, device = self.torch, self.rank, self.ranks, self.device
        if self.name == "all_reduce":
            return compare(torch, self.result, 0, self.part, lambda s, c: reduced(torch, s, c, ranks, device))
        if self.name == "reduce_scatter":
            base = rank * self.part
            return compare(torch, self.result, 0, self.part,
                           lambda s, c: reduced(torch, base + s, c, ranks, device))
        if self.name == "broadcast":
            return compare(torch, self.result, 0, self.part, lambda s, c: moved(torch, s, c, ROOT, 0, device))
        if self.name == "sendrecv":
            peer = (rank - 1) % ranks
            return compare(torch, self.result, 0, self.part, lambda s, c: moved(torch, s, c, peer, 0, device))
        wrong, first = 0, None
        for peer in range(ranks):
            target = rank if self.name == "alltoall" else 0
            number, one = compare(torch, self.result, peer * self.part, self.part,
                                  lambda s, c, peer=peer: moved(torch, s, c, peer, target, device))
            wrong, first = wrong + number, first if first is not None else one
        return wrong, first

    def poison(self):
        """So that what the timed iterations leave out does not show the result of the check before."""
        if self.name != "broadcast" or self.rank != ROOT:
            self.result.fill_(-1)

    def reset(self):
        """Before each iteration, not timed: torch's all_reduce works in place."""
        if self.name == "all_reduce":
            self.result.copy_(self.source)

    def run(self):
        dist, group = self.dist, self.group
        if self.name == "all_reduce":
            self.all_reduce(self.result)
        elif self.name == "broadcast":
            dist.broadcast(self.wire(self.result), self.members[ROOT], group=group)
        elif self.name == "sendrecv":
            self.send_receive()
        elif self.name == "reduce_scatter":
            self.reduce_scatter()
        elif self.name == "all_gather":
            parts = list(self.wire(self.result).chunk(self.ranks))
            if self.device.type == "cpu":
                dist.all_gather(parts, self.wire(self.source), group=group)
            else:
                gather = getattr(dist, "all_gather_into_tensor", None) or dist._all_gather_base
                gather(self.result, self.source, group=group)
        else:
            dist.all_to_all_single(self.wire(self.result), self.wire(self.source), group=group)

    def wire(self, tensor):
        """gloo moves no bf16: the same bytes without their type."""
        bare = self.composed and tensor.dtype == self.torch.bfloat16
        return tensor.view(self.torch.uint8) if bare else tensor

    def all_reduce(self, tensor):
        if self.composed and tensor.dtype == self.torch.bfloat16:
            wide = tensor.float()
            self.dist.all_reduce(wide, group=self.group)
            tensor.copy_(wide)
        else:
            self.dist.all_reduce(tensor, group=self.group)

    def reduce_scatter(self):
        if self.composed:
            whole = self.source.clone()
            self.all_reduce(whole)
            self.result.copy_(whole[self.rank * self.part:(self.rank + 1) * self.part])
        else:
            scatter = getattr(self.dist, "reduce_scatter_tensor", None) or self.dist._reduce_scatter_base
            scatter(self.result, self.source, group=self.group)

    def send_receive(self):
        """A ring, as sendrecv_perf: to the next rank, from the one before."""
        dist, ranks = self.dist, self.ranks
        after, before = self.members[(self.rank + 1) % ranks], self.members[(self.rank - 1) % ranks]
        both = [dist.P2POp(dist.isend, self.wire(self.source), after, self.group),
                dist.P2POp(dist.irecv, self.wire(self.result), before, self.group)]
        for work in dist.batch_isend_irecv(both):
            work.wait()
