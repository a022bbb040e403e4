#!/usr/bin/env python3
"""Prints what a node says about itself, raw: outputs of its tools and files of /proc and /sys.

Reads only; needs the standard library of Python 3.8 or later. Every output is one or more lines
{"assay":1,"kind":"output","source":…,"exit":…,"part":…,"last":…,"text":…}; what could not be read is
{"assay":1,"kind":"lost","fact":…,"why":…}; the last line is {"assay":1,"kind":"done",…}.
Parsing is the controller's, so that evidence holds what the node said.
"""
import ctypes
import glob
import importlib.metadata
import importlib.util
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time

PART = 8000  # characters: at most 48 KiB as JSON, whatever they are
COMMAND_LIMIT = 60
TEXT_LIMIT = 2 * 1024 * 1024
KERNEL_LOG = re.compile(
    r"NVRM|Xid|nvidia|nvlink|mlx5|amdgpu|AER|Hardware Error|mce:|MCE|EDAC|Out of memory", re.I
)
KERNEL_LOG_LINES = 4000
BECOME = []

def say(record):
    sys.stdout.write(json.dumps(dict({"assay": 1}, **record)) + "\n")
    sys.stdout.flush()

def output(source, code, text):
    text = text[:TEXT_LIMIT]
    parts = [text[i : i + PART] for i in range(0, len(text), PART)] or [""]
    for part, piece in enumerate(parts):
        last = part == len(parts) - 1
        record = {"kind": "output", "source": source, "exit": code, "part": part}
        say(dict(record, last=last, text=piece))

def lost(fact, why):
    say({"kind": "lost", "fact": fact, "why": " ".join(str(why).split())[:500]})

def call(argv, limit=COMMAND_LIMIT):
    """(exit, stdout, stderr); exit None where the program could not be run or did not end."""
    try:
        pipe, env = subprocess.PIPE, dict(os.environ, LC_ALL="C")
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, timeout=limit, env=env
        )
    except subprocess.TimeoutExpired:
        return None, "", "no end within %d s" % limit
    except OSError as error:
        return None, "", str(error)
    text = [one.decode("utf-8", "replace") for one in (done.stdout, done.stderr)]
    return done.returncode, text[0], text[1]

def as_root(argv, limit=COMMAND_LIMIT):
    """As call, through the prefix for root; without one (or as root) as we are."""
    if os.geteuid() == 0 or not BECOME:
        return call(argv, limit)
    return call(BECOME + argv, limit)

def read(path):
    """The file's text without surrounding white space; None where it can't be read."""
    try:
        with open(path, "rb") as file:
            return file.read(TEXT_LIMIT).decode("utf-8", "replace").strip()
    except OSError:
        return None

def fields(folder, names):
    """{name: text} of the files that are there."""
    found = {name: read(os.path.join(folder, name)) for name in names}
    return {name: text for name, text in found.items() if text}

def command(source, argv, fact=None, trim=None, limit=COMMAND_LIMIT):
    """Prints a tool's output; a tool that is not there is no output and no loss."""
    if shutil.which(argv[0]) is None:
        return
    code, text, problem = call(argv, limit)
    if code == 0:
        output(source, code, trim(text) if trim else text)
    else:
        lost(fact or source.replace(" ", "-"), "%s: %s" % (source, problem or text or code))
        if code is not None:
            output(source, code, text)

def system():
    name, release = os.uname(), read("/etc/os-release") or ""
    pretty = re.search(r'^PRETTY_NAME="?([^"\n]*)', release, re.M)
    limits = (resource.RLIMIT_MEMLOCK, resource.RLIMIT_NOFILE)
    locked, files = (resource.getrlimit(one)[0] for one in limits)
    shm = shutil.disk_usage("/dev/shm").total if os.path.isdir("/dev/shm") else None
    found = {
        "kernel": name.release,
        "machine": name.machine,
        "os": pretty.group(1) if pretty else None,
        "python": "%d.%d.%d" % sys.version_info[:3],
        "boot-id": read("/proc/sys/kernel/random/boot_id"),
        "meminfo": read("/proc/meminfo"),
        "cmdline": read("/proc/cmdline"),
        "memlock": "unlimited" if locked == resource.RLIM_INFINITY else locked,
        "files": "unlimited" if files == resource.RLIM_INFINITY else files,
        "shm": shm,
        "container": container(),
        "virtual": virtual(),
        "uptime": (read("/proc/uptime") or "").split(" ")[0] or None,
    }
    output("system", 0, json.dumps({key: one for key, one in found.items() if one is not None}))

