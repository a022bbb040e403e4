"""Sleeps, then says so in the payload protocol: what a trial costs when nothing is measured."""
import json
import sys
import time

time.sleep(float(sys.argv[1]))
print(json.dumps({"assay": 1, "kind": "check", "name": "sleep.done", "parameters": {"turn": int(sys.argv[2])}, "ok": True}))
print(json.dumps({"assay": 1, "kind": "done", "ok": True}))
