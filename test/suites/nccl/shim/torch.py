"""Stands before the real torch on PYTHONPATH: the same library, but the highest rank spoils its results.

ASSAY_TEST_FAULT: `wrong` adds one to two elements of every large result; `absent` sends zeros instead of
its contribution to a sum.
"""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != here]
del sys.modules["torch"]

import torch  # noqa: E402
import torch.distributed as dist  # noqa: E402

FAULT = os.environ.get("ASSAY_TEST_FAULT", "")


def large(tensor):
    return tensor.numel() > 1000 and dist.get_rank() == dist.get_world_size() - 1


def spoil(tensor):
    if FAULT == "wrong" and large(tensor):
        tensor[7] += 1
        tensor[-7] += 1


def spoiling(name, result):
    original = getattr(dist, name)

    def call(*arguments, **options):
        if FAULT == "absent" and name == "all_reduce" and large(arguments[0]):
            arguments[0].zero_()
        work = original(*arguments, **options)
        spoil(result(arguments))
        return work

    setattr(dist, name, call)


spoiling("all_reduce", lambda arguments: arguments[0])
spoiling("broadcast", lambda arguments: arguments[0])
spoiling("all_gather", lambda arguments: arguments[0][0])
spoiling("all_to_all_single", lambda arguments: arguments[0])
exchange = dist.batch_isend_irecv


def exchanging(operations):
    for work in exchange(operations):
        work.wait()
    spoil(operations[1].tensor)
    return []


dist.batch_isend_irecv = exchanging