def container():
    for path, name in (("/.dockerenv", "docker"), ("/run/.containerenv", "podman")):
        if os.path.exists(path):
            return name
    if os.environ.get("SINGULARITY_NAME") or os.environ.get("APPTAINER_NAME"):
        return "apptainer"
    group = read("/proc/1/cgroup") or ""
    for word in ("kubepods", "docker", "containerd", "lxc"):
        if word in group:
            return word
    return (read("/proc/1/environ") or "").partition("container=")[2].split("\0")[0] or "none"

def virtual():
    if shutil.which("systemd-detect-virt"):
        _, text, _ = call(["systemd-detect-virt", "--vm"], 10)
        if text.strip():
            return text.strip()
    flags = re.search(r"^flags\s*:.*\bhypervisor\b", read("/proc/cpuinfo") or "", re.M)
    return "vm" if flags else None

def dmi():
    folder = "/sys/class/dmi/id"
    open_names = ["sys_vendor", "product_name", "board_name", "bios_version", "chassis_type"]
    root_names = ["product_serial", "product_uuid", "chassis_serial", "board_serial"]
    if not os.path.isdir(folder):
        lost("serial", "this machine shows no DMI")
        return
    found = fields(folder, open_names + root_names)
    there = [name for name in root_names if os.path.exists(os.path.join(folder, name))]
    why = "needs root; the plan's fleet.become is not set"
    for name in there:
        if BECOME and name not in found:
            code, text, problem = as_root(["cat", os.path.join(folder, name)], 20)
            if code == 0 and text.strip():
                found[name] = text.strip()
                continue
            why = "%s: %s" % (" ".join(BECOME), problem or "exit %s" % code)
    if "product_serial" not in found and "product_uuid" not in found:
        lost("serial", why)
    output("dmi", 0, json.dumps(found))

def numa():
    nodes = {}
    for folder in sorted(glob.glob("/sys/devices/system/node/node[0-9]*")):
        memory = re.search(r"MemTotal:\s+(\d+) kB", read(folder + "/meminfo") or "")
        nodes[os.path.basename(folder)] = {
            "cpus": read(folder + "/cpulist"),
            "memory": int(memory.group(1)) * 1024 if memory else None,
            "distance": read(folder + "/distance"),
        }
    output("numa", 0, json.dumps(nodes))

def pci():
    """Accelerators, NICs, NVMe and switches as the bus shows them, whatever drivers say."""
    names = ["vendor", "device", "class", "numa_node"]
    names += ["current_link_speed", "current_link_width", "max_link_speed", "max_link_width"]
    devices = {}
    for folder in sorted(glob.glob("/sys/bus/pci/devices/*")):
        kind = read(folder + "/class") or ""
        accelerator = kind.startswith(("0x0300", "0x0302", "0x0380", "0x1200", "0x0880"))
        if accelerator or kind.startswith(("0x02", "0x0108", "0x0680")):
            found = fields(folder, names)
            driver = os.path.realpath(folder + "/driver")
            found["driver"] = os.path.basename(driver) if os.path.isdir(driver) else None
            devices[os.path.basename(folder)] = found
    output("pci", 0, json.dumps(devices))

