"""Callouts at real mail servers, by hand and from the daemon, and a server that verifies senders by
callout itself, with whom that happens both ways at once.
"""
import json
import socket
import threading
import time
import unittest

from bed.daemon import run_command
from bed.exim import ReceivingExim
from bed.forward import Forward
from bed.opensmtpd import OpenSmtpd
from bed.place import Missing, wait_for
from bed.smtp import Smtp
from case import MxwardCase
from world import C

POSTFIX, EXIM, OPENSMTPD = "127.0.0.11", "127.0.0.12", "127.0.0.13"
ZONE = """probe.example.net. 300 IN A 127.0.0.7
7.0.0.127.in-addr.arpa. 300 IN PTR probe.example.net.
second.example. 300 IN MX 10 mx.second.example.
mx.second.example. 300 IN A 127.0.0.11
exim.example. 300 IN MX 10 mx.exim.example.
mx.exim.example. 300 IN A 127.0.0.12
open.example. 300 IN MX 10 mx.open.example.
mx.open.example. 300 IN A 127.0.0.13
empty.example. 300 IN MX 10 mx.empty.example.
mx.empty.example. 300 IN A 127.0.0.14
"""
SECTIONS = """[site]
hostname = mx.example.net
domains = example.net
[networks]
ours =
[policy]
checks = spf callout
[dns]
zone = %(zone)s
[callout]
enabled = yes
from = 0
helo = probe.example.net
address4 = 127.0.0.7
port = %(port)d
unreachable = 10.0.0.0/8
per_server = 600
per_minute = 6000
tls = %(tls)s
[actions]
callout_refused = reject
[log]
level = info
"""


