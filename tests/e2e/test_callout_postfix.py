"""Postfix verifies senders by asking their servers, while mxward does the same: two servers, each with
mail of the other's users, both ways at once.  Nobody goes in circles, and each sender is asked about once.
"""
import json
import re
import socket
import threading
import time

from bed.daemon import run_command
from bed.place import wait_for
from bed.postfix import VerifyingPostfix
from bed.smtp import Smtp
from case import MxwardCase
from test_callout_peers import SECTIONS
from world import C

HOST, NAME, DOMAIN = "127.0.0.15", "mx.verify.example", "verify.example"
ZONE = """probe.example.net. 300 IN A 127.0.0.7
7.0.0.127.in-addr.arpa. 300 IN PTR probe.example.net.
verify.example. 300 IN MX 10 mx.verify.example.
mx.verify.example. 300 IN A 127.0.0.15
"""
KNOWN, UNKNOWN = ("user", "other", "third"), ("n0", "n1", "n2")


class NullSender(MxwardCase):
    """They ask with MAIL FROM:<>, as we do."""

    probe = "address_verify_sender ="
    more = 0        # callouts beside those about senders of mail

    @classmethod
    def make_sections(cls, b):
        cls.port = b.place.port()
        return SECTIONS % {"zone": b.place.write("zone-" + cls.__name__, ZONE), "port": cls.port,
                           "tls": "yes"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        b = cls.bed
        cls.theirs = VerifyingPostfix(b.place, NAME, (HOST, cls.port),
                                      ("127.0.0.1", b.postfix.ports["policy"]), DOMAIN,
                                      KNOWN + ("postmaster",), cls.probe)
        cls.mxward.wait_log("callouts_on", "IPv4", seconds=10)

    @classmethod
    def tearDownClass(cls):
        cls.theirs.process.stop()
        super().tearDownClass()

    def to_us(self, sender):
        """A mail from one of theirs: mxward asks them."""
        return self.ask("policy", C["no_ptr"], sender=sender)

    def to_them(self, sender):
        """A mail from one of ours: they ask the Postfix that mxward guards."""
        smtp = Smtp(socket.create_connection((HOST, self.port), 30))
        smtp.ehlo("mx.example.net")
        smtp.mail(sender)
        reply = smtp.rcpt("user@" + DOMAIN)
        smtp.quit()
        smtp.close()
        return reply

    def connections(self):
        """(theirs at us, by the log of our Postfix; ours at them, by the log of theirs)"""
        pattern = r"postfix/policy/smtpd\[\d+\]: connect from \S*\[%s\]" % re.escape(HOST)
        return len(re.findall(pattern, self.bed.postfix.log())), self.theirs.connects("127.0.0.7")

    def callouts(self):
        """The senders that mxward asked about, each as often as it did."""
        return re.findall(r"event=callout .*?address=(\S*) ", self.mxward.log())

    def before(self):
        """What has to be known for the numbers to be certain."""

    def test_both_ways_at_once(self):
        at_us, at_them = self.connections()
        self.before()
        theirs = ["%s@%s" % (u, DOMAIN) for u in KNOWN + UNKNOWN]
        ours = ["%s@example.org" % u for u in KNOWN + UNKNOWN]
        replies, slowest = {}, [0]

        def each(ask, senders):
            for sender in senders:
                begun = time.monotonic()
                replies[sender] = ask(sender)
                slowest[0] = max(slowest[0], time.monotonic() - begun)

        threads = [threading.Thread(target=each, args=x)
                   for x in ((self.to_us, theirs), (self.to_them, ours[:3]), (self.to_them, ours[3:]))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(replies), len(ours) + len(theirs))     # each was answered
        self.assertLess(slowest[0], 15)
        for user in KNOWN:
            self.assertEqual(replies[user + "@" + DOMAIN].code, 250, replies)
            self.assertEqual(replies[user + "@example.org"].code, 250, replies)
        for user in UNKNOWN:
            self.assertIn("mail for the sender <%s@%s> is refused by the mail server of its own domain, "
                          "%s [%s]: 550 5.1.1 <%s@%s>: Recipient address rejected: User unknown in "
                          "virtual mailbox table" % (user, DOMAIN, NAME, HOST, user, DOMAIN),
                          str(replies[user + "@" + DOMAIN]))
            self.assertEqual(
                "550 5.1.7 <%s@example.org>: Sender address rejected: undeliverable address: host "
                "127.0.0.1[127.0.0.1] said: 550 5.1.1 <%s@example.org>: Recipient address rejected: User "
                "unknown in virtual mailbox table (in reply to RCPT TO command)" % (user, user),
                str(replies[user + "@example.org"]))
        # Once for each sender, on either side; and each callout was one connection.
        wait_for(lambda: self.connections() == (at_us + len(ours) + self.more,
                                                at_them + len(theirs) + self.more), 5,
                 "as many connections as senders: %r" % (self.connections(),))
        time.sleep(1.5)         # a loop would go on
        self.assertEqual(self.connections(), (at_us + len(ours) + self.more,
                                              at_them + len(theirs) + self.more))
        self.assertEqual(sorted(self.callouts()), sorted(theirs + self.asked_about_their_probes()))
        self.explained(str(replies["n1@example.org"]))

    def asked_about_their_probes(self):
        return []

    def explained(self, reply):
        """What Postfix says is understood, and how to ask the same by hand is said."""
        path = self.bed.place.write("reply-" + type(self).__name__, reply + "\n")
        _, out, _ = run_command(self.mxward.binary, "explain", "--json", path)
        got = json.loads(out)
        self.assertEqual(got["cause"], "sender_verify_failed", out)
        self.assertEqual(got["callout"]["sender"], "n1@example.org", out)
        self.assertTrue(got["callout"]["reply"].startswith("550 5.1.1 <n1@example.org>: Rec"), out)
        self.assertIn('"mxward callout n1@example.org"', "\n".join(got["steps"]))


class OwnSender(NullSender):
    """They ask as double-bounce@ their own name, which is Postfix' default: so we ask them about that,
    while they ask us.  That is the end of it, as we ask with MAIL FROM:<>."""

    probe = ""
    more = 1

    def before(self):
        self.assertEqual(self.to_them("tagged@example.org").code, 250)
        self.assertIn("status=ok", self.mxward.wait_log("event=callout ", "address=double-bounce@" + NAME))

    def asked_about_their_probes(self):
        return ["double-bounce@" + NAME]