def network():
    cards = {}
    for folder in sorted(glob.glob("/sys/class/net/*")):
        if not os.path.exists(folder + "/device"):
            continue
        found = fields(folder, ["address", "operstate", "speed", "mtu", "carrier"])
        driver = os.path.realpath(folder + "/device/driver")
        found["driver"] = os.path.basename(driver) if os.path.isdir(driver) else None
        found["pci"] = os.path.basename(os.path.realpath(folder + "/device"))
        cards[os.path.basename(folder)] = found
    output("net", 0, json.dumps(cards))
    devices = {}
    for folder in sorted(glob.glob("/sys/class/infiniband/*")):
        found = fields(folder, ["node_guid", "sys_image_guid", "fw_ver", "board_id", "hca_type"])
        found["pci"] = os.path.basename(os.path.realpath(folder + "/device"))
        names = ["numa_node", "current_link_speed", "current_link_width", "max_link_speed"]
        found.update(fields(folder + "/device", names + ["max_link_width", "vendor", "device"]))
        found["ports"] = {
            os.path.basename(port): fields(port, ["state", "phys_state", "rate", "link_layer"])
            for port in sorted(glob.glob(folder + "/ports/*"))
        }
        devices[os.path.basename(folder)] = found
    output("infiniband", 0, json.dumps(devices))

def storage():
    disks = {}
    for folder in sorted(glob.glob("/sys/block/nvme*")):
        inside = fields(folder + "/device", ["model", "firmware_rev"])
        disks[os.path.basename(folder)] = dict(fields(folder, ["size"]), **inside)
    output("nvme", 0, json.dumps(disks))

def modules():
    loaded = {}
    for name in ["nvidia", "nvidia_peermem", "nv_peer_mem", "efa", "efa_nv_peermem", "gdrdrv"]:
        folder = "/sys/module/" + name
        if os.path.isdir(folder):
            loaded[name] = read(folder + "/version") or "loaded"
    found = {"loaded": loaded, "nvidia": read("/proc/driver/nvidia/version")}
    found["dmabuf"] = kernel_has("ib_umem_dmabuf_get")
    found["iommu-groups"] = len(glob.glob("/sys/kernel/iommu_groups/*"))
    output("modules", 0, json.dumps(found))

def access_control():
    """The ACSCtl lines of PCIe bridges: access control forces GPU to NIC traffic through the root."""
    if shutil.which("lspci") is None:
        lost("acs", "lspci is not installed")
        return
    code, text, problem = as_root(["lspci", "-vv"])
    kept = [line for line in text.splitlines() if re.match(r"\S|\s+ACSCtl:", line)]
    if code != 0 or "ACSCtl:" not in text:
        if os.geteuid() != 0 and not BECOME:
            problem = "needs root; the plan's fleet.become is not set"
        lost("acs", problem or "lspci shows no ACSCtl")
    else:
        output("lspci", code, "\n".join(kept))

def kernel_has(symbol):
    """Whether the running kernel knows a symbol; None where that can't be read."""
    try:
        with open("/proc/kallsyms") as file:
            return any(symbol in line for line in file)
    except OSError:
        return None

class Timex(ctypes.Structure):
    """struct timex of adjtimex(2)."""

    _fields_ = [("modes", ctypes.c_uint)]
    _fields_ += [(name, ctypes.c_long) for name in ("offset", "freq", "maxerror", "esterror")]
    _fields_ += [("status", ctypes.c_int), ("rest", ctypes.c_byte * 256)]

def clock():
    found = {"at": time.time()}
    try:
        state = Timex()
        code = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(state))
        if code >= 0:
            # TIME_ERROR (5) and STA_UNSYNC (0x40): the kernel's clock is not disciplined.
            found["synchronised"] = code != 5 and not state.status & 0x40
            found["maxerror"] = state.maxerror / 1e6
    except (OSError, AttributeError) as error:
        lost("clock", error)
    output("clock", 0, json.dumps(found))
    command("chronyc -c tracking", ["chronyc", "-c", "tracking"], "clock-offset", limit=10)

def kernel_log():
    code, text, problem = call(["dmesg"], 30)
    if code != 0 and BECOME:
        code, text, problem = as_root(["dmesg"], 30)
    if code != 0:
        lost("kernel-log", problem or "dmesg exit %s" % code)
        return
    kept = [line for line in text.splitlines() if KERNEL_LOG.search(line)]
    output("dmesg", code, "\n".join(kept[-KERNEL_LOG_LINES:]))

