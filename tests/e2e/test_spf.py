"""SPF over real DNS: `mxward check` asks the shared scripted server, and the suites' results hold.

How the same tests come out as replay records is tested by tests/spf/replay.py, from which the
reading of the suites comes; here every question goes over a socket.
"""
import concurrent.futures
import json
import os
import sys
import unittest

from bed.daemon import find_binary, run_check
from bed.dns import TestDns
from case import Case, build_folder
from shared import SOURCE_ROOT, shared_folder

sys.path.insert(0, os.path.join(SOURCE_ROOT, "tests", "spf"))
import replay                                           # noqa: E402


class SpfCase(Case):
    @classmethod
    def setUpClass(cls):
        cls.folder = shared_folder()
        if not cls.folder:
            raise unittest.SkipTest("no shared folder (set MXWARD_SHARED)")
        super().setUpClass()
        cls.binary = find_binary(build_folder())
        cls.conf = cls.bed.place.write("spf.conf", replay.CONF)

    def check(self, port, test):
        status, out, err = run_check(
            self.binary, "--ip", test["host"], "--helo", test["helo"], "--from", test["mailfrom"],
            "-c", self.conf, "--json", "--resolver", "127.0.0.1@%d" % port)
        self.assertIn(status, (0, 1, 2), err)
        return json.loads(out)

    def play(self, name, scenario, tests):
        """[(test, report)], a few at once: some wait for an answer that never comes."""
        dns = TestDns(self.bed.place, os.path.join(self.folder, "tools", "testdns.py"),
                      "%s-%d" % (name.split(".")[0], scenario["index"]), scenario)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            reports = list(pool.map(lambda t: self.check(dns.port, t), tests))
        dns.process.stop()
        return zip(tests, reports)


class Suites(SpfCase):
    def run_suite(self, name):
        count = 0
        for scenario, tests in replay.load_suite(self.folder, name):
            for test, report in self.play(name, scenario, tests):
                count += 1
                with self.subTest(test["id"]):
                    self.assertIsNone(replay.complaint(test, report))
        self.assertEqual(count, replay.SUITES[name][0])

    def test_rfc7208(self):
        self.run_suite("rfc7208-tests.json")

    def test_rfc4408(self):
        self.run_suite("rfc4408-tests.json")

    def test_pyspf(self):
        self.run_suite("pyspf-tests.json")


class Hostile(SpfCase):
    """Policies made to hurt: few questions, a clean end in time, and no pass."""

    def run_suite(self, name, number):
        with open(os.path.join(self.folder, "corpora", "spf", name)) as f:
            scenarios = json.load(f)["scenarios"]
        self.assertEqual(sum(len(scenario["tests"]) for scenario in scenarios), number)
        for scenario in scenarios:
            for test, report in self.play(name, scenario, scenario["tests"]):
                with self.subTest(test["id"]):
                    self.assertIsNone(replay.complaint(test, report))
                    self.assertNotEqual(report["auth"]["spf_mailfrom"], "pass")

    def test_abuse(self):
        self.run_suite("abuse.json", 12)

    def test_tree(self):
        self.run_suite("tree.json", 3)


if __name__ == "__main__":
    unittest.main()
