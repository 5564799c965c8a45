#!/usr/bin/env python3
"""The commands `mxward exempt` and `mxward mailbox` from outside: what they print, where, their exit
status, and that nothing is written unless all of it is right.

Usage: rules_cli.py MXWARD
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

MXWARD = sys.argv[1]
EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_UNAVAILABLE, EX_CONFIG = 64, 65, 66, 69, 78
SERVER_CHECKS = {"rdns", "generic_rdns", "helo", "spf", "sender", "dnsbl", "history", "domain_age"}


class Rules(unittest.TestCase):
    command = None

    def setUp(self):
        self.place = tempfile.TemporaryDirectory(prefix="mxward-rules-")
        self.store = pathlib.Path(self.place.name, "store.db")
        self.conf = str(pathlib.Path(self.place.name, "mxward.conf"))
        self.configure()

    def tearDown(self):
        self.place.cleanup()

    def configure(self, more="", store=True):
        text = "[store]\nfile = %s\n" % self.store if store else ""
        pathlib.Path(self.conf).write_text(text + more)

    def run_it(self, *args, env=None):
        return subprocess.run([MXWARD, self.command, args[0], "-c", self.conf, *args[1:]],
                              capture_output=True, text=True, timeout=30,
                              env={**os.environ, **(env or {})})

    def good(self, *args, **more):
        done = self.run_it(*args, **more)
        self.assertEqual((done.returncode, done.stderr), (0, ""), args)
        return done.stdout

    def bad(self, status, part, *args):
        done = self.run_it(*args)
        self.assertEqual((done.returncode, done.stdout), (status, ""), (args, done.stderr))
        self.assertIn(part, done.stderr)

    def listed(self, *args):
        return [json.loads(x) for x in self.good("list", "--json", *args).splitlines()]


class Exempt(Rules):
    command = "exempt"

    def listed_by_what(self):
        return {(x["what"], x["source"]): x for x in self.listed()}

    def test_help(self):
        done = subprocess.run([MXWARD, "exempt", "--help"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("mxward exempt add WHAT", done.stdout)
        self.assertTrue(all(len(x) <= 84 for x in done.stdout.splitlines()))

    def test_command_line(self):
        self.bad(EX_USAGE, 'did you mean "list"?  Try "mxward exempt --help"\n', "lst")
        self.bad(EX_USAGE, 'unknown command "wait"; try "mxward exempt --help"\n', "wait")
        self.bad(EX_USAGE, 'add: whom?  Try "mxward exempt --help"\n', "add")
        self.bad(EX_USAGE, "whom?", "remove")
        self.bad(EX_USAGE, 'unexpected "x"', "list", "x")
        self.bad(EX_USAGE, "--json is for list and show", "add", "192.0.2.1", "--json")
        self.bad(EX_USAGE, "are for add", "remove", "192.0.2.1", "--force")
        self.bad(EX_USAGE, "wrong option", "add", "192.0.2.1", "--skips", "x")

    def test_what_is_written(self):
        out = self.good("add", "192.0.2.7/24", "--skip", "rdns,helo", "--reason", "broken DNS",
                        "--owner", "anna", env={"SUDO_USER": "bert", "USER": "root"})
        self.assertEqual(out, "192.0.2.0/24 is spared: rdns, helo (until it is removed)\n")
        [entry] = self.listed()
        self.assertLess(entry.pop("age_s"), 60)
        self.assertEqual(entry, {
            "what": "192.0.2.0/24", "source": "store", "checks": ["rdns", "helo"],
            "reason": "broken DNS", "owner": "anna", "by": "bert", "hits": 0, "warnings": []})

    def test_defaults(self):
        self.good("add", "Mail.Example.ORG.", env={"SUDO_USER": "", "USER": "carl"})
        [entry] = self.listed()
        self.assertEqual((entry["what"], set(entry["checks"])), ("mail.example.org", SERVER_CHECKS))
        self.assertEqual((entry["owner"], entry["by"]), ("carl", "carl"))
        self.good("add", "2001:DB8::1", "--skip", "all")
        self.assertIn("local", self.listed()[0]["checks"])

    def test_nothing_wrong_is_written(self):
        for part, *args in (
                ('did you mean "rdns"', "192.0.2.1", "--skip", "helo,rdsn"),
                ("is no address, network or domain", "192.0.2.0/33"),
                ("is no address, network or domain", "user@example.org"),
                ("is no address, network or domain", "*.example.org"),
                ("--force", "0.0.0.0/0"),
                ("--force", "::/0"),
                ("--force", "128.0.0.0/1"),
                ("--force", "co.uk"),
                ("--expires", "192.0.2.1", "--expires", "soon"),
                ("--expires", "192.0.2.1", "--expires", "0"),
                ("--reason", "192.0.2.1", "--reason", "two\nlines"),
                ("--owner", "192.0.2.1", "--owner", "x" * 501),
                ("name the checks", "192.0.2.1", "--skip", ",")):
            with self.subTest(args):
                self.bad(EX_DATAERR, part, "add", *args)
        done = subprocess.run([MXWARD, "exempt", "add", "-c", self.conf, "192.0.2.1", "--reason",
                               b"\xff"], capture_output=True)
        self.assertEqual(done.returncode, EX_DATAERR)
        self.assertEqual(self.listed(), [])
        self.assertEqual(self.good("list"), "nobody is exempt\n")

    def test_wide(self):
        done = self.run_it("add", "0.0.0.0/0", "--force")
        self.assertEqual(done.returncode, 0)
        self.assertIn("wider than a /16", done.stderr)
        done = self.run_it("add", "2001::/31")
        self.assertIn("wider than a /32", done.stderr)
        self.good("add", "192.0.0.0/16")
        self.good("add", "2001:db8::/32")
        warned = {x["what"]: "wide" in x["warnings"] for x in self.listed()}
        self.assertEqual(warned, {"0.0.0.0/0": True, "2001::/31": True, "192.0.0.0/16": False,
                                  "2001:db8::/32": False})

    def test_expiry(self):
        self.assertNotIn("until", self.good("add", "192.0.2.1", "--expires", "90d"))
        self.good("add", "192.0.2.2", "--expires", "6d")
        one, two = self.listed()
        self.assertTrue(90 * 86400 - 60 <= one["left_s"] <= 90 * 86400, one)
        self.assertEqual((one["warnings"], two["warnings"]), ([], ["expires"]))
        self.assertIn("ends in 6 d", self.good("show", "192.0.2.2").replace("5 d 23 h", "6 d"))

    def test_settings_and_store_together(self):
        self.configure("[exempt]\nexample.org = rdns helo ; old server\n192.0.2.1 = all\n")
        self.good("add", "192.0.2.1", "--skip", "helo")
        self.good("add", "mail.example.org", "--skip", "rdns")
        self.good("add", "www.example.org", "--skip", "dnsbl")
        rows = self.listed_by_what()
        self.assertEqual(sorted(rows), [
            ("192.0.2.1", "settings"), ("192.0.2.1", "store"), ("example.org", "settings"),
            ("mail.example.org", "store"), ("www.example.org", "store")])
        self.assertEqual(rows["example.org", "settings"]["reason"], "old server")
        self.assertEqual({k: x["warnings"] for k, x in rows.items() if x["warnings"]}, {
            ("192.0.2.1", "store"): ["shadowed"], ("mail.example.org", "store"): ["shadowed"]})
        self.assertIn("does nothing that example.org (settings) does not do", self.good("list"))

    def test_show(self):
        for what in ("192.0.2.0/24", "192.0.0.0/16", "192.0.2.9", "example.org", "example.net"):
            self.good("add", what)
        shown = lambda what: [json.loads(x)["what"]                         # noqa: E731
                              for x in self.good("show", what, "--json").splitlines()]
        self.assertEqual(shown("192.0.2.7"), ["192.0.0.0/16", "192.0.2.0/24"])
        self.assertEqual(shown("192.0.2.0/24"), ["192.0.0.0/16", "192.0.2.0/24"])
        self.assertEqual(shown("a.b.example.org"), ["example.org"])
        self.bad(EX_NOINPUT, "nobody is exempt as org.example", "show", "org.example")
        self.bad(EX_NOINPUT, "nobody is exempt as ?", "show", "?")

    def test_remove(self):
        self.configure("[exempt]\n192.0.2.1 = rdns\n192.0.2.2 = rdns\n")
        self.good("add", "192.0.2.1")
        self.good("add", "192.0.2.3")
        self.assertIn("by section [exempt]", self.good("remove", "192.0.2.1"))
        self.bad(EX_NOINPUT, "remove it there", "remove", "192.0.2.1")
        self.bad(EX_NOINPUT, "remove it there", "remove", "192.0.2.2")
        self.assertEqual(self.good("remove", "192.0.2.3/32"), "192.0.2.3 is exempt no more\n")
        self.bad(EX_NOINPUT, "there is no exemption", "remove", "192.0.2.3")
        self.bad(EX_DATAERR, "is no address", "remove", "")

    def test_add_again_replaces(self):
        self.good("add", "192.0.2.1", "--skip", "rdns", "--expires", "1d", "--reason", "one")
        self.good("add", "192.0.2.1", "--skip", "helo", "--reason", "two")
        [entry] = self.listed()
        self.assertEqual((entry["checks"], entry["reason"]), (["helo"], "two"))
        self.assertNotIn("left_s", entry)

    def test_all_at_once_make_one_store(self):
        for round_ in range(5):
            self.store.unlink(missing_ok=True)
            started = [subprocess.Popen([MXWARD, "exempt", "add", "-c", self.conf,
                                         "192.0.2.%d" % i], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT) for i in range(8)]
            for process in started:
                out = process.communicate(timeout=30)[0]
                self.assertEqual(process.returncode, 0, (round_, out))
            self.assertEqual(len(self.listed()), 8)

    def test_no_store(self):
        self.configure("[exempt]\n192.0.2.1 = rdns\n", store=False)
        for args in (("add", "192.0.2.1"), ("remove", "192.0.2.1")):
            self.bad(EX_CONFIG, 'in section [store] of', *args)
        self.assertEqual([x["what"] for x in self.listed()], ["192.0.2.1"])

    def test_store_that_cannot_be_used(self):
        self.store.write_text("this was never a store, " * 100)
        for args in (("add", "192.0.2.1"), ("list",)):
            self.bad(EX_UNAVAILABLE, "the store cannot be used", *args)

    def test_settings_with_errors(self):
        self.configure("[exempt]\n192.0.2.1 = rdsn\n")
        self.bad(EX_CONFIG, 'did you mean "rdns"', "list")


class Mailbox(Rules):
    command = "mailbox"

    def switches(self, who):
        return json.loads(self.good("show", who, "--json"))["switches"]

    def test_help(self):
        done = subprocess.run([MXWARD, "mailbox", "--help"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("mxward mailbox set WHO", done.stdout)
        self.assertTrue(all(len(x) <= 84 for x in done.stdout.splitlines()))

    def test_command_line(self):
        self.bad(EX_USAGE, 'did you mean "list"', "lst")
        self.bad(EX_USAGE, "whose?", "set")
        self.bad(EX_USAGE, "which switches?", "set", "user@example.org")
        self.bad(EX_USAGE, 'unexpected "x"', "show", "user@example.org", "x")
        self.bad(EX_USAGE, 'unexpected "x"', "list", "x")
        self.bad(EX_USAGE, "--json is for", "set", "user@example.org", "skip=rdns", "--json")
        self.bad(EX_USAGE, "--seen is for list", "show", "user@example.org", "--seen")

    def test_set_adds_and_replaces(self):
        self.assertEqual(self.good("set", "User@Example.ORG", "skip=helo,rdns", "refuse=tag"),
                         "user@example.org: skip=rdns,helo refuse=tag\n")
        self.assertEqual(self.good("set", "user@example.org", "refuse=accept", "reject_at=5.5"),
                         "user@example.org: skip=rdns,helo reject_at=5.5 refuse=accept\n")
        self.assertEqual(self.switches("user@example.org"), {
            "skip": ["rdns", "helo"], "reject_at": 5.5, "refuse": "accept"})

    def test_the_key_is_what_a_recipient_is_looked_up_by(self):
        for who, key in (("@Example.org.", "@example.org"),
                         ('"A b"@example.org', "a b@example.org"),
                         ('"user"@example.net', "user@example.net")):
            self.assertEqual(self.good("set", who, "policy=off"), key + ": policy=off\n")
            self.assertEqual(self.switches(who), {"policy": "off"})
        self.assertEqual(self.switches("user@example.org"), {"policy": "off"})

    def test_every_switch(self):
        self.good("set", "@example.org", "skip=dnsbl", "only=spf,dnsbl", "policy=off",
                  "profile=monitor", "reject_at=10", "defer_at=0.25", "refuse=defer")
        self.assertEqual(self.switches("@example.org"), {
            "skip": ["dnsbl"], "only": ["spf", "dnsbl"], "policy": "off", "profile": "monitor",
            "reject_at": 10, "defer_at": 0.25, "refuse": "defer"})

    def test_nothing_wrong_is_written(self):
        for part, *args in (
                ('did you mean "skip"', "skp=rdns"),
                ('did you mean "rdns"', "skip=rdsn"),
                ("unknown check", "only=everything"),
                ("policy=off", "only=none"),
                ("switch \"z\"; there are skip, only, policy, profile, reject_at, defer_at, refuse\n", "z=1"),
                ("skip wants a value", "skip"),
                ("refuse wants a value", "refuse="),
                ("refuse", "refuse=drop"),
                ("profile", "profile=stric"),
                ("reject_at", "reject_at=0"),
                ("reject_at", "reject_at=lots"),
                ("defer_at", "defer_at=-1"),
                ('did you mean "skip"', "refuse=tag", "skp=rdns")):
            with self.subTest(args):
                self.bad(EX_DATAERR, part, "set", "user@example.org", *args)
        for who in ("user", "@", "user@", "a b@example.org", "@exa mple.org", "", "@-x.org",
                    "@a@example.org", "x" * 400 + "@example.org", '"\\"a\\""@example.org'):
            with self.subTest(who):
                self.bad(EX_DATAERR, "is no address and no @DOMAIN", "set", who, "skip=rdns")
        self.assertEqual(self.listed(), [])
        self.assertEqual(self.good("list"), "no mailbox has switches\n")

    def test_layers(self):
        self.good("set", "@example.org", "refuse=tag", "skip=rdns")
        self.good("set", "user@example.org", "skip=helo")
        self.good("set", "user+x@example.org", "refuse=reject")
        self.assertEqual(self.switches("other@example.org"), {"refuse": "tag", "skip": ["rdns"]})
        self.assertEqual(self.switches("USER+y@example.org"), {"refuse": "tag", "skip": ["helo"]})
        self.assertEqual(self.switches("user+x@example.org"),
                         {"refuse": "reject", "skip": ["helo"]})
        self.assertEqual(self.good("show", "user+x@example.org"), """holds: skip=helo refuse=reject