def nvidia():
    if shutil.which("nvidia-smi") is None:
        return
    # Lists of clocks that could be set are nine tenths of the output and nobody's business here.
    trim = lambda text: re.sub(r"<supported_clocks>.*?</supported_clocks>", "", text, flags=re.S)
    command("nvidia-smi -q -x", ["nvidia-smi", "-q", "-x"], "accelerators", trim, 120)
    command("nvidia-smi topo -m", ["nvidia-smi", "topo", "-m"], "topology")
    command("nvidia-smi nvlink --status", ["nvidia-smi", "nvlink", "--status"], "nvlink")
    if shutil.which("systemctl"):
        units = {}
        for unit in ("nvidia-fabricmanager", "nvidia-imex", "nvidia-persistenced"):
            _, text, _ = call(["systemctl", "is-active", unit], 10)
            units[unit] = text.strip() or "unknown"
        output("services", 0, json.dumps(units))

def amd():
    for line in ("rocm-smi -a --json", "amd-smi static --json", "amd-smi list --json"):
        command(line, line.split(), "accelerators", None, 120)

def tpu():
    """The slice of this host, and who holds its chips; asked where the bus shows chips of Google's."""
    if "0x1ae0" in [read(path) for path in glob.glob("/sys/bus/pci/devices/*/vendor")]:
        url = "http://metadata.google.internal/computeMetadata/v1/instance/attributes/tpu-env"
        command("tpu-env", ["curl", "-sfm", "5", "-H", "Metadata-Flavor: Google", url])
        command("tpu-info", ["tpu-info"])

def libraries():
    """torch, JAX and NCCL as they are installed for this Python; nothing heavy is imported."""
    found = {}
    for name in ("jax", "libtpu"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    spec = importlib.util.find_spec("torch")
    folder = os.path.dirname(spec.origin) if spec and spec.origin else None
    places = []
    if folder:
        text = read(os.path.join(folder, "version.py")) or ""
        for key, name in (("__version__", "torch"), ("cuda", "torch-cuda"), ("hip", "torch-hip")):
            match = re.search(r"^%s(?:\s*:[^=]*)?\s*=\s*'([^']*)'" % key, text, re.M)
            if match:
                found[name] = match.group(1)
        places += glob.glob(os.path.join(folder, "lib", "libnccl.so*"))
        places += glob.glob(os.path.join(folder, "..", "nvidia", "nccl", "lib", "libnccl.so*"))
    _, cache, _ = call(["ldconfig", "-p"], 20)
    places += re.findall(r"libnccl\.so\S* .*=> (\S+)", cache)
    real = sorted({os.path.realpath(path) for path in places if os.path.exists(path)})
    found["nccl"] = {path: nccl_version(path) for path in real}
    output("libraries", 0, json.dumps(found))

def nccl_version(path):
    """Asked in a process of its own: a broken library must not take us with it."""
    code = "import ctypes,sys;v=ctypes.c_int();"
    code += "ctypes.CDLL(sys.argv[1]).ncclGetVersion(ctypes.byref(v));print(v.value)"
    status, text, _ = call([sys.executable, "-c", code, path], 30)
    return int(text) if status == 0 and text.strip().isdigit() else None

STEPS = [system, dmi, numa, pci, network, storage, modules, clock, kernel_log, access_control]
STEPS += [nvidia, amd, tpu, libraries]

def main(argv):
    global BECOME
    if len(argv) == 2 and argv[0] == "--become":
        BECOME = json.loads(argv[1])
    command("lscpu -J", ["lscpu", "-J"], "cpu")
    for step in STEPS:
        try:
            step()
        except Exception as error:  # one odd file must not cost all other facts
            lost(step.__name__.replace("_", "-"), "%s: %s" % (type(error).__name__, error))
    say({"kind": "done", "ok": True})

if __name__ == "__main__":
    main(sys.argv[1:])
