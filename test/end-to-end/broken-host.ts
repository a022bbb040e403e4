/**
 * Hosts that are broken on purpose: Python of a host's own that runs in each of its programs before they
 * do, by way of its HOME (usercustomize). The supervisor runs isolated and never sees it.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The interpreter that has Debian's torch. */
const PYTHON = '/usr/bin/python3';

/**
 * What is there for a fault: `words`, the command line; `work`, whether a suite's program runs; `child`,
 * whether it is one of its children, with torch; `probe`, whether this is the question for an interpreter.
 */
const PREAMBLE = String.raw`
import json, os, sys
with open("/proc/self/cmdline", "rb") as file:
    words = file.read().decode(errors="replace").split("\0")
child = "--child" in words
work = not child and bool({"--kind", "--collective"} & set(words))
probe = any("assay:python" in word for word in words)
def say(*lines):
    for line in lines:
        left = line if isinstance(line, bytes) else (line + "\n").encode()
        while left:
            left = left[os.write(1, left):]
def tell(kind, **fields):
    say(json.dumps({"assay": 1, "kind": kind, **fields}))
`;

function sitePackages(home: string): string {
  const ask = ['-c', 'import site; print(site.getusersitepackages())'];
  const folder = execFileSync(PYTHON, ask, { env: { HOME: home }, encoding: 'utf8' }).trim();
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Makes every Python of a home run `fault` first. */
export function plant(home: string, fault: string): void {
  writeFileSync(join(sitePackages(home), 'usercustomize.py'), `${PREAMBLE}\n${fault}\n`);
}

/** Puts a `torch` before the real one: it imports that, then runs `fault` with it in hand. */
export function plantTorch(home: string, fault: string): void {
  const lines = [
    'import os, sys',
    'here = os.path.dirname(os.path.abspath(__file__))',
    'sys.path.remove(here)',
    'del sys.modules["torch"]',
    'import torch',
    fault,
    'sys.modules["torch"] = torch',
  ];
  writeFileSync(join(sitePackages(home), 'torch.py'), `${lines.join('\n')}\n`);
}

/**
 * Names a program of the test's own as the host's interpreter: it gets the supervisor's command line
 * (`-I -S FILE`) and, where it hands that on, the payloads'.
 *
 * @param body Python; `rest` is what came after the program's name
 */
export function plantInterpreter(home: string, body: string): void {
  const program = join(home, 'interpreter');
  writeFileSync(program, `#!${PYTHON} -IS\nimport os, sys\nrest = sys.argv[1:]\n${body}\n`);
  chmodSync(program, 0o755);
  plant(home, `if probe:\n    sys.executable = ${JSON.stringify(program)}`);
}

/** Faults of `plant`, by name. */
export const faults = {
  /** As if there were no Python at all. */
  noPython: 'os._exit(127)',
  noTorch: 'sys.path[:] = [one for one in sys.path if not one.endswith("-packages")]',
  gigabyte:
    'if work:\n    block = b"x" * 1023 + b"\\n"\n    while True:\n        say(block * 1024)',
  binary: 'if work:\n    say(os.urandom(300000), b"\\0" * 5000)\n    os._exit(0)',
  /** Done without anything measured. */
  forgedDone: 'if work:\n    tell("done", ok=True)\n    os._exit(0)',
  /** A number of a part that this node does not have. */
  foreignAccelerator:
    'if work:\n    tell("sample", metric="inference.decode.throughput", accelerator=7, parameters={}, value=1e9)\n    tell("done", ok=True)\n    os._exit(0)',
} as const;

/** A supervisor whose frames are no frames. */
export const BABBLE = `
os.write(1, b"\\0assay-frames-1\\n" + os.urandom(4096))
os.read(0, 1)`;

/** A supervisor that runs nothing and says that all ended well. */
export const FORGED_EXIT = `
import struct
def frame(kind, text):
    return kind + struct.pack(">I", len(text)) + text
def read(count):
    got = b""
    while len(got) < count:
        more = os.read(0, count - len(got))
        if not more:
            os._exit(0)
        got += more
    return got
if rest[:2] != ["-I", "-S"]:
    os._exit(0)
os.write(1, b"\\0assay-frames-1\\n")
told = set()
while True:
    id, length = struct.unpack(">II", read(8))
    read(length)
    if id in told:
        continue
    told.add(id)
    answer = frame(b"S", b'{"pid": 1, "at": 1}') + frame(b"X", b'{"ended": "exited", "code": 0}')
    for part in (answer, b""):
        os.write(1, struct.pack(">II", id, len(part)) + part)`;

/** A clock for the supervisor that runs \`times\` as fast: limits pass sooner; payloads keep the real one. */
export function fastSupervisor(times: number): string {
  return `
if rest[:2] != ["-I", "-S"]:
    os.execv("${PYTHON}", ["${PYTHON}"] + rest)
import runpy, time
real = time.monotonic
begun = real()
time.monotonic = lambda: begun + (real() - begun) * ${times}
sys.argv = rest[2:]
runpy.run_path(rest[2], run_name="__main__")`;
}