user+x@example.org  refuse=reject
user@example.org  skip=helo
@example.org  skip=rdns refuse=tag
""")
        self.bad(EX_NOINPUT, "has no switches", "show", "user@example.net")
        self.configure("[site]\nrecipient_delimiter = none\n")
        self.assertEqual(self.switches("user+y@example.org"), {"refuse": "tag", "skip": ["rdns"]})

    def test_unset(self):
        self.good("set", "user@example.org", "skip=rdns", "refuse=tag", "policy=off")
        self.assertEqual(self.good("unset", "user@example.org", "skip", "policy"),
                         "user@example.org: refuse=tag\n")
        self.bad(EX_DATAERR, 'did you mean "refuse"', "unset", "user@example.org", "refus")
        self.bad(EX_NOINPUT, "has no such switch", "unset", "user@example.org", "skip")
        self.assertEqual(self.good("unset", "user@example.org"),
                         "user@example.org: no switches any more\n")
        self.bad(EX_NOINPUT, "has no such switch", "unset", "user@example.org")
        self.assertEqual(self.listed(), [])

    def test_list_is_by_domain(self):
        for who in ("b@example.org", "@example.org", "z@example.net", "a@example.org"):
            self.good("set", who, "skip=rdns")
        self.assertEqual([x["mailbox"] for x in self.listed()],
                         ["z@example.net", "@example.org", "a@example.org", "b@example.org"])
        self.assertEqual(self.good("list").splitlines()[1], "@example.org  skip=rdns")

    def test_other_domains_are_warned_of(self):
        self.configure("[site]\ndomains = example.org\n")
        self.good("set", "user@Example.org", "skip=rdns")
        done = self.run_it("set", "user@exmaple.org", "skip=rdns")
        self.assertEqual(done.returncode, 0)
        self.assertIn("exmaple.org is none of", done.stderr)

    def test_check_uses_them(self):
        self.good("set", "user@example.org", "refuse=tag")
        done = subprocess.run(
            [MXWARD, "check", "-c", self.conf, "--ip", "203.0.113.5", "--helo", "localhost",
             "--resolver", "none", "--rcpt", "user@example.org", "--rcpt", "x@example.org",
             "--json"], capture_output=True, text=True, timeout=30)
        tagged, other = map(json.loads, done.stdout.splitlines())
        self.assertEqual((tagged["verdict"], other["verdict"]), ("tag", "reject"))
        self.assertEqual(tagged["mailbox"], "user@example.org refuse=tag")
        self.assertNotIn("mailbox", other)

    def test_no_store(self):
        self.configure(store=False)
        for args in (("set", "user@example.org", "skip=rdns"), ("unset", "user@example.org")):
            self.bad(EX_CONFIG, 'in section [store] of', *args)
        self.assertEqual(self.listed(), [])
        self.bad(EX_NOINPUT, "has no switches", "show", "user@example.org")

    def test_store_that_cannot_be_used(self):
        self.store.write_text("this was never a store, " * 100)
        for args in (("set", "user@example.org", "skip=rdns"), ("list",)):
            self.bad(EX_UNAVAILABLE, "the store cannot be used", *args)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
