#!/usr/bin/env python3
"""Watches a node while a trial runs on it; needs the standard library of Python 3.8 or later only.

Every interval one line a device: {"assay":1,"kind":"watch","accelerator":0,"at":…,"fields":{…}} (without
"accelerator": the node's own), values in SI base units on the node's own clock. Counters come as they
stand; the reader takes differences. Ends on SIGTERM, SIGINT, the end of standard input where that is a
pipe, or --seconds, with the counters once more, its own CPU seconds and the line "done".
"""
import argparse
import glob
import json
import os
import re
import resource
import select
import shutil
import signal
import stat
import subprocess
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")
# Reasons were called "throttle" before driver 535.
REASONS = ["clocks_event_reasons.active", "clocks_throttle_reasons.active"]
# Query name → field and factor to SI.
QUERY = [
    ("clocks.sm", "sm-clock", 1e6),
    ("clocks.mem", "memory-clock", 1e6),
    ("power.draw", "power", 1),
    ("enforced.power.limit", "power-limit", 1),
    ("power.default_limit", "power-default", 1),
    ("temperature.gpu", "temperature", 1),
    ("temperature.memory", "memory-temperature", 1),
    ("utilization.gpu", "utilization", 0.01),
    ("pcie.link.gen.current", "pcie-generation", 1),
    ("pcie.link.width.current", "pcie-width", 1),
    ("ecc.errors.corrected.volatile.total", "ecc-corrected", 1),
    ("ecc.errors.uncorrected.volatile.total", "ecc-uncorrected", 1),
    ("ecc.errors.uncorrected.aggregate.total", "ecc-uncorrected-life", 1),
]
IB_COUNTERS = ["link_downed", "link_error_recovery", "symbol_error", "port_rcv_errors"]
IB_HW_COUNTERS = ["out_of_sequence", "local_ack_timeout_err", "packet_seq_err", "rnr_nak_retry_err"]
CSV = "--format=csv,noheader,nounits"
XID = re.compile(r"NVRM: Xid \(PCI:([0-9a-fA-F:.]+)\): (\d+)")
stopping = False

def stop(_signal, _frame):
    global stopping
    stopping = True

