#!/usr/bin/env python3
"""How much of labelled bounces `mxward explain` explains rightly.

Usage: explain_corpus.py MXWARD SOURCE_ROOT [--misses].  Measures on $MXWARD_SHARED/corpora/bounce, whose
folder has replies and whole messages with their causes; fails below the thresholds.  Without the
folder: a line and status 77 (skipped).  --misses lists what was not explained as labelled.

All of these rows were seen while the rules were written.  So the shares say that nothing has got
worse, not how a bounce fares that nobody has seen: docs/decisions/0013 has figures for that.
"""
import json
import os
import resource
import subprocess
import sys

HOST_IDENTITY = ("no_ptr", "fcrdns_mismatch", "dynamic_ip", "helo_invalid")
# Shares that are the least, of rows that were seen; of the seed wordings all have to be right or
# accepted.
LEAST = {"accepted": 0.90, "exact": 0.78, "host identity": 0.92, "fixer": 0.90}
# A CPU second on an ordinary machine; busy ones and sanitizers are slower, so it is only told.
WANTED = {"replies": 10000, "messages": 1500}


def load(folder, name):
    with open(os.path.join(folder, name + ".jsonl"), encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def explain(mxward, folder, rows):
    """({id: answer}, CPU seconds)"""
    lines = [json.dumps({"id": r["id"], "text": r["text"]} if "text" in r else
                        {"id": r["id"], "path": os.path.join(folder, r["path"])}) for r in rows]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([mxward, "explain", "--batch"], input="\n".join(lines) + "\n",
                          capture_output=True, text=True, timeout=300)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.stderr:
        sys.exit(done.stderr)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {o["id"]: o for o in map(json.loads, done.stdout.splitlines())}, cpu


def is_accepted(row, answer):
    return answer["cause"] in [row["expected_cause"], *(row["accept"] or [])]


def rates(rows, answers):
    host = [r for r in rows if r["expected_cause"] in HOST_IDENTITY]
    pairs = [(r, answers[r["id"]]) for r in rows]
    return {
        "accepted": sum(is_accepted(r, a) for r, a in pairs) / len(pairs),
        "exact": sum(a["cause"] == r["expected_cause"] for r, a in pairs) / len(pairs),
        "host identity": sum(is_accepted(r, answers[r["id"]]) for r in host) / max(1, len(host)),
        "fixer": sum(a["fixer"] == r["fixer"] for r, a in pairs) / len(pairs),
    }


def show_misses(rows, answers):
    for r in rows:
        a = answers[r["id"]]
        if not is_accepted(r, a):
            print(f"  {r['id']}: {r['expected_cause']}, not {a['cause']} by {a['rule']}: "
                  f"{(r.get('text') or r['path'])[:150]!r}")


def measure(mxward, folder, misses):
    failed, everything, answers = False, [], {}
    _, start = explain(mxward, folder, [])
    for name in ("seed-replies", "replies", "messages"):
        rows = load(folder, name)
        found, cpu = explain(mxward, folder, rows)
        all_rates = rates(rows, found)
        speed = len(rows) / max(cpu - start, 0.001)
        print(f"{name}: {len(rows)}, " + ", ".join(f"{k} {100 * v:.1f} %" for k, v in
                                                   all_rates.items()) +
              f", {speed:.0f} a CPU second" +
              (f" (wanted {WANTED[name]})" if name in WANTED else ""))
        if misses:
            show_misses(rows, found)
        if name == "seed-replies":
            failed = failed or all_rates["accepted"] < 1
        else:
            everything += rows
            answers.update(found)
    for key, value in rates(everything, answers).items():
        if value < LEAST[key]:
            print(f"too little: {key} {100 * value:.1f} %, at least {100 * LEAST[key]:.0f} %")
            failed = True
    return 1 if failed else 0


def main():
    mxward, root = sys.argv[1:3]
    shared = os.environ.get("MXWARD_SHARED") or os.path.join(root, "..", "shared")
    folder = os.path.join(shared, "corpora", "bounce")
    if not os.path.isdir(folder):
        print(f"skipped: there is no {shared}/corpora/bounce (set MXWARD_SHARED)")
        return 77
    return measure(mxward, folder, "--misses" in sys.argv)


sys.exit(main())
