"""Copies of one buffer, compared after: in a device's memory, or to it and back. Runs under devices.py."""
import math
import time

from __main__ import Load, say


def arguments(parser):
    parser.add_argument("--measure", choices=["memory", "transfer"], required=True)
    parser.add_argument("--bytes", type=int, required=True)


def work(device, stage, options):
    """Copies of one buffer: in the device's memory, or between it and pinned host memory."""
    torch, size = device.torch, options.bytes
    seeded = torch.Generator().manual_seed(options.seed)
    block = torch.randint(-(2**31), 2**31 - 1, (2**20,), generator=seeded, dtype=torch.int32)
    source = block.repeat(math.ceil(size / 4 / 2**20))[: size // 4].contiguous()
    if options.measure == "memory":
        here = source.to(device.place)
        plan = [("memory", {"operation": "copy"}, here, torch.zeros_like(here), 2)]
    else:
        host, back = source.pin_memory(), torch.zeros_like(source).pin_memory()
        there = torch.zeros_like(source, device=device.place)
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
        same = bool(torch.equal(end.cpu(), source))
        detail = "the copy equals the original" if same else "the copy differs from the original"
        say("check", name="matmul.%s.correct" % what, accelerator=device.index, parameters=where, ok=same, detail=detail)
