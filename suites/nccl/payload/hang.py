"""Who did not arrive, when a collective hangs: calls counted in memory that ranks share with the process that watches
them, PyTorch's flight recorder of each rank, and NCCL's own RAS. Runs under collective.py."""
import json
import mmap
import os
import select
import socket
import struct
import threading
import time

# Entries of the flight recorder: the operations of one size and then some.
RECORDED = "2000"
# Seconds for a rank to answer while its main thread waits in a collective.
ANSWER = 3.0
RAS_ADDRESS = ("localhost", 28028)
RAS_LIMIT = 8.0
RAS_BYTES = 1 << 16


class Calls:
    """How many operations each local rank has begun; no system call, so that timing does not see it."""

    def __init__(self, ranks):
        self.memory = mmap.mmap(-1, 8 * ranks)

    def begin(self, local):
        struct.pack_into("<Q", self.memory, 8 * local, self.of(local) + 1)

    def of(self, local):
        return struct.unpack_from("<Q", self.memory, 8 * local)[0]


def record_flights():
    """Before the library starts. PyTorch 2.3 and later; older ones ignore it."""
    os.environ.setdefault("TORCH_NCCL_TRACE_BUFFER_SIZE", RECORDED)
    os.environ.setdefault("TORCH_NCCL_DUMP_ON_TIMEOUT", "0")


def answer_when_asked(torch, question, tell):
    """A thread of the rank that says where its accelerator is, while the main thread waits for others."""

    def listen():
        while os.read(question, 1):
            tell({"flight": flight(torch)})

    threading.Thread(target=listen, daemon=True).start()


def flight(torch):
    """The first operation that the recorder has and that has not completed: [its number, text]; None without one."""
    recorder = getattr(torch._C, "_distributed_c10d", None)
    dump = getattr(recorder, "_dump_nccl_trace_json", None)
    if dump is None:
        return None
    try:
        return waiting(json.loads(dump()).get("entries", []))
    except (ValueError, TypeError, AttributeError, RuntimeError):
        return None


def waiting(entries):
    """Of a dump's entries. The number grows with what the accelerator did: two steps an operation, queued and started."""
    done = 0
    for place, entry in enumerate(entries):
        state = str(entry.get("state", ""))
        number = int(entry.get("collective_seq_id", entry.get("seq_id", place + 1)))
        if state == "completed":
            done = max(done, number)
            continue
        name = str(entry.get("profiling_name", "an operation"))[:60]
        return [2 * number + (1 if state == "started" else 0), f"{name} number {number}, {state}"]
    return [2 * done + 2, f"all {done} operations completed"] if done else None


def ask(ranks, listen, patience=ANSWER):
    """Asks every rank that still runs; `listen` takes what they say."""
    asked = []
    for one in ranks:
        try:
            os.write(one.question, b"?")
            asked.append(one)
        except OSError:
            continue  # It is gone.
    end = time.monotonic() + patience
    while time.monotonic() < end and any(one.flight is None and one.ended is None for one in asked):
        listen()


def ras(limit=RAS_LIMIT):
    """NCCL's report on the whole job, of version 2.24 and later; None where nobody answers."""
    address = os.environ.get("NCCL_RAS_ADDR", "")
    host, _, port = address.rpartition(":")
    try:
        place = (host, int(port)) if host else RAS_ADDRESS
        with socket.create_connection(place, timeout=limit) as client:
            client.sendall(b"timeout %d\nverbose status\n" % int(limit))
            text = b""
            while len(text) < RAS_BYTES and select.select([client], [], [], limit)[0]:
                block = client.recv(1 << 14)
                if not block:
                    break
                text += block
    except (OSError, ValueError):
        return None
    return text.decode("utf8", "replace")[:4000] or None


def last_words(node, emit):
    """How far each rank came: its calls, and by the flight recorder its accelerator; NCCL's view of all of them."""
    options = node.options
    if node.torch.cuda.is_available() and options.library != "gloo":
        ask(node.ranks, node.listen)
        report = ras() if node.node == 0 else None
        if report:
            emit({"kind": "fact", "name": "nccl.ras", "value": report})
    for one in node.ranks:
        call, text = one.flight or (node.calls.of(one.rank % options.ranks_per_node), None)
        if text:
            emit({"kind": "fact", "name": f"nccl.flight.{one.rank}", "value": text})
        if call:
            where = f"{one.operation}, {text or f'call {call}'}"
            emit({"kind": "progress", "rank": one.rank, "operation": where, "at": time.time(), "call": call})
