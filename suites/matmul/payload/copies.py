"""Copies of one buffer, compared after: in a device's memory, or to it and back. Runs under devices.py."""
import math
import time

from __main__ import Load, say

# Elements of the seeded block that the buffer repeats.
BLOCK = 2**20


def arguments(parser):
    parser.add_argument("--measure", choices=["memory", "transfer"], required=True)
    parser.add_argument("--bytes", type=int, required=True)


def planned(device, options):
    """What it measures, which way, one copy, how often each byte crosses, whether the copy is right."""
    torch, size = device.torch, options.bytes
    seeded = torch.Generator().manual_seed(options.seed)
    block = torch.randint(-(2**31), 2**31 - 1, (BLOCK,), generator=seeded, dtype=torch.int32)
    full = lambda one: one.repeat(math.ceil(size / 4 / BLOCK))[: size // 4]
    there = torch.zeros(size // 4, dtype=torch.int32, device=device.place)

    def copy(start, end):
        own = block.to(end.device)
        same = lambda: all(torch.equal(part, own[: len(part)]) for part in end.split(BLOCK))
        return lambda: end.copy_(start, non_blocking=True), same

    if options.measure == "memory":
        run, same = copy(full(block.to(device.place)), there)
        return [("memory", {"operation": "copy"}, run, 2, same)]
    host, back = full(block).pin_memory(), torch.zeros(size // 4, dtype=torch.int32).pin_memory()
    (there_run, there_same), (back_run, back_same) = copy(host, there), copy(there, back)
    return [
        ("transfer", {"direction": "h2d"}, there_run, 1, there_same),
        ("transfer", {"direction": "d2h"}, back_run, 1, back_same),
    ]


def work(device, stage, options, plan=planned):
    for what, which, run, passes, right in plan(device, options):
        where = {"bytes": options.bytes, **which, "devices": options.load, **device.where}
        load = Load(device, run, passes * options.bytes, options.window)
        stage.wait(what)
        load.settle(options.settle, lambda _: None)
        stage.wait("measure", load.rate)
        say("progress", rank=device.index, operation="measuring %s" % what, at=time.time())
        found = load.window()
        stage.wait("measured", load.rate)
        say("sample", metric="matmul.%s.bandwidth" % what, accelerator=device.index, parameters=where, **found)
        device.finish()
        same = right()
        detail = "the copy equals the original" if same else "the copy differs from the original"
        say("check", name="matmul.%s.correct" % what, accelerator=device.index, parameters=where, ok=same, detail=detail)
