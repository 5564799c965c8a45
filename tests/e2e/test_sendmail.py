"""mxward as the milter of a real Sendmail, over TCP (behind a tap) and over a unix socket.

Whoever connects has the address of its client in world.py: Sendmail runs in a network of its own.
"""
import os
import re
import unittest

from bed.place import Missing, wait_for
from bed.room import Room
from bed.sendmail import Sendmail
from bed.smtp import Smtp
from bed.tap import milter_tap
from shared import SOURCE_ROOT
from test_cases import Kept
from test_headers import broken, header
from test_verdicts import CASE, NO_PTR, NO_REVERSE_DNS, SITE, milter_reply
from world import C

MANUAL = os.path.join(SOURCE_ROOT, "docs", "sendmail.md")
USER = "user@example.org"
OK = "250 2.1.5 <user@example.org>... Recipient ok"
MORE = """[policy]
checks = rdns helo sender local
[actions]
helo_alias = tag
helo_not_fqdn = quarantine
[list bad]
file = %s
[health]
watch_findings = no
"""
SILENT = "451 4.3.2 Please try again later"     # Sendmail's own words
QUEUED = re.compile(r"250 2\.0\.0 (\w+) Message accepted for delivery")
LOCALHOST = (550, "5.7.25", NO_PTR % "192.0.2.31",
             "Score 8: no reverse name +4, HELO is a private name +4", "Case ID")


def manual_line(kind, address):
    """The line of the manual that names a socket of this kind, with another address in it."""
    with open(MANUAL, encoding="utf-8") as f:
        line, = re.findall(r"(?m)^    (INPUT_MAIL_FILTER.*S=%s:.*)" % kind, f.read())
    return re.sub(r"(S=\w+:)[^,]+", lambda m: m[1] + address, line)


def told(reply):
    return CASE.sub("Case ID", str(reply))


def shown(code, enhanced, *lines, rcpt=USER):
    """Sendmail puts the recipient in front of the first line of a 550, and of no other."""
    first = "<%s>... %s" % (rcpt, lines[0]) if code == 550 else lines[0]
    return milter_reply(code, enhanced, first, *lines[1:])


def unix_address(b):
    return b.place.path("sendmail-milter.sock")


class BySendmail(Kept):
    """`closed` asks mxward over TCP and defers where it is silent; `open` asks over a unix socket
    and goes on without."""
    servers = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not cls.servers:
            try:
                cls.make_servers(cls.bed)
            except Missing as error:
                cls.tearDownClass()
                raise unittest.SkipTest(str(error)) from error

    @staticmethod
    def make_servers(b):
        """Once, as with the bed's Postfix."""
        room = Room(b.place, b.loop, b.unbound.port, [C["good6"].addr, C["no_ptr6_bare"].addr])
        port = b.place.port()
        tap = milter_tap(b.loop, room.listen(port), b.milter_address)
        tcp = Sendmail(b.place, room, manual_line("inet", "%d@127.0.0.1, F=T" % port))
        unix = Sendmail(b.place, room, manual_line("unix", room.inside(unix_address(b))))
        b.taps.append(tap)
        BySendmail.room, BySendmail.tap = room, tap
        BySendmail.servers = {"closed": tcp, "open": unix}

    @classmethod
    def make_sections(cls, b):
        blocked = b.place.write("sendmail-blocked", "192.0.2.80 554 5.7.9 100% sure, %s too\n")
        return super().make_sections(b) + MORE % blocked

    @classmethod
    def make_milter(cls, b):
        return [b.milter_address, unix_address(b)]

    def connect(self, listener, client):
        """listener: which of the servers."""
        smtp = Smtp(self.room.connect(client.addr, self.servers[listener].port))
        self.sessions.append((client, smtp))
        self.assertEqual(smtp.greeting.code, 220, smtp.greeting)
        self.assertEqual(smtp.ehlo(client.helo).code, 250)
        return smtp

    def send(self, smtp, marker, rcpt=USER, sender="sender@good.example"):
        """A whole message; its queue id."""
        self.assertEqual(smtp.mail(sender).code, 250)
        self.assertEqual(smtp.rcpt(rcpt).code, 250)
        reply = smtp.data("Subject: %s\n\nhello" % marker)
        self.assertRegex(str(reply), QUEUED)
        return QUEUED.match(str(reply))[1]


