#!/usr/bin/env python3
"""The command `mxward selfcheck` from outside: what it says of domains of a zone file, to people,
programs and monitoring; what it makes of bad input; and with --watch, of a small DNS server whose
answers change.

Usage: selfcheck_cli.py MXWARD
"""
import json
import pathlib
import queue
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

MXWARD = sys.argv[1]
KEY_2048 = ("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAkr2mC/vJsfNLEjDJ2jnAhNhR37/XsYyomZr9o7BdXGqh"
            "VusvgHpQBEsTR3R6eTK4IW9urgpAw40DFANXDA6sYi2h+AVgjuhemidoOHrD0a9mXpRvQlyYFDCwOfZCvgRym9i4"
            "k7eQRh/uX0qw3bteo/FPgzZ7DzxzEtYm6loy9s6bRiVFO49VlQsTRUsHf4R6udzufRb28HLmLcYvl+orQoGgzQi3"
            "1Gi5KUagDrc3+TjMNkrH5Hv4BnFo/MgzydRlSUhmUtH5/oYOmkDFkMqjqAZfqgecY9/YrLuQIqUGk9YauFI6RYzI"
            "lsj8qWXWDHS8yDeoKfQByLmrjqSSjSz6EQIDAQAB")
ZONE = f"""
good.example MX 10 mx.good.example
good.example TXT "v=spf1 mx -all"
_dmarc.good.example TXT "v=DMARC1; p=reject; rua=mailto:d@good.example"
s1._domainkey.good.example TXT "v=DKIM1; p={KEY_2048[:200]}" "{KEY_2048[200:]}"
mx.good.example A 203.0.113.5
mx.good.example AAAA 2001:db8::5
5.113.0.203.in-addr.arpa PTR mx.good.example
5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR mx.good.example
half.example MX 10 mx.half.example
half.example TXT "v=spf1 include:_spf.half.example ~all"
_spf.half.example TXT "v=spf1 a:mx.half.example ?all"
mx.half.example A 203.0.113.6
mx.half.example AAAA 2001:db8::6
6.113.0.203.in-addr.arpa PTR mx.half.example
dyn.example MX 10 mx.good.example
dyn.example TXT "v=spf1 ip4:203.0.113.40 -all"
40.113.0.203.in-addr.arpa PTR p203-0-113-40.dsl.dyn.provider.example
p203-0-113-40.dsl.dyn.provider.example A 203.0.113.40
40.113.0.203.bl.example A 127.0.0.2
2.0.0.127.bl.example A 127.0.0.2
dead.example MX !servfail
dead.example TXT !timeout
_dmarc.dead.example TXT !servfail
null.example MX 0 .
null.example TXT "v=spf1 -all"
"""
CONF = """[dns]
zone = %s
resolver = none
[sender]
unreachable = 10.0.0.0/8
"""
LISTS = """
[dnsbl bl.example]
127.0.0.2 = score 6
"""
OK, WARNING, CRITICAL, UNKNOWN, EX_USAGE, EX_CONFIG = 0, 1, 2, 3, 64, 78


