#!/usr/bin/env python3
"""The command `mxward rdap` from outside, with a registry on loopback.

Usage: rdap_cli.py MXWARD SOURCE_ROOT
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

MXWARD, ROOT = sys.argv[1:3]
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from bed import rdap    # noqa: E402
from bed.authority import Authority     # noqa: E402

BUILT_IN = pathlib.Path(ROOT, "data", "rdap", "dns.json")
EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_UNAVAILABLE, EX_CANTCREAT, EX_CONFIG = 64, 65, 66, 69, 73, 78


class Rdap(unittest.TestCase):
    def setUp(self):
        self.registry = rdap.Registry()
        self.folder = tempfile.TemporaryDirectory(prefix="mxward-rdap-")
        self.to = self.path("dns.json")
        self.conf = self.write("mxward.conf", "[dns]\nresolver = none\n[rdap]\nbootstrap = %s\n"
                               "test = %s\nno.test = off\n" % (self.to, self.registry.url))

    def tearDown(self):
        self.registry.close()
        self.folder.cleanup()

    def path(self, name):
        return str(pathlib.Path(self.folder.name, name))

    def write(self, name, text):
        pathlib.Path(self.path(name)).write_text(text)
        return self.path(name)

    def run_it(self, *args):
        done = subprocess.run([MXWARD, "rdap", *args, "-c", self.conf], capture_output=True,
                              text=True, timeout=20, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def refused(self, status, error, *args):
        got, out, err = self.run_it(*args)
        self.assertEqual((got, out), (status, ""), err)
        self.assertIn(error, err)

    def test_refresh_from_a_file(self):
        status, out, err = self.run_it("refresh", "--from", str(BUILT_IN))
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out, r"dns.json: \d+ names of \d+ registries, of 20.*; before: \d+ names\n")
        names = {n: u for ns, [u] in json.loads(pathlib.Path(self.to).read_text())["services"]
                 for n in ns}
        self.assertEqual(names, {n: u for ns, [u] in json.loads(BUILT_IN.read_text())["services"]
                                 for n in ns})

    def test_refresh_over_http(self):
        self.registry.domains["dns.json"] = lambda h, _: rdap.send(h, 200, BUILT_IN.read_bytes())
        self.registry.domains["moved.json"] = rdap.redirect("http://127.0.0.9:1/")
        self.assertEqual(self.run_it("refresh", "--from", self.registry.url + "dns.json")[0], 0)
        before = pathlib.Path(self.to).read_bytes()
        self.refused(EX_UNAVAILABLE, "it answers 404", "refresh", "--from",
                     self.registry.url + "gone.json")
        self.refused(EX_UNAVAILABLE, "it answers 302", "refresh", "--from",
                     self.registry.url + "moved.json")
        self.refused(EX_USAGE, "has to begin with https://", "refresh", "--from",
                     "http://192.0.2.1/dns.json")
        self.refused(EX_UNAVAILABLE, "has no address", "refresh")       # without a resolver
        self.assertEqual(pathlib.Path(self.to).read_bytes(), before)

    def test_over_tls(self):
        authority = Authority(self.path("authority"))
        secure = rdap.Registry(authority.certify("iana", "IP:127.0.0.1"))
        secure.domains["dns.json"] = lambda h, _: rdap.send(h, 200, BUILT_IN.read_bytes())
        self.refused(EX_UNAVAILABLE, "SSL certificate problem", "refresh", "--from",
                     secure.url + "dns.json")
        self.assertFalse(os.path.exists(self.to))
        secure.domains["sender.safe"] = 49
        with open(self.conf, "a", encoding="ascii") as f:
            f.write("safe = %s\n" % secure.url)
        self.refused(EX_UNAVAILABLE, "SSL certificate problem", "ask", "sender.safe")
        with open(self.conf, "a", encoding="ascii") as f:
            f.write("ca_file = %s\n" % authority.file)
        self.assertEqual(self.run_it("refresh", "--from", secure.url + "dns.json")[0], 0)
        self.assertTrue(os.path.exists(self.to))
        self.assertIn("sender.safe: registered ", self.run_it("ask", "sender.safe")[1])
        secure.close()

    def test_what_is_no_list_changes_nothing(self):
        pathlib.Path(self.to).write_bytes(BUILT_IN.read_bytes())
        small = '{"version": "1.0", "services": [[["com"], ["https://rdap.example/"]]]}'
        for name, text, error in (("html", "<html>", "it is no JSON"), ("empty", "", "no JSON"),
                                  ("two", '{"version": "2.0"}', "its version is not 1"),
                                  ("cut", BUILT_IN.read_text()[:9000], "it is no JSON"),
                                  ("small", small, "not believed without --force")):
            with self.subTest(name):
                self.refused(EX_DATAERR, error, "refresh", "--from", self.write(name, text))
                self.assertEqual(pathlib.Path(self.to).read_bytes(), BUILT_IN.read_bytes())
        self.refused(EX_NOINPUT, "/nowhere/x", "refresh", "--from", "/nowhere/x")
        self.refused(EX_CANTCREAT, "cannot write /nowhere/y", "refresh", "--from", str(BUILT_IN),
                     "--to", "/nowhere/y")
        self.assertEqual(self.run_it("refresh", "--force", "--from", self.path("small"))[0], 0)
        self.assertEqual(sorted(os.listdir(self.folder.name)), sorted(
            ["mxward.conf", "dns.json", "html", "empty", "two", "cut", "small"]))

    def test_ask(self):
        self.registry.domains.update({"sender.test": 49, "x.test": rdap.garbage,
                                      "busy.test": rdap.limited(9, 1, seconds=600)})
        status, out, err = self.run_it("ask", "mail.SENDER.test")
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out, r"^sender.test: registered \d{4}-\d\d-\d\dT[\d:]+Z, 2 d 1 h ago "
                         r"\(http://127.0.0.1:\d+/domain/sender.test\)\n$")
        answer = json.loads(self.run_it("ask", "--json", "sender.test")[1])
        self.assertEqual(sorted(answer), ["domain", "registered", "url"])
        self.assertIn("tells no date", self.run_it("ask", "gone.test")[1])
        self.assertIn("no registry is known", self.run_it("ask", "a.no.test")[1])
        self.refused(EX_UNAVAILABLE, "x.test: it is no JSON", "ask", "x.test")
        self.refused(EX_UNAVAILABLE, "let alone", "ask", "busy.test")

    def test_usage(self):
        self.refused(EX_USAGE, "ask: about which domain?", "ask")
        self.refused(EX_USAGE, "is no domain that somebody could", "ask", "com")
        self.refused(EX_USAGE, "refresh or ask", "--json")
        self.refused(EX_USAGE, "did you mean \"refresh\"?", "refrsh")
        self.refused(EX_USAGE, "does not go with refresh", "refresh", "--json")
        self.refused(EX_USAGE, "unexpected \"x\"", "refresh", "x")
        self.conf = self.write("plain.conf", "")
        self.refused(EX_CONFIG, "names no file", "refresh", "--from", str(BUILT_IN))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
