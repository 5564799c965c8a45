"""DNS lists, in front of a real daemon: what listings do, and that no list can reject the world."""
import concurrent.futures
import ipaddress
import json
import os
import subprocess
import time
import unittest

from bed.daemon import Mxward, find_binary, run_check, run_status
from bed.dns import ListDns, TestDns
from bed.place import wait_for
from bed.raw import RawPolicy
from case import Case, MxwardCase, build_folder
from shared import shared_folder
from test_verdicts import OK, SITE, Milter, Policy, Verdicts
from world import C

KEY = "s3cr3tcust0merkey"
LISTED = ["192.0.2.%d" % i for i in range(1, 60)]
ONLY_LISTS = SITE + "[policy]\nchecks = dnsbl\n[health]\nwatch_findings = no\n"


def backwards(address):
    return ".".join(reversed(address.split(".")))


class ListCase(Case):
    """A daemon of its own with a resolver of its own."""

    lists = ("a.example", "b.example")
    sections = ONLY_LISTS + "".join(
        "[dnsbl %s]\n127.0.0.2-127.0.0.254 = reject ; a listing\ntext = no\n" % z for z in lists)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        place = cls.bed.place
        entries = {backwards(a) for a in LISTED}
        cls.dns = ListDns(cls.bed.loop, place, {z: entries for z in cls.lists})
        cls.address = ("127.0.0.1", place.port())
        cls.daemon = Mxward(place, find_binary(build_folder()), cls.dns.port, policy=cls.address,
                            sections=cls.sections)
        cls.mxward = cls.daemon     # the one that is looked at
        cls.daemon.start()

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        self.count = 0
        self.dns.wrong.clear()
        self.dns.names.clear()

    def ask(self, policy, address, **more):
        self.count += 1
        return policy.ask(client_address=address, instance="x.%d.%d" % (id(self), self.count),
                          **more)

    def status(self):
        """The page of `mxward status`."""
        status, out, err = run_status(self.daemon.binary, "-c", self.daemon.conf)
        self.assertEqual((status, err), (0, ""))
        return out

    def wait_events(self, event, number, after, seconds=15):
        """This many lines of that event since the log had `after` lines."""
        wait_for(lambda: sum("event=%s " % event in line
                             for line in self.daemon.log().splitlines()[after:]) >= number,
                 seconds, "%d lines %s in the log" % (number, event))

    def heal(self):
        """All lists are well and believed again."""
        self.dns.wrong.clear()
        mark = len(self.daemon.log().splitlines())
        self.daemon.reload()
        self.wait_events("reloaded", 1, mark)
        with RawPolicy(self.address) as policy:
            wait_for(lambda: self.ask(policy, LISTED[0]).startswith("550"), 10, "lists are back")


class World(ListCase):
    """Whatever a list does, it refuses nobody who is not on it."""

    WRONGS = ("127.0.0.2", "127.255.255.254", "203.0.113.80", "127.0.0.1")

    def play(self, number, wrong_from):
        """Refused of so many clients that no list has, of whom the lists turn wrong at one."""
        refused = 0
        with RawPolicy(self.address) as policy:
            for i in range(number):
                if i == wrong_from:
                    self.dns.wrong.update({z: self.wrong for z in self.lists})
                address = str(ipaddress.IPv4Address("198.18.0.0") + self.offset + i)
                refused += not self.ask(policy, address).startswith("DUNNO")
        self.offset += number
        return refused

    def test_ten_thousand(self):
        self.offset = total = 0
        for self.wrong in self.WRONGS:
            with self.subTest(self.wrong):
                self.heal()
                with RawPolicy(self.address) as policy:     # they do work
                    self.assertRegex(self.ask(policy, LISTED[1]), "^550 5.7.1 192.0.2.2 is on")
                self.assertEqual(self.play(2500, 100), 0)
                total += 2500
                with RawPolicy(self.address) as policy:     # and are believed no more
                    self.assertEqual(self.ask(policy, LISTED[2]), "DUNNO")
        self.assertEqual(total, 10000)

    def test_turning_wild_among_cached_listings(self):
        """The very next mail after the change is not refused: no older canary speaks for it."""
        self.heal()
        with RawPolicy(self.address) as policy:
            for address in LISTED[3:20]:
                self.assertTrue(self.ask(policy, address).startswith("550"))
            self.dns.wrong.update({z: "127.0.0.2" for z in self.lists})
            self.assertEqual(self.ask(policy, "198.51.100.99"), "DUNNO")

    def test_from_the_start(self):
        self.dns.wrong.update({z: "127.0.0.2" for z in self.lists})
        self.daemon.stop()
        self.daemon.start()
        with RawPolicy(self.address) as policy:
            for i in range(200):
                self.assertEqual(self.ask(policy, "198.51.100.%d" % i), "DUNNO")
        self.dns.wrong.clear()