class Peers(MxwardCase):
    """Postfix knows user@second.example, Exim ann@exim.example, OpenSMTPD ann@open.example."""

    @classmethod
    def make_sections(cls, b):
        cls.port, cls.done = b.place.port(), []
        cls.zone = b.place.write("zone-peers", ZONE)
        return cls.sections_with("yes")

    @classmethod
    def sections_with(cls, tls):
        return SECTIONS % {"zone": cls.zone, "port": cls.port, "tls": tls}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        b = cls.bed
        cls.forward = Forward((POSTFIX, cls.port), ("127.0.0.1", b.postfix.ports["plain"]))
        tls = b.postfix.dir + "/tls.pem", b.postfix.dir + "/tls.key"
        try:
            cls.exim = ReceivingExim(b.place, "mx.exim.example", (EXIM, cls.port),
                                     ("127.0.0.1", b.postfix.ports["policy"]), ["exim.example"],
                                     ["ann", "postmaster"], *tls)
            cls.opensmtpd = OpenSmtpd(b.place, "mx.open.example", (OPENSMTPD, cls.port),
                                      "open.example", ["ann", "postmaster"])
        except Missing as error:
            cls.mxward.stop()
            raise unittest.SkipTest(str(error))
        cls.plain_conf = b.place.write("peers-plain.conf", "[dns]\nresolver = none\n" +
                                       cls.sections_with("no"))
        cls.mxward.wait_log("callouts_on", "IPv4", seconds=10)

    @classmethod
    def tearDownClass(cls):
        cls.forward.stop()
        cls.exim.process.stop()
        cls.opensmtpd.process.stop()
        super().tearDownClass()

    def by_hand(self, address, tls):
        conf = self.mxward.conf if tls else self.plain_conf
        status, out, err = run_command(self.mxward.binary, "callout", "-c", conf, "--json", address)
        self.assertEqual(err, "")
        got = json.loads(out)
        said = [x.split(" ")[1] for x in got["transcript"] if x.startswith("C: ")]
        self.assertEqual("STARTTLS" in said, tls, got)
        self.assertEqual(said[-1], "QUIT", got)
        return status, got["status"], got["said"]

    def check_by_hand(self, known, unknown, ok, no, ways=(True, False)):
        for tls in ways:
            with self.subTest(tls=tls):
                self.assertEqual(self.by_hand(known, tls), (0, "ok", ok))
                self.assertEqual(self.by_hand(unknown, tls), (1, "refused", no))

    def outcome(self, sender):
        reply = self.ask("policy", C["no_ptr"], sender=sender)
        return self.mxward.wait_log("callout ", "address=%s " % sender), reply

    def test_postfix_by_hand(self):
        self.check_by_hand("user@second.example", "bob@second.example", "250 2.1.5 Ok",
                           "550 5.1.1 <bob@second.example>: Recipient address rejected: User unknown "
                           "in virtual mailbox table")

    def test_exim_by_hand(self):
        self.check_by_hand("ann@exim.example", "bob@exim.example", "250 Accepted",
                           "550 no such user here")

    def test_opensmtpd_by_hand(self):
        self.check_by_hand("ann@open.example", "bob@open.example",
                           "250 2.1.5 Destination address valid: Recipient ok",
                           "524 5.2.4 Mailing list expansion problem: <bob@open.example>", ways=(False,))

    def test_postfix(self):
        line, reply = self.outcome("user@second.example")
        self.assertIn("status=ok", line)
        self.assertEqual(reply.code, 250, reply)
        line, reply = self.outcome("cleo@second.example")
        self.assertIn("status=refused", line)
        self.assertIn("User unknown in virtual mailbox table", str(reply))

    def test_exim(self):
        line, reply = self.outcome("postmaster@exim.example")
        self.assertIn("status=ok", line)
        self.assertEqual(reply.code, 250, reply)
        line, reply = self.outcome("cleo@exim.example")
        self.assertIn("status=refused", line)
        self.assertIn("mx.exim.example [127.0.0.12]: 550 no such user here", str(reply))

    def test_opensmtpd(self):
        self.assertIn("status=ok", self.outcome("postmaster@open.example")[0])
        line, reply = self.outcome("cleo@open.example")
        self.assertIn("status=refused", line)
        self.assertIn("mx.open.example [127.0.0.13]: 524 5.2.4 Mailing list", str(reply))

    def test_explained(self):
        """What Exim, and we, say of a sender that is unknown: the words of his own server, and how to
        ask it by hand."""
        for reply, sender, server, said in (
                (self.to_exim("z0@example.org"), "z0@example.org", "127.0.0.1",
                 "550 5.1.1 <z0@example.org>: Recipient address rejected: User unknown"),
                (self.outcome("dan@exim.example")[1], "dan@exim.example",
                 "mx.exim.example [127.0.0.12]", "550 no such user here")):
            with self.subTest(sender):
                path = self.bed.place.write("reply-" + sender, str(reply) + "\n")
                _, out, _ = run_command(self.mxward.binary, "explain", "--json", path)
                got = json.loads(out)
                self.assertEqual(got["cause"], "sender_verify_failed", out)
                self.assertEqual((got["callout"]["sender"], got["callout"]["server"]), (sender, server))
                self.assertTrue(got["callout"]["reply"].startswith(said), out)
                self.assertIn('"mxward callout %s"' % sender, "\n".join(got["steps"]))

    def selfcheck(self, sender, *more):
        _, out, err = run_command(self.mxward.binary, "selfcheck", "-c", self.plain_conf, "--json", *more,
                                  sender.partition("@")[2])
        self.assertEqual(err, "")
        rows = [json.loads(x) for x in out.splitlines()]
        return {x["item"]: (x["state"], x["text"]) for x in rows if x["type"] == "item"}

    def test_selfcheck(self):
        items = self.selfcheck("ann@exim.example")
        self.assertEqual(items["postmaster"][0], "by_hand")
        self.assertNotIn("sender", items)
        for sender, state, text in (
                ("ann@exim.example", "pass", "mx.exim.example [127.0.0.12] takes bounces for ann@exim.example"),
                ("eve@exim.example", "fail", "refuses eve@exim.example: 550 no such user here")):
            items = self.selfcheck(sender, "--sender", sender)
            self.assertEqual(items["sender"][0], state, items)
            self.assertIn(text, items["sender"][1])
            self.assertEqual(items["postmaster"], (
                "pass", "mx.exim.example [127.0.0.12] takes bounces for postmaster@exim.example"))
        items = self.selfcheck("x@second.example", "--callout")
        self.assertEqual(items["postmaster"][0], "pass")
        items = self.selfcheck("x@empty.example", "--callout")     # an MX that nobody serves
        self.assertEqual(items["postmaster"], ("unknown", "connection refused"))

    # both ways --------------------------------------------------------------------------------

    def to_us(self, sender):
        """A mail from one of Exim's addresses: mxward asks Exim."""
        begun = time.monotonic()
        reply = self.ask("policy", C["no_ptr"], sender=sender)
        self.done.append((sender, reply, time.monotonic() - begun))

    def to_exim(self, sender):
        """A mail from one of ours: Exim asks the Postfix that mxward guards."""
        begun = time.monotonic()
        smtp = Smtp(socket.create_connection((EXIM, self.port), 10))
        smtp.ehlo("mx.example.net")
        smtp.mail(sender)
        reply = smtp.rcpt("ann@exim.example")
        smtp.quit()
        self.done.append((sender, reply, time.monotonic() - begun))
        return reply

    def test_both_ways_at_once(self):
        self.done, n = [], 6
        connections = self.exim.log().count("SMTP connection from [127.0.0.7]")
        ours = ["user@example.org"] + ["n%d@example.org" % i for i in range(n - 1)]
        theirs = ["ann@exim.example"] + ["n%d@exim.example" % i for i in range(n - 1)]
        threads = [threading.Thread(target=target, args=(sender,)) for pair in zip(
            [(self.to_us, x) for x in theirs], [(self.to_exim, x) for x in ours])
            for target, sender in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(self.done), 2 * n)
        self.assertLess(max(x[2] for x in self.done), 6)
        replies = {sender: str(reply) for sender, reply, _ in self.done}
        self.assertTrue(replies["user@example.org"].startswith("250 "), replies)
        self.assertTrue(replies["ann@exim.example"].startswith("250 "), replies)
        for sender in ours[1:]:
            self.assertIn("550 Sender verify failed", replies[sender].replace("550-", "550 "))
        # Each of their senders was asked about once at most, and nobody for a null sender.
        lines = self.mxward.log_lines("event=callout ", "exim.example")
        asked = [x for x in lines if any("address=%s " % s in x for s in theirs)]
        self.assertLessEqual(len(asked), n)
        self.assertEqual(self.mxward.log_lines("event=callout ", "address= "), [])
        self.assertEqual(self.mxward.log_lines("event=callout ", "example.org"), [])
        # Exim's log may come a little later, or a callout whose mail has been answered.
        def all_told():
            lines = [x for x in self.mxward.log_lines("event=callout ", "exim.example")
                     if any("address=%s " % s in x for s in theirs)]
            now = self.exim.log().count("SMTP connection from [127.0.0.7]")
            return now - connections == len(lines) <= n
        wait_for(all_told, 5, "as many connections as callouts")
