"""Runs one of the nccl-tests programs under mpirun, or in a Slurm job under srun, over some hosts and passes its output on as it came.

The suite's parser reads that output; this file only finds the program, starts it, ends it at its limit and
says whose fault it was when it did not run. mpirun needs SSH between the hosts, or one host.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

TYPES = {"fp32": "float", "fp16": "half", "bf16": "bfloat16", "fp64": "double",
         "int8": "int8", "int32": "int32", "int64": "int64"}
PASSED_ON = ("NCCL_", "FI_", "UCX_", "LD_LIBRARY_PATH")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--collective", required=True)
    parser.add_argument("--sizes", required=True, help="bytes, comma separated")
    parser.add_argument("--dtype", default="fp32", choices=TYPES)
    parser.add_argument("--ranks-per-node", type=int, required=True)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--binaries", default="", help="folder of the programs; PATH where empty")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for all sizes")
    parser.add_argument("--hosts", nargs="+", required=True)
    return parser.parse_args()


def emit(fields):
    os.write(1, (json.dumps({"assay": 1, **fields}) + "\n").encode())


def fail(owner, code, message):
    emit({"kind": "done", "ok": False, "owner": owner, "code": code, "message": message[:4000]})
    return 1


def sweeps(sizes):
    """(from, to, factor) of each launch: one for a geometric sequence, else one a size."""
    factors = {after // before for before, after in zip(sizes, sizes[1:]) if after % before == 0}
    if len(sizes) > 1 and len(factors) == 1:
        factor = factors.pop()
        if all(after == before * factor for before, after in zip(sizes, sizes[1:])):
            return [(sizes[0], sizes[-1], factor)]
    return [(size, size, 2) for size in sizes]


def under_srun(options, ranks):
    """A step of the job that has the nodes; it starts the ranks where Slurm has them, and needs no SSH."""
    nodes = os.environ["ASSAY_SLURM_NODES"].split(",")
    gpus = os.environ.get("ASSAY_SLURM_GPUS")
    return ["srun", "--jobid=" + os.environ["ASSAY_SLURM_JOB"], "--overlap", "--mem=0", "--cpu-bind=none",
            "--mpi=" + os.environ["ASSAY_SLURM_MPI"], "--nodes=%d" % len(nodes), "--ntasks=%d" % ranks,
            "--ntasks-per-node=%d" % options.ranks_per_node, "--nodelist=" + ",".join(nodes),
            "--export=ALL", "--kill-on-bad-exit=1"] + (["--gres=gpu:" + gpus] if gpus else [])


def under_mpirun(options, ranks, hostfile):
    launch = ["mpirun", "-np", str(ranks), "--map-by", "ppr:%d:node" % options.ranks_per_node]
    if len(options.hosts) > 1:
        launch += ["--hostfile", hostfile]
    else:
        launch += ["--oversubscribe"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        launch += ["--allow-run-as-root"]
    for name in sorted(os.environ):
        if name.startswith(PASSED_ON):
            launch += ["-x", name]
    return launch


def launcher():
    return "srun" if "ASSAY_SLURM_JOB" in os.environ else "mpirun"


def command(options, program, hostfile, sweep):
    ranks = options.ranks_per_node * len(options.hosts)
    slurm = launcher() == "srun"
    launch = under_srun(options, ranks) if slurm else under_mpirun(options, ranks, hostfile)
    first, last, factor = sweep
    return launch + [program, "-b", str(first), "-e", str(last), "-f", str(factor), "-g", "1", "-c", "1",
                     "-n", str(options.iterations), "-w", str(options.warmup), "-d", TYPES[options.dtype],
                     # With a communicator a rail the slowest of all counts, not their mean.
                     *(["-a", "3"] if "NCCL_TESTS_SPLIT" in os.environ else [])]


def launch(argv, limit):
    """Exit code of a run whose output went out as it came; None past the limit."""
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True)
    stopped = []

    def stop():
        stopped.append(True)
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(limit, stop)
    timer.start()
    code = process.wait()
    timer.cancel()
    return None if stopped else code


def main():
    options = arguments()
    name = options.collective + "_perf"
    program = os.path.join(options.binaries, name) if options.binaries else shutil.which(name)
    if not program or not os.access(program, os.X_OK):
        return fail("harness", "TOOL_MISSING", "%s is not on this node (nccl-tests, built with MPI=1)" % name)
    if shutil.which(launcher()) is None:
        return fail("harness", "TOOL_MISSING", "%s is not on this node" % launcher())
    for rank in range(options.ranks_per_node):
        emit({"kind": "progress", "rank": rank, "operation": "start", "at": 0.0})
    with tempfile.NamedTemporaryFile("w", suffix=".hosts") as hostfile:
        for host in options.hosts:
            hostfile.write("%s slots=%d\n" % (host, options.ranks_per_node))
        hostfile.flush()
        for sweep in sweeps([int(one) for one in options.sizes.split(",")]):
            code = launch(command(options, program, hostfile.name, sweep), options.limit)
            if code is None:
                return fail("group", "RANK_MISSING", "%s did not end in %g s" % (name, options.limit))
            if code != 0:
                message = "%s %s ended with code %d" % (launcher(), name, code)
                return fail("group", "COLLECTIVE_FAILED", message)
    emit({"kind": "done", "ok": True})
    return 0


if __name__ == "__main__":
    sys.exit(main())