class Health(ListCase):
    """A list that fails is let alone, and comes back by itself."""

    def test_dead_list_costs_one_wait(self):
        self.heal()
        mark = len(self.daemon.log().splitlines())
        self.dns.wrong["a.example"] = "silent"
        with RawPolicy(self.address, 20) as policy:
            self.assertEqual(self.ask(policy, "198.51.100.1"), "DUNNO")
            self.wait_events("list_suspended", 1, mark)
            self.dns.names.clear()
            began = time.monotonic()
            for i in range(2, 52):
                self.assertEqual(self.ask(policy, "198.51.100.%d" % i), "DUNNO")
            self.assertLess(time.monotonic() - began, 2)
            # The other list is asked as ever, and still refuses.
            self.assertTrue(self.ask(policy, LISTED[30]).startswith("550"))
        asked = [n for n in self.dns.names
                 if n.endswith("100.51.198.a.example")]
        self.assertEqual(asked, [])
        line = next(x for x in self.daemon.log().splitlines()[mark:] if "list_suspended" in x)
        self.assertIn("list=a.example state=silent", line)
        page = self.status()
        self.assertRegex(page, r"a\.example silent.*: does not answer")
        self.assertRegex(page, r"b\.example fine, tested ")
        # Back-off: after 5 s it is tested and found well.
        self.dns.wrong.clear()
        self.wait_events("list_resumed", 1, mark, 20)
        with RawPolicy(self.address) as policy:
            self.assertIn("a.example", self.ask(policy, LISTED[31]))

    def test_dead_resolver_is_not_the_lists_fault(self):
        self.heal()
        self.dns.stop()
        with RawPolicy(self.address, 30) as policy:
            # Whoever is under way while nobody knows it yet, and those who come afterwards.
            for i in range(60, 70):
                self.assertEqual(self.ask(policy, "198.51.100.%d" % i), "DUNNO")
                time.sleep(1)
        self.dns.start()
        mark = time.monotonic()
        with RawPolicy(self.address) as policy:
            wait_for(lambda: all(x in self.status() for x in ("a.example fine", "b.example fine")),
                     15, "lists are well")
            wait_for(lambda: self.ask(policy, LISTED[40]).startswith("550"), 5, "they refuse again")
        self.assertLess(time.monotonic() - mark, 15)    # no pause has grown meanwhile

    def test_test_entries_are_looked_at_in_the_beginning(self):
        self.dns.wrong["b.example"] = "empty"
        mark = len(self.daemon.log().splitlines())
        self.daemon.stop()
        self.daemon.start()
        self.wait_events("list_suspended", 1, mark)
        self.assertIn("state=empty", self.daemon.log())
        self.assertIn("2.0.0.127.a.example", self.dns.names)
        self.assertIn("1.0.0.127.a.example", self.dns.names)


class Keys(Case):
    """The key of a paid list goes to that list and nowhere else."""

    def test_key_is_nowhere(self):
        place = self.bed.place
        key_file = place.write("dqs.key", KEY + "\n")
        zone = KEY + ".zen.dq.spamhaus.net"
        dns = ListDns(self.bed.loop, place, {zone: {backwards(LISTED[0])}}, records={
            (backwards(LISTED[0]) + "." + zone, 16):
                bytes((len(KEY) + 24,)) + b"https://list.example/?k=" + KEY.encode()})
        sections = ONLY_LISTS + "[log]\nlevel = debug\n[dnsbl zen.dq.spamhaus.net]\n" \
            "key_file = %s\n127.0.0.2 = reject\n" % key_file
        address = ("127.0.0.1", place.port())
        binary = find_binary(build_folder())
        daemon = Mxward(place, binary, dns.port, policy=address, sections=sections)
        daemon.start()
        shown = ""
        with RawPolicy(address) as policy:
            answer = policy.ask(client_address=LISTED[0])
            self.assertRegex(answer, "^550 5.7.1 .*zen.dq.spamhaus.net .*list.example")
            shown += answer
            self.assertEqual(policy.ask(client_address="198.51.100.1", instance="2"), "DUNNO")
        self.assertIn(backwards(LISTED[0]) + "." + zone, dns.names)     # it was asked with it
        for pid in daemon.pids():
            for name in ("cmdline", "comm", "environ"):
                with open("/proc/%d/%s" % (pid, name), "rb") as f:
                    shown += f.read().decode("latin-1")
        config = place.write("key.conf", "[dns]\nresolver = 127.0.0.1@%d\n" % dns.port + sections)
        for command in (["--json"], []):
            status, out, err = run_check(binary, "--ip", LISTED[0], "--helo", "h.example",
                                         "--from", "a@example.org", "-c", config, *command)
            self.assertEqual(status, 1, err)
            shown += out + err
        for page in ([], ["--json"]):
            shown += "".join(map(str, run_status(binary, "-c", daemon.conf, *page)))
        shown += subprocess.run([binary, "conf", "show", "-c", config], capture_output=True,
                                text=True, check=True).stdout
        dns.wrong[zone] = "127.255.255.254"
        wait = len(daemon.log().splitlines())
        with RawPolicy(address) as policy:
            self.assertEqual(policy.ask(client_address="198.51.100.2", instance="3"), "DUNNO")
        wait_for(lambda: "list_suspended" in daemon.log(), 5, "the list is suspended")
        self.assertGreater(len(daemon.log().splitlines()), wait)
        daemon.stop()
        shown += daemon.log()
        self.assertNotIn(KEY, shown.lower())
        self.assertIn("mxward-key", shown)      # what stands in its place

    def test_key_in_the_wrong_place(self):
        config = self.bed.place.write(
            "key2.conf", "[dnsbl %s.zen.dq.spamhaus.net]\ntext = no\n" % KEY)
        status, out, err = run_check(find_binary(build_folder()), "--ip", "192.0.2.1",
                                     "-c", config, "--resolver", "none")
        self.assertEqual(status, 78)
        self.assertIn("key2.conf:1: a key does not belong in a section's name", err)
        self.assertNotIn(KEY, out + err)