def run(*args):
    done = subprocess.run([MXWARD, "selfcheck", *args], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


class Zone(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mxward-selfcheck-")
        self.addCleanup(folder.cleanup)
        self.zone = pathlib.Path(folder.name, "test.zone")
        self.zone.write_text(ZONE)
        self.conf = str(pathlib.Path(folder.name, "mxward.conf"))
        self.configure(LISTS)

    def configure(self, sections):
        pathlib.Path(self.conf).write_text(CONF % self.zone + sections)

    def json(self, *args):
        status, out, error = run("-c", self.conf, "--json", *args)
        self.assertEqual(error, "")
        rows = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(rows[-1]["type"], "summary")
        self.assertEqual(rows[-1]["status"], status)
        return status, rows

    def states(self, *args):
        """{(subject, item): state}"""
        status, rows = self.json(*args)
        return status, {(r["subject"], r["item"]): r["state"] for r in rows if r["type"] == "item"}


class Items(Zone):
    def test_all_is_well(self):
        status, rows = self.json("good.example", "--selector", "s1")
        self.assertEqual(status, OK)
        states = {r["state"] for r in rows if r["type"] == "item" and r["item"] != "postmaster"}
        self.assertEqual(states, {"pass"})
        addresses = {r["ip"]: r for r in rows if r["type"] == "address"}
        self.assertEqual(set(addresses), {"203.0.113.5", "2001:db8::5"})
        for a in addresses.values():
            self.assertEqual((a["helo"], a["helo_given"], a["verdict"]),
                             ("mx.good.example", False, "accept"))
            self.assertLess(a["score"], 0)
        self.assertEqual([r for r in rows if r["type"] == "record"], [])
        for r in rows:
            if r["type"] == "receiver":
                self.assertIn(r["met"], ("yes", "by_hand"))

    def test_a_family_without_a_name(self):
        status, states = self.states("half.example")
        self.assertEqual(status, CRITICAL)
        self.assertEqual(states["203.0.113.6", "fcrdns"], "pass")
        self.assertEqual(states["2001:db8::6", "ptr"], "fail")
        self.assertEqual(states["2001:db8::6", "verdict"], "pass")  # 6 of 8 points: not refused yet
        self.assertEqual(states["half.example", "dmarc"], "warn")
        _, rows = self.json("half.example")
        records = {r["line"]: r for r in rows if r["type"] == "record"}
        reverse = "6." + "0." * 23 + "8.b.d.0.1.0.0.2.ip6.arpa. IN PTR mx.half.example."
        self.assertEqual(records[reverse]["fixer"], "sender_isp")
        dmarc = '_dmarc.half.example. IN TXT "v=DMARC1; p=none; rua=mailto:postmaster@half.example"'
        self.assertEqual(records[dmarc]["fixer"], "sender_admin")

    def test_a_line(self):
        status, states = self.states("dyn.example")
        self.assertEqual(status, CRITICAL)
        for item in ("name", "lists", "verdict"):
            self.assertEqual(states["203.0.113.40", item], "fail", item)
        self.assertEqual(states["203.0.113.40", "spf"], "pass")

    def test_given_addresses(self):
        status, rows = self.json("good.example", "--ip", "203.0.113.5", "--helo", "mx.good.example",
                                 "--ip", "203.0.113.6")
        self.assertEqual(status, CRITICAL)
        self.assertEqual([(r["ip"], r["helo"], r["helo_given"]) for r in rows
                          if r["type"] == "address"],
                         [("203.0.113.5", "mx.good.example", True),
                          ("203.0.113.6", "mx.half.example", False)])
        states = {(r["subject"], r["item"]): r["state"] for r in rows if r["type"] == "item"}
        self.assertEqual(states["203.0.113.6", "spf"], "fail")
        self.assertIn({"type": "record",
                       "line": 'good.example. IN TXT "v=spf1 ip4:203.0.113.6 mx -all"',
                       "why": "in place of the SPF record that is there", "fixer": "sender_admin",
                       "example": False, "replaces": True}, rows)

    def test_greeting(self):
        for helo, state in (("mx.good.example", "pass"), ("localhost", "fail"),
                            ("203.0.113.5", "fail"), ("nowhere.example", "fail"),
                            ("mx.half.example", "warn")):
            _, states = self.states("good.example", "--ip", "203.0.113.5", "--helo", helo)
            self.assertEqual(states["203.0.113.5", "helo"], state, helo)

    def test_as_a_stranger(self):
        """What spares us at home spares us nowhere else."""
        self.configure("[networks]\nours = 203.0.113.0/24\n[site]\nhostname = mx.good.example\n"
                       "domains = dyn.example\n[exempt]\n203.0.113.40 = all\n" + LISTS)
        status, states = self.states("dyn.example")
        self.assertEqual(states["203.0.113.40", "verdict"], "fail")
        status, states = self.states("good.example", "--selector", "s1")
        self.assertEqual(status, OK, states)

    def test_private(self):
        _, states = self.states("good.example", "--ip", "10.0.0.1")
        self.assertEqual(states["10.0.0.1", "address"], "fail")
        self.assertNotIn(("10.0.0.1", "verdict"), states)

    def test_trouble_is_unknown(self):
        status, states = self.states("dead.example")
        self.assertEqual(status, UNKNOWN)
        self.assertNotIn("fail", states.values())
        for item in ("mx", "spf_record", "dmarc", "outgoing"):
            self.assertEqual(states["dead.example", item], "unknown")

    def test_nothing_is_known(self):
        status, states = self.states("nowhere.example")
        self.assertEqual((status, states["nowhere.example", "mx"]), (CRITICAL, "fail"))
        status, states = self.states("null.example")
        self.assertEqual((status, states["null.example", "mx"]), (CRITICAL, "fail"))

    def test_without_lists(self):
        self.configure("")
        _, states = self.states("good.example")
        self.assertEqual(states["203.0.113.5", "lists"], "by_hand")

    def test_known_lists(self):
        """Without settings some lists are asked, which the zone cannot answer for."""
        self.configure("")
        done = run("good.example", "--resolver", "none", "--json", "--ip", "203.0.113.5")
        items = [json.loads(line) for line in done[1].splitlines()]
        lists, = [i for i in items if i.get("item") == "lists"]
        for name in ("zen.spamhaus.org", "bl.spamcop.net", "psbl.surriel.com", "bl.mailspike.net",
                     "dbl.spamhaus.org"):
            self.assertIn(name, lists["text"])

    def test_monitor_profile(self):
        """Settings that only watch so far say nothing of what a stranger will do."""
        self.configure("[policy]\nprofile = monitor\n" + LISTS)
        status, states = self.states("dyn.example")
        self.assertEqual(states["203.0.113.40", "verdict"], "fail")


class Receivers(Zone):
    def answers(self, *args):
        _, rows = self.json(*args)
        return {(r["receiver"], r["audience"]): {d["id"]: d["met"] for d in r["demands"]}
                for r in rows if r["type"] == "receiver"}

    def test_demands(self):
        got = self.answers("half.example")
        self.assertEqual(set(got), {(r, a) for r in ("gmail", "yahoo", "microsoft")
                                    for a in ("small", "bulk")})
        self.assertEqual(got["gmail", "small"]["gmail_rdns"], "no")
        self.assertEqual(got["gmail", "small"]["gmail_auth"], "yes")
        self.assertNotIn("gmail_dmarc", got["gmail", "small"])
        self.assertEqual(got["gmail", "bulk"]["gmail_dmarc"], "no")
        self.assertEqual(got["gmail", "bulk"]["gmail_dkim"], "by_hand")
        self.assertEqual(got["microsoft", "small"]["microsoft_rdns_ipv6"], "no")
        got = self.answers("dead.example")
        self.assertEqual(got["gmail", "bulk"]["gmail_dmarc"], "unknown")

    def test_profile_counts(self):
        args = ("-c", self.conf, "--nagios", "half.example", "--ip", "203.0.113.6")
        self.assertEqual(run(*args)[0], WARNING)                # no DMARC, which one need not have
        self.assertEqual(run(*args, "--profile", "small")[0], WARNING)
        self.assertEqual(run(*args, "--profile", "bulk")[0], CRITICAL)
        self.assertEqual(run(*args, "--profile", "gmail/bulk")[0], CRITICAL)
        self.assertEqual(set(self.answers("good.example", "--profile", "yahoo")),
                         {("yahoo", "small"), ("yahoo", "bulk")})


class Forms(Zone):
    def test_people(self):
        status, out, error = run("half.example", "-c", self.conf)
        self.assertEqual((status, error), (CRITICAL, ""))
        at = [out.index(s) for s in ("Outgoing addresses", "2001:db8::6 (MX", "Domain half.example",
                                     "What large receivers would answer", "550 5.7.25",
                                     "Records to publish", "IN PTR mx.half.example.",
                                     "In all: fail")]
        self.assertEqual(at, sorted(at))
        self.assertNotIn("\033", out)
        for line in out.splitlines():
            if "arpa" not in line:
                self.assertLessEqual(len(line), 100, line)

    def test_nagios(self):
        status, out, _ = run("good.example", "-c", self.conf, "--nagios", "--selector", "s1")
        self.assertEqual(status, OK)
        self.assertRegex(out, r"^MXWARD OK - good\.example: 0 fail, 0 warn, 0 unknown, \d+ pass \| "
                              r"fail=0 warn=0 unknown=0 pass=\d+ addresses=2 spf_lookups=1;;10\n$")
        status, out, _ = run("half.example", "-c", self.conf, "--nagios")
        lines = out.splitlines()
        self.assertRegex(lines[0], "^MXWARD CRITICAL - half.example: .*; 2001:db8::6 has no reverse")
        self.assertTrue(all(re.match("(fail|warn|unknown): ", x) for x in lines[1:]) and lines[1:])
        self.assertRegex(run("dead.example", "-c", self.conf, "--nagios")[1], "^MXWARD UNKNOWN - ")

    def test_strangers_bytes(self):
        self.zone.write_text('a.example TXT "v=spf1 \\027[31m|x -all"\na.example MX 5 mx.good.example\n'
                             '_dmarc.a.example TXT "v=DMARC1; p=none; \\027]0;x=1"\n' + ZONE)
        for form in ([], ["--nagios"], ["--json"]):
            _, out, error = run("a.example", "-c", self.conf, *form)
            self.assertEqual(error, "")
            self.assertNotIn("\033", out)
            if form == ["--nagios"]:
                self.assertEqual(out.count("|"), 1)


class BadInput(Zone):
    CASES = (
        ((), EX_USAGE, "a domain is needed"),
        (("nodots",), EX_USAGE, '"nodots" is no domain'),
        (("a b.example",), EX_USAGE, "is no domain"),
        (("x" * 64 + ".example",), EX_USAGE, "is no domain"),
        (("m\u00fcller.example",), EX_USAGE, "xn--"),
        (("203.0.113.5",), EX_USAGE, "is an address"),
        (("joe@a.example",), EX_USAGE, "is a mail address"),
        (("a.example", "b.example"), EX_USAGE, 'unexpected "b.example"'),
        (("a.example", "--ip", "203.0.113"), EX_USAGE, '"203.0.113" is no address'),
        (("a.example", "--ip", "203.0.113.5", "--ip", "203.0.113.5"), EX_USAGE, "given twice"),
        (("a.example", "--helo", "x"), EX_USAGE, "--helo follows the --ip"),
        (("a.example", "--ip", "203.0.113.5", "--helo", "x", "--helo", "y"), EX_USAGE, "--helo"),
        (("a.example", "--selector", "a/b"), EX_USAGE, "is no selector"),
        (("a.example", "--profile", "nobody"), EX_USAGE, "gmail, yahoo, microsoft"),
        (("a.example", "--profile", "gmail/huge"), EX_USAGE, "small"),
        (("a.example", "--watch=8d"), EX_USAGE, "from 1s to 7d"),
        (("a.example", "--watch", "0s"), EX_USAGE, "from 1s to 7d"),
        (("a.example", "--watch", "5x"), EX_USAGE, "from 1s to 7d"),
        (("a.example", "--bogus"), EX_USAGE, "wrong option"),
        (("a.example", "--resolver", "zz"), EX_CONFIG, 'resolver "zz" is no address'),
        (("a.example", "-c", "/nonexistent"), EX_CONFIG, "/nonexistent"),
    )

    def test_errors(self):
        for args, want, part in self.CASES:
            with self.subTest(args):
                status, out, error = run(*args)
                self.assertEqual((status, out), (want, ""))
                self.assertIn(part, error)

    def test_errors_for_monitoring(self):
        """64 and 78 would be no answer that a monitoring program knows."""
        status, out, error = run("nodots", "--nagios")
        self.assertEqual(status, UNKNOWN)
        self.assertTrue(out.startswith("MXWARD UNKNOWN - ") and "no domain" in error)
        for other in ("--json", "--watch"):
            status, out, error = run("a.example", "--nagios", other)
            self.assertEqual(status, UNKNOWN)
            self.assertIn("exclude each other", error)

    def test_help(self):
        status, out, error = run("--help")
        self.assertEqual((status, error), (0, ""))
        self.assertIn("Exit status", out)

    def test_silent_resolver(self):
        """A server that never answers costs a bounded time, and accuses nobody."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            began = time.monotonic()
            status, out, error = run("good.example", "--ip", "203.0.113.5", "--ip", "2001:db8::5",
                                     "--resolver", "127.0.0.1@%d" % silent.getsockname()[1],
                                     "--json")
            self.assertLess(time.monotonic() - began, 30)
        self.assertEqual((status, error), (UNKNOWN, ""))
        self.assertNotIn('"state":"fail"', out)


class Dns(threading.Thread):
    """Answers questions over UDP from `records`: {(name, type): [data in wire form]}."""
    TYPES = {1: "A", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA"}

    def __init__(self, records):
        super().__init__(daemon=True)
        self.records = records
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                message, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            labels, at = [], 12
            while message[at]:
                labels.append(message[at + 1:at + 1 + message[at]].decode())
                at += 1 + message[at]
            kind = struct.unpack("!H", message[at + 1:at + 3])[0]
            key = (".".join(labels).lower(), self.TYPES.get(kind))
            self.asked.append(key)
            data = self.records.get(key, [])
            known = data or any(name == key[0] for name, _ in self.records)
            answer = message[:2] + struct.pack("!HHHHH", 0x8180 | (0 if known else 3), 1, len(data),
                                               0, 0) + message[12:at + 5]
            for d in data:
                answer += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 1, len(d)) + d
            self.socket.sendto(answer, peer)


def name(text):
    return b"".join(bytes([len(x)]) + x.encode() for x in text.split(".")) + b"\0"


def txt(text):
    return bytes([len(text)]) + text.encode()


class Watch(unittest.TestCase):
    def setUp(self):
        self.dns = Dns({
            ("w.example", "MX"): [struct.pack("!H", 5) + name("mx.w.example")],
            ("w.example", "TXT"): [txt("v=spf1 mx -all")],
            ("mx.w.example", "A"): [bytes([203, 0, 113, 9])],
            ("9.113.0.203.in-addr.arpa", "PTR"): [name("mx.w.example")],
        })
        self.addCleanup(self.dns.socket.close)
        folder = tempfile.TemporaryDirectory(prefix="mxward-selfcheck-")
        self.addCleanup(folder.cleanup)
        conf = pathlib.Path(folder.name, "mxward.conf")
        conf.write_text("[sender]\nunreachable = 10.0.0.0/8\n")
        self.process = subprocess.Popen(
            [MXWARD, "selfcheck", "w.example", "-c", conf, "--watch", "1s", "--json",
             "--resolver", "127.0.0.1@%d" % self.dns.port],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.process.communicate)
        self.addCleanup(self.process.kill)
        self.lines = queue.Queue()
        threading.Thread(target=self.collect, daemon=True).start()

    def collect(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def read(self, seconds):
        """The next object, or None when none comes."""
        try:
            return self.lines.get(timeout=seconds)
        except queue.Empty:
            return None

    def test_changes_only(self):
        rows = []
        while not rows or rows[-1]["type"] != "summary":
            rows.append(self.read(20))
            self.assertIsNotNone(rows[-1])
        self.assertEqual(rows[-1]["status"], WARNING)
        asked = len(self.dns.asked)
        self.assertIsNone(self.read(2.5))           # nothing has changed, so nothing is said;
        self.assertEqual(len(self.dns.asked), asked)    # and what is still valid is not asked again
        del self.dns.records["9.113.0.203.in-addr.arpa", "PTR"]
        self.dns.records["_dmarc.w.example", "TXT"] = [txt("v=DMARC1; p=reject")]
        changed = {}
        while row := self.read(12 if len(changed) < 2 else 1):
            changed[row["item"]] = (row.get("before"), row["state"])
        self.assertEqual(changed["ptr"], ("pass", "fail"))
        self.assertEqual(changed["fcrdns"], ("pass", "fail"))
        self.process.send_signal(signal.SIGINT)
        self.assertEqual(self.process.wait(10), CRITICAL)
        self.assertEqual(self.process.stderr.read(), "")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
