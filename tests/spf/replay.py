#!/usr/bin/env python3
"""The public SPF suites as replay records, judged by `mxward replay`.

Usage: replay.py MXWARD SOURCE_ROOT.  Each test of $MXWARD_SHARED/corpora/spf becomes a record whose
facts are its zone; the result and the explanation must be those of the suite.  Without the folder:
a line and status 77 (skipped).  What is here is also used by tests/e2e/test_spf.py, which puts the
same questions over real DNS.
"""
import json
import os
import subprocess
import sys
import tempfile

TYPES = ("A", "AAAA", "MX", "TXT", "PTR")
# file: tests, explanations, tests that expect what RFC 7208 does not say (see suite.c)
SUITES = {
    "rfc7208-tests.json": (203, 22, ()),
    "rfc4408-tests.json": (191, 22, ()),
    "pyspf-tests.json": (14, 0, ("default-modifier", "default-modifier-harsh")),
}
CONF = """[networks]
ours = ""
[policy]
checks = spf
"""


def load_suite(shared, name):
    """[(scenario, [tests])]"""
    with open(os.path.join(shared, "corpora", "spf", name)) as f:
        scenarios = json.load(f)["scenarios"]
    return [(s, [t for t in s["tests"] if t["id"] not in SUITES[name][2]]) for s in scenarios]


def txt(record):
    if "hex" in record:
        data = b"".join(bytes.fromhex(h) for h in record["hex"])
    else:
        data = "".join(record["strings"]).encode()
    return "".join(chr(b) if 0x20 <= b < 0x7f and b != 0x5c else "\\\\" if b == 0x5c
                   else "\\%03d" % b for b in data)


def presentation(record):
    kind = record["type"]
    if kind == "TXT":
        return txt(record)
    if kind == "MX":
        return "%d %s" % (record["preference"], record["data"] or ".")
    return record["data"] or "."


def answer(zone, name, kind, links=8):
    """(status, rr, alias)"""
    entry = zone.get(name.lower())
    if not entry:
        return "nxdomain", [], None
    rr = [presentation(r) for r in entry["records"] if r["type"] == kind]
    alias = [r["data"] or "." for r in entry["records"] if r["type"] == "CNAME"]
    if not rr and alias:
        if links == 0:
            return "fail", [], None
        status, rr, further = answer(zone, alias[0], kind, links - 1)
        return status, rr, further or alias[0]
    return ("ok" if rr else "fail" if entry.get("timeout") else "none"), rr, None


def facts(scenario):
    zone = {entry["name"].lower(): entry for entry in scenario["zone"]}
    for name in zone:
        for kind in TYPES:
            status, rr, alias = answer(zone, name, kind)
            fact = {"q": "dns", "name": name, "type": kind, "status": status, "ttl": 300}
            if rr:
                fact["rr"] = rr
            if alias and status != "fail":
                fact["alias"] = alias
            yield fact


def complaint(test, report):
    """What is wrong with the report on a test, or None."""
    auth = report["auth"]
    if auth["spf_mailfrom"] not in test["result"]:
        return "%s: got %s, want %s" % (test["id"], auth["spf_mailfrom"], test["result"])
    want = test.get("explanation")
    got = auth.get("spf_explanation", "DEFAULT")
    if want and got != want:
        return "%s: explanation %r instead of %r" % (test["id"], got, want)
    asked = [f for f in report["facts"] if f["q"] == "dns"]
    if len(asked) > 40:
        return "%s: %d questions" % (test["id"], len(asked))
    return None


def records(suite):
    for scenario, tests in suite:
        known = list(facts(scenario))
        for test in tests:
            yield test, {"v": 1, "id": test["id"], "time": 1764000000,
                         "client": {"ip": test["host"], "port": 25}, "helo": test["helo"],
                         "from": test["mailfrom"], "rcpt": ["b@example.net"], "unknown": "none",
                         "facts": known}


def replay(mxward, conf, lines):
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, "spf.conf")
        with open(path, "w") as f:
            f.write(conf)
        done = subprocess.run([mxward, "replay", "-c", path], input="\n".join(lines) + "\n",
                              capture_output=True, text=True, timeout=120, check=False)
    if done.stderr:
        print(done.stderr, file=sys.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def run_suite(mxward, shared, name):
    n_tests, n_explanations, _ = SUITES[name]
    pairs = list(records(load_suite(shared, name)))
    reports = replay(mxward, CONF, [json.dumps(r) for _, r in pairs])
    problems = [c for (test, _), r in zip(pairs, reports) if (c := complaint(test, r))]
    explained = sum(1 for test, _ in pairs if test.get("explanation"))
    if (len(reports), explained) != (n_tests, n_explanations):
        problems.append("%d reports on %d tests with %d explanations, instead of %d and %d"
                        % (len(reports), len(pairs), explained, n_tests, n_explanations))
    print("%s: %d of %d, %d explanations" % (name, len(reports) - len(problems), n_tests, explained))
    return problems


def run_cheaters(mxward):
    """A pass of a domain that the administrator does not believe."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
        f.write("# sell passes\nCheap.example\n")
        f.flush()
        conf = (CONF + "[spf]\ncheaters = %s\n[actions]\nspf_pass = score -1\n"
                "[dnsbl x.example]\nkind = domain\nask = spf\n127.0.0.2 = score 0\n" % f.name)
        lines = [json.dumps({"v": 1, "id": d, "client": {"ip": "203.0.113.5"}, "helo": "h.example",
                             "from": "a@" + d, "unknown": "none",
                             "facts": [{"q": "dns", "name": d, "type": "TXT", "status": "ok",
                                        "rr": ["v=spf1 ip4:203.0.113.5 -all"]}]})
                 for d in ("mail.cheap.example", "notcheap.example")]
        reports = replay(mxward, conf, lines)
    got = [([f["id"] for f in r["findings"]], r["score"], r["auth"]["spf_mailfrom"],
            [f["name"] for f in r["facts"] if f["name"].endswith(".x.example")]) for r in reports]
    # What the file says no DNS list is asked about.
    want = [(["spf_untrusted"], 0, "pass", []),
            (["spf_pass"], -1, "pass", ["notcheap.example.x.example"])]
    return [] if got == want else ["cheaters: got %r, want %r" % (got, want)]


def main():
    mxward, root = sys.argv[1:]
    shared = os.environ.get("MXWARD_SHARED") or os.path.join(root, "..", "shared")
    problems = run_cheaters(mxward)
    if not os.path.isdir(os.path.join(shared, "corpora", "spf")):
        print("skipped: there is no %s/corpora/spf (set MXWARD_SHARED)" % shared)
        status = 77
    else:
        status = 0
        for name in SUITES:
            problems += run_suite(mxward, shared, name)
    for problem in problems:
        print(problem)
    return 1 if problems else status


if __name__ == "__main__":
    sys.exit(main())
