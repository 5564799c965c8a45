"""The base of every end-to-end test, with the three invariants of the design.

1. A 5xx needs positive evidence: each client of world.py says what is true of it, and a 5xx to one
   that is guilty of nothing fails the test.
2. Every request gets exactly one well-formed answer in time: the taps watch the wire.
3. Memory and descriptors are capped, and mxward is alive at the end.
"""
import contextlib
import os
import re
import unittest

from bed.daemon import Mxward, find_binary
from bed.place import Missing
from bed.smtp import Smtp
from shared import SOURCE_ROOT, bed

HARD_SECONDS = 8.0
MAX_KIB, MAX_KIB_SANITIZED = 64 * 1024, 512 * 1024
MAX_DESCRIPTORS = 512
OWN_5XX = re.compile(r"5\d\d 5\.1\.1 .*User unknown|554 5\.7\.1 .*Relay access denied"
                     r"|554 5\.5\.1 Error: no valid recipients|50[0-9] ")  # Postfix's, not ours


def build_folder():
    return os.environ.get("MXWARD_BUILD") or os.path.join(SOURCE_ROOT, "build")


class Case(unittest.TestCase):
    """Watches the taps during each test.  self.bed is the shared bed."""

    mxward = None

    @classmethod
    def setUpClass(cls):
        try:
            cls.bed = bed()
        except Missing as error:
            raise unittest.SkipTest(str(error))

    def setUp(self):
        self.sessions = []
        for tap in self.bed.taps:
            tap.exchanges.clear()
            tap.problems.clear()

    def tearDown(self):
        for client, smtp in self.sessions:
            smtp.close()
        problems = self.broken_invariants()
        self.assertEqual(problems, [], "an invariant of the design does not hold")

    # sessions -------------------------------------------------------------------------------

    def connect(self, listener, client, **xclient):
        """A session of this client up to and including EHLO."""
        smtp = Smtp(self.bed.postfix.ports[listener])
        self.sessions.append((client, smtp))
        reply = smtp.xclient(client.addr, client.rdns, **xclient)
        self.assertEqual(reply.code, 220, reply)
        self.assertEqual(smtp.ehlo(client.helo).code, 250)
        return smtp

    def ask(self, listener, client, sender="sender@good.example", rcpt="user@example.org", **x):
        """The reply to RCPT, or to MAIL if that was refused; the session is over."""
        smtp = self.connect(listener, client, **x)
        reply = smtp.mail(sender)
        if reply.code == 250:
            reply = smtp.rcpt(rcpt)
        smtp.quit()
        return reply

    # the invariants ---------------------------------------------------------------------------

    @contextlib.contextmanager
    def outage(self):
        """Requests made inside may stay without an answer: the test broke the daemon."""
        marks = [(tap, len(tap.exchanges)) for tap in self.bed.taps]
        try:
            yield
        finally:
            for tap, mark in marks:
                for exchange in tap.exchanges[mark:]:
                    exchange.excused = True

    def broken_invariants(self):
        return (self.unfounded_refusals() + self.unprintable_replies() + self.wire_problems()
                + self.log_problems() + self.excesses())

    def unfounded_refusals(self):
        return ["%s is guilty of nothing, but %r got: %s" % (client.name, command, reply)
                for client, smtp in self.sessions if not client.guilty
                for command, reply in smtp.replies
                if reply.code >= 500 and not OWN_5XX.match(str(reply))]

    def unprintable_replies(self):
        return ["%r got bytes beyond printable ASCII: %r" % (command, reply)
                for _, smtp in self.sessions for command, reply in smtp.replies
                if not all(line.isascii() and line.isprintable() for line in reply.lines)]

    def log_problems(self):
        """One printable line of at most 2 KiB for each event (design, 10)."""
        lines = self.mxward.log().splitlines() if self.mxward else []
        return ["log line: %r" % line for line in lines
                if not (line.isascii() and line.isprintable()) or len(line) > 2048]

    def wire_problems(self):
        found = []
        for tap in self.bed.taps:
            found += tap.problems
            for exchange in tap.exchanges:
                if not exchange.excused and exchange.answer is None:
                    found.append("no answer: %r" % exchange)
                elif not exchange.excused and exchange.seconds > HARD_SECONDS:
                    found.append("late: %r" % exchange)
        return found

    def excesses(self):
        if self.mxward is None:
            return []
        if not self.mxward.process.alive():
            return ["mxward ended: " + self.mxward.log()[-2000:]]
        limit = MAX_KIB_SANITIZED if self.mxward.sanitized() else MAX_KIB
        return ["process %d: %d KiB, %d descriptors" % row for row in self.mxward.usage()
                if row[1] > limit or row[2] > MAX_DESCRIPTORS]


class MxwardCase(Case):
    """A class of tests with one mxward, with `sections` in its settings."""

    sections = ""
    unix = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        b = cls.bed
        cls.mxward = Mxward(
            b.place, find_binary(build_folder()), cls.make_resolver(b),
            policy=b.unix_address if cls.unix else b.policy_address, milter=cls.make_milter(b),
            sections=cls.make_sections(b))
        cls.mxward.start()

    @classmethod
    def make_milter(cls, b):
        """The addresses at which it is a milter."""
        return b.milter_address

    @classmethod
    def make_resolver(cls, b):
        """The port of the resolver to be used."""
        return b.unbound.port

    @classmethod
    def make_sections(cls, b):
        """The settings; for those that name a file in b.place."""
        return cls.sections

    @classmethod
    def tearDownClass(cls):
        if cls.mxward.process.alive():
            status = cls.mxward.stop()
            if status != 0:
                raise AssertionError("mxward stopped with status %d:\n%s"
                                     % (status, cls.mxward.log()[-2000:]))
