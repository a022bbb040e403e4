"""Prints what a rerun measured beside what the finding says. Part of a challenge pack; stdlib only.

usage: compare.py expected.json OUTPUT-FOLDER
Ends with 0 when every number is inside its finding's interval, 1 when one is outside, 2 when one is missing.
"""
import json
import math
import os
import re
import sys


def lines_of(folder, case):
    """Lines of the payload protocol, trial by trial."""
    pattern = re.compile(re.escape(case) + r"\.(\d+)\.\d+\.out$")
    trials = {}
    for name in sorted(os.listdir(folder)):
        found = pattern.match(name)
        if not found:
            continue
        said = trials.setdefault(int(found.group(1)), [])
        with open(os.path.join(folder, name), errors="replace") as file:
            for text in file:
                if not text.startswith('{"assay"'):
                    continue
                try:
                    said.append(json.loads(text))
                except ValueError:
                    pass
    return [trials[key] for key in sorted(trials)]


def values_of(trials, number):
    reading = number["reading"]
    values = []
    for said in trials:
        own = [
            one["value"]
            for one in said
            if one.get("kind") == "sample"
            and one.get("metric") == reading["metric"]
            and one.get("parameters") == reading["parameters"]
            and ("accelerator" not in reading or one.get("accelerator") == reading["accelerator"])
        ]
        if "inverse" in reading:
            own = [reading["inverse"] / one for one in own if one > 0]
        if own:
            worst = min(own) if reading["worst"] == "lowest" else max(own)
            values.append(worst * number["factor"])
    return values


def estimate_of(values, how):
    if how == "geometric-mean" and min(values) > 0:
        return math.exp(sum(math.log(one) for one in values) / len(values))
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def show_number(number, trials):
    values = values_of(trials, number)
    unit = number["unit"]
    sign = ">=" if number["bound"] == "at-least" else "<="
    print("  limit %s %g %s" % (sign, number["limit"], unit))
    low, high = number.get("interval", (None, None))
    shown = " (95 %% interval %.6g to %.6g)" % (low, high) if low is not None else ""
    print("  finding %.6g %s%s, %d trials" % (number["value"], unit, shown, number["n"]))
    if not values:
        print("  again: no number was printed")
        return 2
    again = estimate_of(values, number["estimate"])
    each = ", ".join("%.6g" % one for one in values)
    if low is None:
        print("  again %.6g %s (%s)" % (again, unit, each))
        return 0
    inside = low <= again <= high
    where = "inside the interval" if inside else "OUTSIDE the interval"
    print("  again %.6g %s, %s (%s)" % (again, unit, where, each))
    return 0 if inside else 1


def show_check(check, trials):
    seen = []
    for said in trials:
        for one in said:
            if one.get("kind") != "check" or one.get("name") != check["name"]:
                continue
            if "accelerator" in check and one.get("accelerator") != check["accelerator"]:
                continue
            seen.append(one.get("digest") or ("right" if one.get("ok") else "wrong"))
    print("  finding %s: %s" % (check["name"], ", ".join(check["seen"]) or "no answer"))
    print("  again %s: %s" % (check["name"], ", ".join(sorted(set(seen))) or "no answer"))
    return 0 if seen else 2


def show_facts(expected, folder):
    now = {}
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".out"):
            continue
        with open(os.path.join(folder, name), errors="replace") as file:
            for text in file:
                if '"fact"' not in text:
                    continue
                try:
                    said = json.loads(text)
                except ValueError:
                    continue
                if said.get("kind") == "fact":
                    now[said.get("name")] = said.get("value")
    for name in sorted(expected):
        if name in now and now[name] != expected[name]:
            print("differs: %s is %s now and was %s" % (name, now[name], expected[name]))


def main():
    with open(sys.argv[1]) as file:
        pack = json.load(file)
    worst = 0
    for finding in pack["findings"]:
        clause = " (%s)" % finding["clause"] if "clause" in finding else ""
        print("%s%s on %s" % (finding["criterion"], clause, finding["subject"]))
        trials = lines_of(sys.argv[2], finding["case"]) if finding["case"] else []
        if "number" in finding:
            worst = max(worst, show_number(finding["number"], trials))
        elif "check" in finding and finding["case"]:
            worst = max(worst, show_check(finding["check"], trials))
        else:
            print("  nothing is measured again: %s" % finding["reason"])
        for failure in finding["failures"]:
            print("  an attempt of the run ended in %s" % failure)
    show_facts(pack["facts"], sys.argv[2])
    return worst


sys.exit(main())