class Corpus(Case):
    """The shared cases of DNS lists, each through `mxward check` and the scripted server."""

    CONF = SITE + """[policy]
checks = dnsbl
[networks]
ours = 10.0.0.0/8
[lists]
total_cap = 0
[dnsbl bl.example.net]
127.0.0.2-127.0.0.254 = score 1
127.1.0.0-127.1.0.255 = score 1
[dnsbl dbl.example.net]
kind = domain
127.0.1.2-127.0.1.254 = score 1
[dnsbl wild.example.net]
127.0.0.2 = score 1
[dnsbl dead.example.net]
127.0.0.2 = score 1
"""

    @classmethod
    def setUpClass(cls):
        cls.folder = shared_folder()
        if not cls.folder:
            raise unittest.SkipTest("no shared folder (set MXWARD_SHARED)")
        super().setUpClass()
        cls.conf = cls.bed.place.write("lists.conf", cls.CONF)

    def check(self, port, test):
        query, options = test["query"], ["--ip", "198.51.100.77", "--helo", "nobody.example"]
        try:
            options[1] = str(ipaddress.ip_address(query))
        except ValueError:
            options[3] = query
        status, out, err = run_check(
            find_binary(build_folder()), *options, "--from", "", "-c", self.conf, "--json",
            "--resolver", "127.0.0.1@%d" % port)
        self.assertIn(status, (0, 1, 2), err)
        return json.loads(out)

    def result(self, report, zone):
        """("listed", "error", "broken", "temperror" or "notlisted", text of the list)"""
        for f in report["findings"]:
            if f["evidence"].get("list") != zone:
                continue
            if f["id"] in ("dnsbl_listed", "dnsbl_name_listed"):
                return "listed", f["evidence"]["reason"]
            problem = f["evidence"]["problem"]
            return ("error" if "error code" in problem else "broken" if "no answer of a list"
                    in problem else "wild" if "cannot be listed" in problem else "temperror"), ""
        return "notlisted", ""

    def test_all(self):
        with open(os.path.join(self.folder, "corpora", "dns", "dnsbl-tests.json")) as f:
            scenarios = json.load(f)["scenarios"]
        right = 0
        for scenario in scenarios:
            dns = TestDns(self.bed.place, os.path.join(self.folder, "tools", "testdns.py"),
                          "dnsbl-%d" % scenario["index"], scenario)
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                reports = list(pool.map(lambda t: self.check(dns.port, t), scenario["tests"]))
            dns.process.stop()
            for test, report in zip(scenario["tests"], reports):
                with self.subTest(test["id"]):
                    got, text = self.result(report, test["list"])
                    # That a list has everybody is found out here by the first mail already.
                    want = ["wild"] if test["id"] == "lists-everything" else test["result"]
                    self.assertIn(got, want, report["findings"])
                    if got == "listed" and "txt" in test:
                        self.assertIn(test["txt"], text)
                    right += 1
        self.assertEqual(right, 28)


class Listed(Verdicts):
    """Exact replies as a client of Postfix sees them: a list that refuses, defers, adds points."""

    sections = SITE + """[dnsbl bl.lists.example]
127.0.0.2 = reject ; spam source
127.0.0.3 = defer ; being looked at
127.0.0.4 = score 2
lookup = https://bl.lists.example/?q={address}
"""
    page = "see https://bl.lists.example/?q=%s for the reason and how to be taken off"
    replies = {
        "listed": (550, "5.7.1", "192.0.2.70 is on the block list bl.lists.example (spam source; it "
                   "says: hit a trap, 2026-11-02): " + page % "192.0.2.70"),
        "half_listed": (451, "4.7.1", "192.0.2.71 is on the block list bl.lists.example (being "
                        "looked at): " + page % "192.0.2.71"),
        "slightly_listed": OK,
        "good": OK,
    }

    def test_postmaster(self):
        self.assertEqual(str(self.ask(self.way, C["listed"], rcpt="postmaster@example.org")), OK)


class PolicyListed(Listed, Policy, MxwardCase):
    pass


class MilterListed(Listed, Milter, MxwardCase):
    pass


if __name__ == "__main__":
    unittest.main()