class Verdicts(BySendmail):
    def test_refusal_both_ways(self):
        for way in self.servers:
            reply = self.ask(way, C["no_ptr_localhost"])
            self.assertEqual(told(reply), shown(*LOCALHOST))
            self.assertIn("client    192.0.2.31  HELO localhost", self.case(reply))

    def test_ipv6_client(self):
        """Sendmail writes the tag of RFC 5321 before the address, and no "::" in it."""
        reply = self.ask("closed", C["no_ptr6_bare"])
        self.assertEqual(told(reply), shown(
            550, "5.7.25", NO_PTR % "2001:db8::21",
            "Score 9: no reverse name +6, HELO is a bare address +3", "Case ID"))
        connect, = [x for x in self.tap.exchanges if x.kind == "CONNECT"]
        self.assertIn(b"IPv6:2001:db8:0:0:0:0:0:21\0", connect.request[1])
        self.assertEqual(str(self.ask("closed", C["good6"])), OK)

    def test_deferral_and_second_try(self):
        for expected in (shown(451, "4.7.25", NO_REVERSE_DNS % ("198.51.100.5", "5"), "Case ID"),
                         OK):
            self.assertEqual(told(self.ask("closed", C["dns_failure"])), expected)

    def test_percent_is_doubled(self):
        """Sendmail takes the text for a format."""
        self.assertEqual(told(self.ask("closed", C["blocked"])),
                         shown(554, "5.7.9", "100% sure, %s too", "Case ID"))

    def test_recipients_of_one_message(self):
        smtp = self.connect("closed", C["no_ptr_localhost"])
        smtp.mail("several@good.example")
        self.assertEqual(told(smtp.rcpt(USER)), shown(*LOCALHOST))
        self.assertEqual(smtp.rcpt("postmaster@example.org").code, 250)
        self.assertEqual(smtp.rcpt("other@example.org").code, 550)
        self.assertRegex(str(smtp.data("Subject: sm-post\n\nhello")), QUEUED)
        mail = self.servers["closed"].wait_mail("postmaster", "sm-post")
        self.assertIn("from localhost ([192.0.2.31])", mail.replace("\n\t", " "))
        self.assertNotIn("sm-post", self.servers["closed"].mailbox("user"))

    def test_tag(self):
        smtp = self.connect("closed", C["alias"])
        self.send(smtp, "sm-tag")
        mail = self.servers["closed"].wait_mail("user", "sm-tag")
        self.assertRegex(mail, r"(?m)^X-Mxward: .*findings=helo_alias.*verdict=tag$")

    def test_fields_added_and_removed(self):
        """Sendmail counts the fields of a name on, also when some were removed."""
        ours = ["Authentication-Results: mx.example.org; spf=pass",
                "AUTHENTICATION-results: MX.Example.ORG;\n\tnone", "x-mxward: score=-9"]
        foreign = ["Authentication-Results: a.example; none",
                   "Authentication-Results: b.example;\n\tdkim=pass", "X-Other: x"]
        fields = ours + foreign + 3 * [ours[0], foreign[1], ours[2], ours[1]]
        smtp = self.connect("closed", C["good"])
        self.send(smtp, "sm-forged\n" + "\n".join(fields))
        mail = self.servers["closed"].wait_mail("user", "sm-forged")
        self.assertRegex(mail, r"\A(From .*\n)?(Return-Path: .*\n)?"
                         r"Authentication-Results: mx\.example\.org;\n\tiprev=pass \(mail\."
                         r"good\.example\) policy\.iprev=192\.0\.2\.10\n"
                         r"X-Mxward: score=-2; findings=none; case=.*; verdict=accept\n"
                         r"Received: ")
        rest = mail[mail.index("Received: "):]
        self.assertNotIn("mx.example.org; ", rest.lower().replace("\n\t", " "))
        self.assertNotIn("x-mxward", rest.lower())
        left = [x for x in fields if x in foreign]
        at = [m.start() for m in re.finditer(
            "(?m)^(?:%s)$" % "|".join(map(re.escape, foreign)), rest)]
        self.assertEqual([rest[i:].startswith(x) for i, x in zip(at, left)], [True] * len(left))
        self.assertEqual(len(at), len(left))

    def test_quarantine(self):
        smtp = self.connect("closed", C["one_label"])
        queue_id = self.send(smtp, "sm-held")
        queue = os.path.join(self.servers["closed"].dir, "queue")
        held = os.path.join(queue, "hf" + queue_id)     # "q" of "qf" becomes "h"
        wait_for(lambda: os.path.exists(held), 5, "message in quarantine")
        with open(held, encoding="latin-1") as f:
            text = f.read()
        self.assertRegex(text, r"(?m)^qhelo_not_fqdn: .*; case ")
        self.assertRegex(text, r"X-Mxward: .*findings=helo_not_fqdn; .*; verdict=quarantine")
        self.assertNotIn("sm-held", self.servers["closed"].mailbox("user"))

    def test_who_is_unknown_to_sendmail(self):
        smtp = self.connect("closed", C["good"])
        smtp.mail("a@good.example")
        self.assertRegex(str(smtp.rcpt("nemo@example.org")), r"^550 5\.1\.1 .*User unknown")
        self.assertEqual(str(smtp.rcpt(USER)), OK)


