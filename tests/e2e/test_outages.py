"""A dead or silent mxward, a dead or slow resolver: what the client sees, and how soon."""
import contextlib
import os
import signal
import time

from bed.dns import SlowResolver
from bed.place import can_connect, wait_for
from bed.raw import RawMilter
from case import MxwardCase
from shared import POLICY_SECONDS
from test_verdicts import OK, SITE, Milter, Policy
from world import C

STRICT = SITE + "[policy]\nprofile = strict\n"


class BrokenDaemon:
    """Postfix is told to wait POLICY_SECONDS and then to act by itself, in one of two ways."""

    sections = STRICT

    def setUp(self):
        super().setUp()
        if not self.mxward.process.alive():
            self.mxward.start()

    def tearDown(self):
        if not self.mxward.process.alive():
            self.mxward.start()
        super().tearDown()

    def assertDefaults(self, seconds):
        """Both default actions, each in time; then, with the daemon well again, real verdicts."""
        with self.outage():
            for listener, reply in self.defaults.items():
                began = time.monotonic()
                self.assertEqual(str(self.ask(listener, C["good"])), reply)
                self.assertLess(time.monotonic() - began, seconds)

    def assertVerdicts(self):
        for listener in self.defaults:
            self.assertEqual(str(self.ask(listener, C["good"])), OK)
            self.assertEqual(self.ask(listener, C["no_ptr"]).code, 550)

    def test_killed_and_started_again(self):
        self.assertVerdicts()
        self.mxward.kill()
        self.assertDefaults(POLICY_SECONDS + 2)
        self.mxward.start()
        self.assertVerdicts()

    def test_frozen_and_thawed(self):
        self.mxward.freeze()
        try:
            self.assertDefaults(2 * POLICY_SECONDS + 2)
        finally:
            self.mxward.thaw()
        self.assertVerdicts()

    def test_worker_killed(self):
        workers = wait_for(     # the parent listens before its worker exists
            lambda: [p for p in self.mxward.pids() if p != self.mxward.process.pid], 3, "a worker")
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        with self.outage():
            wait_for(lambda: str(self.ask(list(self.defaults)[0], C["good"])) == OK, 5,
                     "verdicts again")
        self.assertVerdicts()

    def test_killed_in_the_middle_of_a_session(self):
        open_listener = list(self.defaults)[1]
        smtp = self.connect(open_listener, C["good"])
        smtp.mail("middle@good.example")
        with self.outage():
            self.mxward.kill()
            self.assertEqual(str(smtp.rcpt("user@example.org")), OK)
        self.mxward.start()
        self.assertEqual(smtp.data("Subject: middle\n\nx").code, 250)


class PolicyBroken(BrokenDaemon, Policy, MxwardCase):
    defaults = {
        "policy_closed": "451 4.3.5 <user@example.org>: Recipient address rejected: "
                         "mail filter is out of order",
        "policy_open": OK,
    }


class MilterBroken(BrokenDaemon, Milter, MxwardCase):
    defaults = {
        "milter_closed": "451 4.7.1 Service unavailable - try again later",
        "milter_open": OK,
    }


class Parent(MxwardCase):
    def test_workers_do_not_outlive_their_parent(self):
        pids = self.mxward.pids()
        os.kill(self.mxward.process.pid, signal.SIGKILL)
        self.mxward.process.popen.wait()
        wait_for(lambda: not any(os.path.exists("/proc/%d" % p) for p in pids), 3,
                 "the workers to end")
        self.assertFalse(can_connect(self.bed.policy_address))
        self.mxward.start()

    def test_graceful_stop(self):
        """A question under way is answered, the status is 0."""
        slow = SlowResolver(self.bed.loop, self.bed.place, self.bed.unbound.port, 1.0)
        self.mxward.stop()
        self.mxward.resolver_port = slow.port
        self.mxward.configure(STRICT)
        self.mxward.start()
        smtp = self.connect("policy", C["no_ptr"])
        smtp.mail("stop@good.example")
        smtp.sock.sendall(b"RCPT TO:<user@example.org>\r\n")
        wait_for(lambda: slow.questions, 3, "a question")
        self.mxward.process.signal(signal.SIGTERM)
        self.assertEqual(smtp._read("RCPT").code, 550)
        self.assertEqual(self.mxward.process.popen.wait(5), 0)
        self.mxward.resolver_port = self.bed.unbound.port
        self.mxward.configure(STRICT)
        self.mxward.start()


