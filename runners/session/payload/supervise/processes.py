"""Processes and folders of a node, and the frames in which they are told of."""
import json
import os

BLOCK = 64 * 1024
SOCKET = "s"
# Seconds: from SIGTERM to SIGKILL; until a process counts as one that will not die; for last output.
SOFT, HARD, DRAIN = 2.0, 10.0, 2.0


def frame(kind, payload):
    return kind + len(payload).to_bytes(4, "big") + payload


def json_frame(kind, value):
    return frame(kind, json.dumps(value).encode())


def prctl(option, value):
    try:
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass  # Without it, only children that left the session escape a kill.


def processes():
    """pid -> (parent, session, state) of every process."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name, "rb") as file:
                text = file.read()
        except OSError:
            continue
        # The command name, in brackets, may hold anything.
        fields = text[text.rindex(b")") + 2 :].split()
        found[int(name)] = (int(fields[1]), int(fields[3]), fields[0])
    return found


def members(session):
    """Living processes of the program: its session, and all that descend from this daemon."""
    all_of_them = processes()
    ours = {os.getpid()}
    grown = True
    while grown:
        grown = False
        for pid, (parent, _, _) in all_of_them.items():
            if parent in ours and pid not in ours:
                ours.add(pid)
                grown = True
    ours.discard(os.getpid())
    return [
        pid
        for pid, (_, its_session, state) in all_of_them.items()
        if (pid in ours or its_session == session) and state not in (b"Z", b"X")
    ]


def forget(folder):
    """Removes a folder; then its parents as long as they are empty, up to `runs`."""
    for where, folders, files in os.walk(folder, topdown=False):
        for name in files:
            quietly(os.unlink, os.path.join(where, name))
        for name in folders:
            path = os.path.join(where, name)
            quietly(os.unlink if os.path.islink(path) else os.rmdir, path)
    quietly(os.rmdir, folder)
    parent = os.path.dirname(folder)
    while os.path.basename(parent) not in ("runs", ""):
        try:
            os.rmdir(parent)
        except OSError:
            return
        parent = os.path.dirname(parent)


def make(folder):
    """Makes a folder and its parents, also while another daemon removes an empty parent."""
    for left in (4, 3, 2, 1, 0):
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            return
        except FileNotFoundError:
            if left == 0:
                raise


def quietly(call, *arguments):
    try:
        call(*arguments)
    except OSError:
        pass
