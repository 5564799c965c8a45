"""The milter protocol as mail servers of different ages speak it, by a real Postfix.

The taps see to it that every command which wants an answer gets exactly one that may stand there,
and that nothing is agreed on that was not offered.
"""
import struct

from case import MxwardCase
from test_headers import broken, header
from test_verdicts import CASE, NO_PTR, OK, SITE, milter_reply
from world import C

USER = "user@example.org"
BODY = b"\r\nhello\r\n"
SECTIONS = SITE + """[policy]
checks = rdns helo sender header
[actions]
helo_alias = tag
header_no_from = reject
[health]
watch_findings = no
"""
REFUSED = milter_reply(550, "5.7.25", NO_PTR % "192.0.2.31",
                       "Score 8: no reverse name +4, HELO is a private name +4", "Case ID")


class Version6(MxwardCase):
    sections = SECTIONS
    way, version = "milter", 6

    def terms(self):
        """What Postfix has offered, what was agreed on: (version, actions, protocol) each."""
        last = [x for x in self.bed.milter.exchanges if x.kind == "OPTNEG"][-1]
        return [struct.unpack("!III", data[:12]) for data in (last.request[1], last.answer[1])]

    def kinds(self):
        return [x.kind for x in self.bed.milter.exchanges]

    def test_terms(self):
        self.assertEqual(str(self.ask(self.way, C["good"])), OK)
        offer, agreed = self.terms()
        self.assertEqual((offer[0], agreed[0]), (self.version, self.version))
        self.assertTrue(agreed[2] & 0x10, "the body is not wanted")

    def test_refusal_and_who_is_always_reachable(self):
        smtp = self.connect(self.way, C["no_ptr_localhost"])
        smtp.mail("a@good.example")
        self.assertEqual(CASE.sub("Case ID", str(smtp.rcpt(USER))), REFUSED)
        self.assertEqual(str(smtp.rcpt("postmaster@example.org")), OK)

    def test_messages_of_one_session(self):
        smtp = self.connect(self.way, C["alias"])
        for n in range(2):
            marker = "milter-%d-%d" % (self.version, n)
            smtp.mail("a@good.example")
            self.assertEqual(str(smtp.rcpt(USER)), OK)
            if n:
                smtp.rset()
                smtp.mail("a@good.example")
                smtp.rcpt(USER)
            reply = smtp.data_bytes(header("X-Marker: " + marker) + BODY)
            self.assertEqual(reply.code, 250, reply)
            mail = self.bed.postfix.wait_mail(USER, marker)
            self.assertRegex(mail, r"(?m)^X-Mxward: score=0; findings=helo_alias; case=[0-9A-Z-]+; verdict=tag$")
        self.assertNotIn("BODY", self.kinds())

    def test_refusal_at_the_end(self):
        smtp = self.connect(self.way, C["good"])
        smtp.mail("a@good.example")
        smtp.rcpt(USER)
        reply = smtp.data_bytes(header(From=None) + BODY)
        self.assertEqual(CASE.sub("Case ID", str(reply)), broken("the message has no field From"))
        self.assertEqual(str(smtp.mail("b@good.example")), "250 2.1.0 Ok")
        self.assertEqual(str(smtp.rcpt(USER)), OK)

    def unfounded_refusals(self):
        return [x for x in super().unfounded_refusals() if "no field From" not in x]


class Version4(Version6):
    """Without commands that get no answer, and without word of recipients that were refused."""
    way, version = "milter_v4", 4


class Version2(Version6):
    """As 4, without DATA and UNKNOWN."""
    way, version = "milter_v2", 2
