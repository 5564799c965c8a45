"""Exemptions of the store through a real Postfix: they hold at once, for whom they were made, and
no longer than they were made for.

The profile is strict, so that a client without reverse name is refused.
"""
import json
import os
import pwd
import shutil
import time

from bed.daemon import run_command
from bed.place import wait_for
from case import MxwardCase
from test_verdicts import OK, SITE
from world import C

AT_ONCE = 1.0       # seconds from the command to its effect
# Whom a daemon that root has started runs as.
DAEMON_USER = "mxward" if "mxward" in [x.pw_name for x in pwd.getpwall()] else "nobody"


SECTIONS = SITE + """[policy]
profile = strict
[actions]
helo_bare_ip = reject
[store]
file = %s
"""


class Stored(MxwardCase):
    """A daemon with a store, which commands change while it runs."""

    @classmethod
    def make_sections(cls, b):
        folder = b.place.path("store-" + cls.__name__)
        os.makedirs(folder, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(folder, DAEMON_USER)
        cls.store = os.path.join(folder, "store.db")
        return SECTIONS % cls.store

    def command(self, *args, status=0):
        done = run_command(self.mxward.binary, *args[:2], "-c", self.mxward.conf, *args[2:])
        self.assertEqual(done[0], status, done)
        return done[1]

    def told(self, client="no_ptr", sender="a@good.example", rcpt="user@example.org"):
        reply = self.ask(self.way, C[client], sender, rcpt)
        return str(reply) if reply.code == 250 else reply.code

    def becomes(self, want, *args):
        """What a client is told changes to this at once, and stays."""
        began = time.monotonic()
        wait_for(lambda: self.told(*args) == want, 5, "the answer %r" % (want,))
        limit = AT_ONCE * (4 if self.mxward.sanitized() else 1)
        self.assertLess(time.monotonic() - began, limit)
        self.assertEqual(self.told(*args), want)


class Exemptions:
    def add(self, what, *more):
        self.command("exempt", "add", what, *more)
        self.addCleanup(lambda: self.forget(what))

    def forget(self, what):
        run_command(self.mxward.binary, "exempt", "remove", "-c", self.mxward.conf, what)

    def entry(self, what):
        [line] = self.command("exempt", "show", what, "--json").splitlines()
        return json.loads(line)

    def test_address(self):
        self.assertEqual(self.told(), 550)
        self.add("192.0.2.20", "--reason", "ticket 4711")
        self.becomes(OK)
        self.mxward.wait_log("event=decision", "way=" + self.way, "verdict=accept",
                             'exempt="192.0.2.20: ticket 4711"')
        self.assertEqual(self.told("no_ptr_bare"), 550)
        self.command("exempt", "remove", "192.0.2.20")
        self.becomes(550)

    def test_only_the_named_checks(self):
        self.add("192.0.2.0/24", "--skip", "helo")
        self.becomes(OK, "bare_ip")
        self.assertEqual(self.told(), 550)

    def test_hits(self):
        self.add("192.0.2.16/28")
        self.becomes(OK)
        time.sleep(1)       # for what is on its way to the log and to the store
        seen = len(self.mxward.log_lines("way=" + self.way, "exempt=192.0.2.16/28"))
        self.assertGreaterEqual(seen, 2)
        self.assertEqual(self.entry("192.0.2.16/28")["hits"], seen)
        self.assertLess(self.entry("192.0.2.16/28")["last_hit_s"], 60)
        self.forget("192.0.2.16/28")

    def test_confirmed_reverse_name(self):
        self.assertEqual(self.told("partner"), 550)
        self.add("partner.example", "--skip", "rdns,helo")
        self.becomes(OK, "partner")
        # Its reverse name says the same, and does not resolve back.
        self.assertEqual(self.told("false_partner"), 550)

    def test_sender_for_whom_spf_vouches(self):
        self.assertEqual(self.told(sender="a@cheat.example"), 550)
        self.add("cheat.example")
        self.becomes(OK, "no_ptr", "a@cheat.example")
        self.assertEqual(self.told(sender="a@good.example"), 550)

    def test_forged_sender_earns_nothing(self):
        self.add("192.0.2.24")          # to know when the others are in force
        for what in ("fail.example", "softfail.example", "everybody.example", "good.example"):
            self.add(what, "--skip", "all")
        self.add("192.0.2.25")
        self.becomes(OK, "bare_ip")
        time.sleep(AT_ONCE)
        for domain in ("fail", "softfail", "everybody", "good"):
            with self.subTest(domain):
                self.assertEqual(self.told(sender="a@%s.example" % domain), 550)

    def test_it_ends(self):
        self.add("192.0.2.20", "--expires", "4s")
        made = time.monotonic()
        self.becomes(OK)
        wait_for(lambda: self.told() == 550, 8, "the exemption to end")
        self.assertGreater(time.monotonic() - made, 2)
        time.sleep(1)       # the store counts in whole seconds
        self.assertEqual(self.command("exempt", "show", "192.0.2.20", status=66), "")

    def test_reload_keeps_them(self):
        self.add("192.0.2.20")
        self.becomes(OK)
        for _ in range(3):
            before = len(self.mxward.log_lines("event=reloaded"))
            self.mxward.reload()
            self.mxward.wait_log("event=reloaded", after=before)
            self.assertEqual(self.told(), OK)
        self.command("exempt", "remove", "192.0.2.20")
        self.becomes(550)


class PolicyExemptions(Exemptions, Stored):
    way = "policy"


class MilterExemptions(Exemptions, Stored):
    way = "milter"


class Start(Stored):
    """A daemon that begins knows its exemptions before it refuses anybody."""

    way = "policy"

    def test_nobody_exempt_is_refused_at_the_start(self):
        self.command("exempt", "add", "192.0.2.20")
        self.mxward.stop()
        self.mxward.start()
        self.assertNotEqual(self.told(), 550)
        self.becomes(OK)
        self.assertEqual(self.told("no_ptr_bare"), 550)