class OneOfTwoWorkers(MxwardCase):
    """A worker that dies takes its own sessions with it, and nobody else's."""
    sections = STRICT + "[daemon]\nworkers = 2\n"
    MOST = 300

    def descriptors(self):
        return {pid: fds for pid, _, fds in self.mxward.usage() if pid != self.mxward.process.pid}

    def settled(self):
        """Both workers are there and have opened what they need."""
        def twice_the_same():
            first = self.descriptors()
            time.sleep(0.3)
            return first if len(first) == 2 and first == self.descriptors() else None
        return wait_for(twice_the_same, 5, "two workers at rest")

    def sessions_of_both(self, stack):
        """Sessions in the middle of a message, until each worker has some."""
        before, sessions = self.settled(), []
        while any(self.descriptors()[pid] < n + 3 for pid, n in before.items()):
            self.assertLess(len(sessions), self.MOST)
            raw = stack.enter_context(RawMilter(self.bed.milter_address))
            raw.negotiate()
            self.assertEqual(raw.transaction("192.0.2.10", "mail.good.example", "a@good.example",
                                             "user@example.org"), ("c", b""))
            sessions.append(raw)
        return sessions

    def test_one_dies(self):
        # A session of the bed's Postfix, which is just beginning, may be among the lost ones.
        with contextlib.ExitStack() as stack, self.outage():
            sessions, lost = self.sessions_of_both(stack), 0
            victim = min(self.descriptors())
            os.kill(victim, signal.SIGABRT)
            wait_for(lambda: victim not in self.descriptors(), 3, "the worker to end")
            for raw in sessions:
                try:
                    self.assertEqual(raw.ask("R", b"<other@example.org>\0"), ("c", b""))
                except (EOFError, ConnectionResetError):
                    lost += 1
            self.assertTrue(0 < lost < len(sessions), (lost, len(sessions)))
            wait_for(lambda: len(self.descriptors()) == 2, 3, "a new worker")
        self.assertEqual(str(self.ask("milter", C["good"])), OK)
        self.assertEqual(str(self.ask("policy", C["good"])), OK)


class DeadResolver(MxwardCase):
    """Every question is lost: an answer within 5 s, once a 451, never a 5xx."""
    sections = STRICT

    @classmethod
    def make_resolver(cls, b):
        return SlowResolver(b.loop, b.place, 0, None).port

    def timed(self, way, name, sender):
        began = time.monotonic()
        reply = self.ask(way, C[name], sender)
        return reply, time.monotonic() - began

    def test_policy(self):
        self.check("policy", "no_ptr")

    def test_milter(self):
        self.check("milter", "mismatch")

    def check(self, way, name):
        sender = "dead.%s@good.example" % way
        reply, seconds = self.timed(way, name, sender)
        self.assertEqual(reply.code, 451, reply)
        self.assertLess(seconds, 5.5)
        reply, seconds = self.timed(way, name, sender)
        self.assertEqual(str(reply), OK)
        self.assertLess(seconds, 5.5)

    def test_postmaster_need_not_wait(self):
        began = time.monotonic()
        self.assertEqual(str(self.ask("policy", C["no_ptr"], rcpt="postmaster@example.org")), OK)
        self.assertLess(time.monotonic() - began, 5.5)


class ClosedResolver(DeadResolver):
    """Nobody listens at the resolver's port."""

    @classmethod
    def make_resolver(cls, b):
        return b.place.port()


class SlowAnswers(MxwardCase):
    """A resolver that needs a second for each answer: late, but right."""
    sections = STRICT

    @classmethod
    def make_resolver(cls, b):
        return SlowResolver(b.loop, b.place, b.unbound.port, 1.0).port

    def test_right_verdicts(self):
        for way in ("policy", "milter"):
            self.assertEqual(str(self.ask(way, C["good" if way == "policy" else "good2"])), OK)
            self.assertEqual(
                self.ask(way, C["no_ptr" if way == "policy" else "mismatch"]).code, 550)
