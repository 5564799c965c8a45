"""`mxward check` against the sixteen faults of a name server, and against the iprev suite.

The scripted server and the suite lie in the shared folder (MXWARD_SHARED); without it these tests
are skipped.  What is true is stated here: of an answer that never came or cannot be read nothing
follows, so the result is temperror and the verdict is no refusal, whatever the policy says.
"""
import concurrent.futures
import json
import os
import time
import unittest

from bed.daemon import find_binary, run_check
from bed.dns import TestDns
from case import Case, HARD_SECONDS, build_folder
from shared import shared_folder

DEAD_SECONDS = 5.0              # a resolver that does not answer
START_SECONDS = 1.0             # the program itself, on a machine that does eight things at once

FAULTS = ("servfail", "refused", "notimp", "formerr", "nxdomain", "drop", "empty", "tc", "tc-close",
          "badid", "badid-first", "wrongq", "garbage", "ptrloop", "longrdlen", "timeout")
HARMLESS = ("tc", "badid-first")        # the true answer is to be had

STRICT = """[policy]
profile = strict
[actions]
rdns_none = reject
rdns_mismatch = reject
"""


def spoiled(record, fault):
    return ["TIMEOUT"] if fault == "timeout" else [record, {"FAULT": fault}]


def fault_zone():
    """Client 192.0.2.N has fault number N at its reverse name, 192.0.2.(100+N) at its address."""
    zone = {}
    for n, fault in enumerate(FAULTS):
        for last in (n, 100 + n):
            name = "mail%d.example" % last
            ptr, a = {"PTR": name}, {"A": "192.0.2.%d" % last}
            zone["%d.2.0.192.in-addr.arpa" % last] = spoiled(ptr, fault) if last == n else [ptr]
            zone[name] = [a] if last == n else spoiled(a, fault)
    return {"zone": zone}


class CheckCase(Case):
    """Runs `mxward check --json` against a TestDns, many at once: most of it is waiting."""

    @classmethod
    def setUpClass(cls):
        shared = shared_folder()
        if not shared:
            raise unittest.SkipTest("no shared folder (set MXWARD_SHARED)")
        super().setUpClass()
        cls.shared = shared
        cls.binary = find_binary(build_folder())
        cls.conf = cls.bed.place.write("strict.conf", STRICT)

    def check_all(self, dns, addresses):
        """{address: (exit status, JSON, seconds)}"""
        def one(addr):
            began = time.monotonic()
            status, out, err = run_check(self.binary, "--ip", addr, "-c", self.conf, "--json",
                                         "--resolver", "127.0.0.1@%d" % dns.port)
            self.assertIn(status, (0, 1, 2), err)
            return status, json.loads(out), time.monotonic() - began
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return dict(zip(addresses, pool.map(one, addresses)))


class Faults(CheckCase):
    """The sixteen faults, at the reverse name and at the forward name."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dns = TestDns(cls.bed.place, os.path.join(cls.shared, "tools", "testdns.py"), "faults",
                          fault_zone())

    def check(self, first, nxdomain):
        addresses = {fault: "192.0.2.%d" % (first + n) for n, fault in enumerate(FAULTS)}
        results = self.check_all(self.dns, list(addresses.values()))
        for fault, addr in addresses.items():
            with self.subTest(fault):
                status, report, seconds = results[addr]
                expected = ("pass" if fault in HARMLESS else
                            nxdomain if fault == "nxdomain" else "temperror")
                self.assertEqual(report["auth"]["iprev"], expected)
                self.assertLess(seconds, DEAD_SECONDS + START_SECONDS)
                if expected == "temperror":
                    self.assertIn(report["verdict"], ("accept", "tag", "defer"), report["reply"])
                    self.assertEqual(report["score"], 0)
                elif expected == "pass":
                    self.assertEqual((status, report["verdict"]), (0, "accept"))
                else:
                    self.assertEqual((status, report["verdict"], report["code"]),
                                     (1, "reject", 550))

    def test_at_the_reverse_name(self):
        self.check(0, "permerror")

    def test_at_the_forward_name(self):
        self.check(100, "fail")


class Iprev(CheckCase):
    def test_suite(self):
        with open(os.path.join(self.shared, "corpora", "dns", "iprev-tests.json")) as f:
            scenario, = json.load(f)["scenarios"]
        dns = TestDns(self.bed.place, os.path.join(self.shared, "tools", "testdns.py"), "iprev",
                      {"zone": scenario["zone"]})
        tests = {t["host"]: t for t in scenario["tests"]}
        self.assertEqual(len(tests), 22)
        for host, (status, report, seconds) in self.check_all(dns, list(tests)).items():
            with self.subTest(tests[host]["id"]):
                self.assertIn(report["auth"]["iprev"], tests[host]["result"])
                self.assertLess(seconds, HARD_SECONDS + START_SECONDS)
                self.assertEqual(confirmed_name(report), (tests[host]["name"] or "").lower())


def confirmed_name(report):
    """The reverse name that the check found confirmed, or ""."""
    good = [f for f in report["findings"] if f["id"] == "rdns_ok"]
    return good[0]["evidence"]["name"].lower() if good else ""
