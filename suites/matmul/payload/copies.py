"""Copies of one buffer, compared after: in a device's memory, or to it and back. Runs under devices.py."""
import math
import time

from __main__ import Load, say

# Elements of the seeded block that the buffer repeats.
BLOCK = 2**20


def arguments(parser):
    parser.add_argument("--measure", choices=["memory", "transfer"], required=True)
    parser.add_argument("--bytes", type=int, required=True)


def work(device, stage, options):
    torch, size = device.torch, options.bytes
    seeded = torch.Generator().manual_seed(options.seed)
    block = torch.randint(-(2**31), 2**31 - 1, (BLOCK,), generator=seeded, dtype=torch.int32)
    full = lambda one: one.repeat(math.ceil(size / 4 / BLOCK))[: size // 4]
    there = torch.zeros(size // 4, dtype=torch.int32, device=device.place)
    # What it measures, which way, from, to, and how often each byte crosses.
    if options.measure == "memory":
        plan = [("memory", {"operation": "copy"}, full(block.to(device.place)), there, 2)]
    else:
        host, back = full(block).pin_memory(), torch.zeros(size // 4, dtype=torch.int32).pin_memory()
        plan = [("transfer", {"direction": "h2d"}, host, there, 1), ("transfer", {"direction": "d2h"}, there, back, 1)]
    for what, which, start, end, passes in plan:
        where = {"bytes": size, **which, "devices": options.load}
        load = Load(device, lambda: end.copy_(start, non_blocking=True), passes * size, options.window)
        stage.wait(what)
        load.settle(options.settle, lambda _: None)
        stage.wait("measure", load.rate)
        say("progress", rank=device.index, operation="measuring %s" % what, at=time.time())
        found = load.window()
        stage.wait("measured", load.rate)
        say("sample", metric="matmul.%s.bandwidth" % what, accelerator=device.index, parameters=where, **found)
        device.finish()
        own = block.to(end.device)
        same = all(torch.equal(part, own[: len(part)]) for part in end.split(BLOCK))
        detail = "the copy equals the original" if same else "the copy differs from the original"
        say("check", name="matmul.%s.correct" % what, accelerator=device.index, parameters=where, ok=same, detail=detail)
