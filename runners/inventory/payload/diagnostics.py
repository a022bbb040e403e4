#!/usr/bin/env python3
"""Prints what the vendors' own diagnostics say of a node that was rejected, before it is given back.

Reads only; needs the standard library of Python 3.8 or later. A tool that is not there is named in one
line {"assay":1,"kind":"lost",…}. Each output is one or more lines
{"assay":1,"kind":"output","source":…,"file":…,"encoding":"utf-8"|"base64","exit":…,"part":…,"last":…,"text":…};
the last line is {"assay":1,"kind":"done"}.
"""
import base64
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

PART = 8000  # characters of a line's text
LIMIT = 300  # seconds a tool
TEXT_LIMIT = 4 * 1024 * 1024
FILE_LIMIT = 24 * 1024 * 1024
BECOME = []

def say(record):
    sys.stdout.write(json.dumps(dict({"assay": 1}, **record)) + "\n")
    sys.stdout.flush()

def parts(source, file, encoding, code, text):
    pieces = [text[i : i + PART] for i in range(0, len(text), PART)] or [""]
    for part, piece in enumerate(pieces):
        record = {"kind": "output", "source": source, "file": file, "encoding": encoding}
        say(dict(record, exit=code, part=part, last=part == len(pieces) - 1, text=piece))

def lost(source, why):
    say({"kind": "lost", "fact": source, "why": " ".join(str(why).split())[:500]})

def call(argv, cwd=None):
    """(exit, output with errors); exit None where it could not be run or did not end."""
    full = argv if os.geteuid() == 0 or not BECOME else BECOME + argv
    try:
        done = subprocess.run(
            full,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LIMIT,
            cwd=cwd,
            env=dict(os.environ, LC_ALL="C"),
        )
    except subprocess.TimeoutExpired:
        return None, "no end within %d s" % LIMIT
    except OSError as error:
        return None, str(error)
    return done.returncode, done.stdout[-TEXT_LIMIT:].decode("utf-8", "replace")

def tool(file, argv):
    source = " ".join(argv)
    if shutil.which(argv[0]) is None:
        return lost(source, "%s is not installed there" % argv[0])
    code, text = call(argv)
    if code is None:
        return lost(source, text)
    parts(source, file, "utf-8", code, text)

def bug_report():
    """nvidia-bug-report.sh writes a compressed file into the folder where it runs."""
    name = "nvidia-bug-report.sh"
    if shutil.which(name) is None:
        return lost(name, "%s is not installed there" % name)
    folder = tempfile.mkdtemp(prefix="assay-")
    try:
        target = os.path.join(folder, "nvidia-bug-report.log")
        code, text = call([name, "--safe-mode", "--output-file", target], folder)
        written = sorted(glob.glob(target + "*"))
        if not written:
            return lost(name, text)
        with open(written[0], "rb") as file:
            data = file.read(FILE_LIMIT)
        coded = base64.b64encode(data).decode("ascii")
        parts(name, os.path.basename(written[0]), "base64", code, coded)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

def main():
    if len(sys.argv) > 2 and sys.argv[1] == "--become":
        BECOME.extend(json.loads(sys.argv[2]))
    tool("kernel.log", ["dmesg", "--ctime"] if os.path.exists("/dev/kmsg") else ["dmesg"])
    tool("nvidia-smi.txt", ["nvidia-smi", "-q"])
    tool("nvlink.txt", ["nvidia-smi", "nvlink", "-e"])
    for device in sorted(glob.glob("/sys/class/infiniband/*")):
        name = os.path.basename(device)
        tool("mlxlink-%s.txt" % name, ["mlxlink", "-d", name, "-m", "-c", "-e"])
    tool("lspci.txt", ["lspci", "-vvv"])
    bug_report()
    say({"kind": "done"})

if __name__ == "__main__":
    main()