class Sessions(BySendmail):
    def test_messages_of_one_session(self):
        smtp = self.connect("closed", C["good"])
        first = self.send(smtp, "sm-first")
        smtp.mail("b@good.example")
        smtp.rcpt("third@example.org")
        self.assertEqual(smtp.rset().code, 250)
        second = self.send(smtp, "sm-second", "other@example.org", "c@good.example")
        smtp.quit()
        self.servers["closed"].wait_mail("user", "sm-first")
        self.servers["closed"].wait_mail("other", "sm-second")
        self.assertEqual(len([x for x in self.tap.exchanges if x.kind == "OPTNEG"]), 1)
        # Sendmail has the id from MAIL on, so the log line of the decision has it.
        for queue_id, rcpt in ((first, USER), (second, "other@example.org")):
            line = self.mxward.wait_log("event=decision", "queue=" + queue_id)
            self.assertIn(rcpt, line)
            self.assertEqual(len(self.wait_found(1, "--queue", queue_id)), 1)

    def test_nothing_of_one_message_in_the_next(self):
        smtp = self.connect("closed", C["no_ptr_localhost"])
        for sender in ("a@good.example", "b@good.example"):
            smtp.mail(sender)
            self.assertEqual(told(smtp.rcpt(USER)), shown(*LOCALHOST))
            smtp.rset()


class Headers(BySendmail):
    @classmethod
    def make_sections(cls, b):
        return super().make_sections(b).replace(
            "checks = ", "checks = header ").replace("[actions]\n", "[actions]\nheader_no_from = reject\n")

    def unfounded_refusals(self):
        return [x for x in super().unfounded_refusals() if "no field From" not in x]

    def test_refusal_at_the_end(self):
        """Sendmail adds a From where there is none, but after its milters."""
        smtp = self.connect("closed", C["good"])
        smtp.mail("a@good.example")
        smtp.rcpt(USER)
        reply = smtp.data_bytes(header(From=None) + b"\r\nhello\r\n")
        self.assertEqual(told(reply), broken("the message has no field From"))
        smtp.mail("a@good.example")
        smtp.rcpt(USER)
        reply = smtp.data_bytes(header(Subject="sm-whole") + b"\r\nhello\r\n")
        self.assertRegex(str(reply), QUEUED)
        self.servers["closed"].wait_mail("user", "sm-whole")


class Silent(BySendmail):
    def test_stopped_and_back(self):
        with self.outage():
            waiting = self.connect("closed", C["good2"])
            self.mxward.stop()
            self.assertEqual(waiting.mail("a@good.example").code, 451)
            smtp = self.connect("closed", C["no_ptr_localhost"])
            self.assertEqual(str(smtp.mail("a@good.example")), SILENT)
            self.assertEqual(self.ask("open", C["no_ptr_localhost"]).code, 250)
        self.mxward.start()
        for way in self.servers:
            self.assertEqual(told(self.ask(way, C["no_ptr_localhost"])),
                             shown(*LOCALHOST))
            self.assertEqual(str(self.ask(way, C["good"])), OK)
