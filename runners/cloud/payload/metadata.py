"""Asks this machine's metadata service what is announced for it; prints what was said, a JSON line a change.

Ends when its input does: it never outlives the connection that it was started over. Between two looks it sleeps.
"""

import http.client
import json
import os
import select
import sys
from urllib.parse import urlsplit

JOB = json.loads(sys.argv[1])
BASE = urlsplit(JOB["base"])
# "Not there", and what Google says while nothing was ever announced.
NOTHING = (404, 503)


def ask(method, path, headers):
    """Status and text, bounded."""
    connection = http.client.HTTPConnection(BASE.hostname, BASE.port or 80, timeout=JOB["wait"])
    try:
        connection.request(method, BASE.path + path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(JOB["most"]).decode("utf-8", "replace")
    finally:
        connection.close()


def look():
    """Path -> text of what is announced; None: it could not be asked."""
    headers = dict(JOB["headers"])
    token = JOB.get("token")
    said = {}
    try:
        if token:
            status, text = ask("PUT", token["path"], token["asks"])
            if status != 200:
                return None
            headers[token["carries"]] = text.strip()
        for path in JOB["paths"]:
            status, text = ask("GET", path, headers)
            if status == 200:
                said[path] = text
            elif status not in NOTHING:
                return None
    except (OSError, ValueError, http.client.HTTPException):
        return None
    return said


def main():
    # What is measured here goes first.
    os.nice(19)
    before = None
    silent = 0
    while True:
        said = look()
        silent += 1
        # Said again now and then: what was announced begins by time alone.
        if said is not None and (said != before or silent >= JOB["repeat"]):
            before = said
            silent = 0
            print(json.dumps({"said": said}), flush=True)
        if JOB["every"] == 0 or select.select([sys.stdin], [], [], JOB["every"])[0]:
            return


main()