def wake_on_signal():
    """A descriptor that a signal makes readable: waiting then ends at once."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    return reader

def say(record):
    sys.stdout.write(json.dumps(dict({"assay": 1}, **record)) + "\n")
    sys.stdout.flush()

def watch(at, fields, accelerator=None):
    fields = {name: value for name, value in fields.items() if value is not None}
    if fields:
        record = {"kind": "watch", "at": round(at, 3), "fields": fields}
        if accelerator is not None:
            record["accelerator"] = accelerator
        say(record)

def read(path):
    try:
        with open(path) as file:
            return file.read().strip()
    except (OSError, UnicodeDecodeError):
        return None

def number(text, factor=1):
    try:
        return float(text) * factor
    except (TypeError, ValueError):
        return None

def call(argv, limit=30):
    """A tool's output, or None where it is not there, failed or did not end."""
    try:
        null = subprocess.DEVNULL
        done = subprocess.run(
            argv, stdin=null, stdout=subprocess.PIPE, stderr=null, timeout=limit
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None

class Processor:
    """Load, steal, clock and temperature from /proc and /sys."""

    def __init__(self):
        self.last = self.ticks()

    @staticmethod
    def ticks():
        line = (read("/proc/stat") or "").splitlines()[:1]
        return [int(one) for one in line[0].split()[1:9]] if line else None

    def fields(self):
        now, before = self.ticks(), self.last
        self.last = now
        found = {"cpu-clock": self.clock(), "cpu-temperature": self.temperature()}
        if now and before and len(now) == 8 and sum(now) > sum(before):
            total = float(sum(now) - sum(before))
            # user nice system idle iowait irq softirq steal
            found["cpu-busy"] = round(1 - (now[3] + now[4] - before[3] - before[4]) / total, 4)
            found["cpu-steal"] = round((now[7] - before[7]) / total, 4)
        load = (read("/proc/loadavg") or "").split(" ")[0]
        found["load"] = number(load)
        available = re.search(r"MemAvailable:\s+(\d+)", read("/proc/meminfo") or "")
        found["memory-available"] = int(available.group(1)) * 1024 if available else None
        return found

    @staticmethod
    def clock():
        files = glob.glob("/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq")
        values = [number(read(path), 1e3) for path in files[:64]]
        if not values:
            info = read("/proc/cpuinfo") or ""
            values = [number(one, 1e6) for one in re.findall(r"^cpu MHz\s*:\s*([\d.]+)", info, re.M)]
        values = [one for one in values if one]
        return round(sum(values) / len(values)) if values else None

    @staticmethod
    def temperature():
        values = [number(read(path), 1e-3) for path in glob.glob("/sys/class/thermal/*/temp")]
        values = [one for one in values if one and 0 < one < 150]
        return max(values) if values else None

def link_counters():
    """Sums over the cards of a node; the names of cards that count errors are in the facts."""
    found = {}
    for port in glob.glob("/sys/class/infiniband/*/ports/*"):
        for folder, names in (("counters", IB_COUNTERS), ("hw_counters", IB_HW_COUNTERS)):
            for name in names:
                value = number(read("%s/%s/%s" % (port, folder, name)))
                if value is not None:
                    key = "nic-" + name.replace("_", "-")
                    found[key] = found.get(key, 0) + value
        state = read(port + "/state")
        if state is not None:
            up = 1 if "ACTIVE" in state else 0
            found["nic-active"] = found.get("nic-active", 0) + up
    for card in glob.glob("/sys/class/net/*"):
        if os.path.exists(card + "/device"):
            value = number(read(card + "/carrier_down_count"))
            if value is not None:
                found["carrier-down"] = found.get("carrier-down", 0) + value
    return found

class Gpus:
    """One long-lived nvidia-smi that prints a line a GPU and interval."""

    def __init__(self, interval):
        self.process, self.rest = None, b""
        self.columns, self.bus = [], {}
        if shutil.which("nvidia-smi") is None:
            return
        known = self.known()
        rows = self.query(["index", "pci.bus_id"])
        if rows is None or not known:
            return
        for row in rows:
            self.bus[row[1].lower()[4:]] = int(row[0])
        self.columns = known
        names = ["index"] + [one[0] for one in known]
        argv = ["nvidia-smi", "--query-gpu=" + ",".join(names), CSV]
        argv += ["-lms", str(int(interval * 1000))]
        null = subprocess.DEVNULL
        self.process = subprocess.Popen(argv, stdin=null, stdout=subprocess.PIPE, stderr=null)
        os.set_blocking(self.process.stdout.fileno(), False)

    def known(self):
        """The fields that this driver has: it refuses a whole query for one that it does not know."""
        for reason in REASONS:
            wanted = QUERY + [(reason, "throttle", 1)]
            if self.query([one[0] for one in wanted]) is not None:
                return wanted
        wanted = QUERY + [(reason, "throttle", 1) for reason in REASONS]
        known = [one for one in wanted if self.query([one[0]]) is not None]
        return [one for at, one in enumerate(known) if one[1] not in [two[1] for two in known[:at]]]

    @staticmethod
    def query(names):
        text = call(["nvidia-smi", "--query-gpu=" + ",".join(names), CSV])
        if text is None:
            return None
        return [[cell.strip() for cell in line.split(",")] for line in text.splitlines() if line]

    def descriptor(self):
        return self.process.stdout.fileno() if self.process else None

    def read(self):
        """False when nvidia-smi has ended."""
        try:
            chunk = os.read(self.descriptor(), 65536)
        except BlockingIOError:
            return True
        self.rest += chunk
        *lines, self.rest = self.rest.split(b"\n")
        for line in lines:
            self.line(line.decode("utf-8", "replace"))
        return bool(chunk)

    def line(self, text):
        cells = [cell.strip() for cell in text.split(",")]
        if len(cells) != len(self.columns) + 1 or not cells[0].isdigit():
            return
        fields = {}
        for (_, name, factor), cell in zip(self.columns, cells[1:]):
            if name == "throttle":
                fields[name] = int(cell, 16) if re.match(r"0x[0-9a-fA-F]+$", cell) else None
            else:
                fields[name] = number(cell, factor)
        watch(time.time(), fields, int(cells[0]))

    def counters(self):
        """Row remaps and NVLink errors, asked at both ends only: they are slow to ask."""
        if self.process is None:
            return
        at = time.time()
        rows = ["correctable", "uncorrectable", "pending", "failure"]
        names = ["gpu_bus_id"] + ["remapped_rows." + name for name in rows]
        text = call(["nvidia-smi", "--query-remapped-rows=" + ",".join(names), CSV])
        for line in (text or "").splitlines():
            cells = [cell.strip() for cell in line.split(",")]
            index = self.bus.get(cells[0].lower()[4:])
            if index is None or len(cells) != 5:
                continue
            fields = {"remap-correctable": number(cells[1]), "remap-uncorrectable": number(cells[2])}
            flags = {"Yes": 1, "No": 0, "1": 1, "0": 0}
            fields["remap-pending"] = flags.get(cells[3])
            fields["remap-failure"] = flags.get(cells[4])
            watch(at, fields, index)
        text = call(["nvidia-smi", "nvlink", "-e"])
        errors = {}
        index = None
        for line in (text or "").splitlines():
            head = re.match(r"GPU (\d+):", line)
            if head:
                index = int(head.group(1))
            kind = re.search(r"(Replay|Recovery|CRC)[A-Za-z ]*Errors: (\d+)", line)
            if kind and index is not None:
                name = "nvlink-" + kind.group(1).lower()
                row = errors.setdefault(index, {})
                row[name] = row.get(name, 0) + int(kind.group(2))
        for index, fields in errors.items():
            watch(at, fields, index)

    def end(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

class KernelLog:
    """XIDs from now on; /dev/kmsg gives one record a read."""

    def __init__(self, bus):
        self.bus = bus
        self.file = None
        try:
            self.file = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
            os.lseek(self.file, 0, os.SEEK_END)
            say({"kind": "fact", "name": "kernel-log", "value": "readable"})
        except OSError as error:
            if self.file is not None:
                os.close(self.file)
            self.file = None
            say({"kind": "fact", "name": "lost.kernel-log", "value": str(error)})

    def read(self):
        while self.file is not None:
            try:
                record = os.read(self.file, 8192).decode("utf-8", "replace")
            except BlockingIOError:
                return
            except OSError as error:
                # EPIPE: records were overwritten before we read them; the next read goes on.
                if error.errno != 32:
                    os.close(self.file)
                    self.file = None
                continue
            for pci, code in XID.findall(record):
                index = self.bus.get(pci.lower() + ".0", self.bus.get(pci.lower()))
                watch(time.time(), {"xid": int(code)}, index)

def until_told(gpus, log, processor, options):
    woken = wake_on_signal()
    stdin = None
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        stdin = 0
    deadline = time.monotonic() + options.seconds
    due = time.monotonic()
    while not stopping and time.monotonic() < deadline:
        now = time.monotonic()
        if now >= due:
            watch(time.time(), dict(processor.fields(), **link_counters()))
            log.read()
            due += options.interval * (1 + int((now - due) / options.interval))
        files = [one for one in (woken, stdin, gpus.descriptor()) if one is not None]
        wait = max(0.0, min(due, deadline) - time.monotonic())
        ready, _, _ = select.select(files, [], [], wait)
        if gpus.descriptor() in ready and not gpus.read():
            gpus.end()
            gpus.process = None
            say({"kind": "fact", "name": "lost.gpu-telemetry", "value": "nvidia-smi ended"})
        if stdin in ready and not os.read(stdin, 4096):
            return

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--interval", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=86400.0)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, stop)
    started = time.time()
    processor = Processor()
    gpus = Gpus(options.interval)
    log = KernelLog(gpus.bus)
    gpus.counters()
    until_told(gpus, log, processor, options)
    log.read()
    gpus.counters()
    watch(time.time(), dict(processor.fields(), **link_counters()))
    gpus.end()
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    say({"kind": "watch", "at": round(time.time(), 3), "fields": {"own-cpu": round(spent, 4)}})
    say({"kind": "watch", "at": round(time.time(), 3), "fields": {"own-wall": round(time.time() - started, 3)}})
    say({"kind": "done", "ok": True})

if __name__ == "__main__":
    main()
