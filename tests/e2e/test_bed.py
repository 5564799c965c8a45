"""The bed proves itself: what the other tests rely on, and that the invariants can fail."""
import socket
import time
from unittest import mock

import case
from bed.dns import ask
from bed.exim import Exim
from bed.place import Missing, can_connect
from bed.pretend import Pretend
from bed.wire import check_replycode
from case import HARD_SECONDS, Case, MxwardCase
from world import C, Client

STRANGER = Client("stranger", "203.0.113.5", "mail.good.example", None, ("rdns_none",))


class Dns(Case):
    def test_unbound_answers_from_our_nsd_only(self):
        port = self.bed.unbound.port
        self.assertEqual(ask(port, "10.2.0.192.in-addr.arpa", "PTR"), (0, 1))
        self.assertEqual(ask(port, "20.2.0.192.in-addr.arpa", "PTR"), (3, 0))
        self.assertEqual(ask(port, "www.alias.example", "A"), (0, 2))
        self.assertEqual(ask(port, "debian.org", "A"), (3, 0))
        self.assertEqual(ask(port, "x.broken.example", "A", 5)[0], 2)
        self.assertEqual(ask(port, "5.100.51.198.in-addr.arpa", "PTR", 5)[0], 2)


class Plain(Case):
    """Postfix with restrictions of its own."""

    def test_mail_is_queued_and_delivered(self):
        smtp = self.connect("plain", C["good"])
        self.assertEqual(smtp.mail("a@good.example").code, 250)
        self.assertEqual(str(smtp.rcpt("user@example.org")), "250 2.1.5 Ok")
        self.assertRegex(str(smtp.data("Subject: bed-1\n\nhello")), "^250 2.0.0 Ok: queued as ")
        mail = self.bed.postfix.wait_mail("user@example.org", "bed-1")
        self.assertIn("from mail.good.example (mail.good.example [192.0.2.10])", mail)

    def test_exact_refusal(self):
        self.assertEqual(
            str(self.ask("plain", STRANGER)),
            "550 5.7.25 <unknown[203.0.113.5]>: Client host rejected: no reverse name")

    def test_unknown_user_and_relay(self):
        self.assertRegex(str(self.ask("plain", C["good"], rcpt="nobody@example.org")),
                         r"^550 5\.1\.1 .*User unknown")
        self.assertRegex(str(self.ask("plain", C["good"], rcpt="a@elsewhere.example")),
                         r"^554 5\.7\.1 .*Relay access denied")

    def test_starttls_and_second_ehlo(self):
        smtp = self.connect("plain", C["good"])
        self.assertEqual(smtp.starttls().code, 220)
        self.assertEqual(smtp.ehlo("mail.good.example").code, 250)
        self.assertEqual(smtp.mail("a@good.example").code, 250)
        self.assertEqual(smtp.rcpt("user@example.org").code, 250)

    def test_ipv6_client_and_pipelining(self):
        smtp = self.connect("plain", C["good6"])
        replies = smtp.pipeline("MAIL FROM:<a@good.example>", "RCPT TO:<user@example.org>", "RSET")
        self.assertEqual([r.code for r in replies], [250, 250, 250])


class SendingServer(Case):
    """An Exim that sends to Postfix as a client of the tests."""

    def test_mail_and_bounce(self):
        b = self.bed
        relay = Pretend(b.loop, b.place, b.postfix.ports["plain"], C["good"])
        try:
            exim = Exim(b.place, "mail.good.example", relay.address, ["good.example"])
        except Missing as error:
            self.skipTest(str(error))
        exim.submit("boss@good.example", ["user@example.org"], "Subject: exim-1\n\nhello\n")
        mail = b.postfix.wait_mail("user@example.org", "exim-1")
        self.assertIn("from mail.good.example (mail.good.example [192.0.2.10])", mail)
        self.assertEqual(exim.mails(), [])
        relay.client = STRANGER
        exim.submit("boss@good.example", ["user@example.org"], "Subject: exim-2\n\nhello\n")
        bounce = exim.wait_bounce("exim-2")
        self.assertIn("550 5.7.25 <unknown[203.0.113.5]>: Client host rejected: no reverse name",
                      bounce)
        self.assertIn("To: boss@good.example", bounce)
        self.assertEqual(exim.queue(), "")


class NoopServers(Case):
    """The wire's bystander sees a healthy dialogue, and every kind of unhealthy one."""

    def tearDown(self):
        self.bed.noop_policy.answer = lambda attributes: b"action=DUNNO\n\n"
        self.bed.noop_milter.answer = lambda command, data: [b"c"]
        super().tearDown()

    def problems(self, words):
        """The test wanted this problem: check that it was seen, and forget it."""
        found = self.broken_invariants()
        self.assertTrue(any(words in p for p in found), found)
        self.setUp()

    def test_policy(self):
        self.assertEqual(self.ask("proof_policy", C["good"]).code, 250)
        x, = self.bed.proof_policy.exchanges
        self.assertEqual((x.request["client_address"], x.request["protocol_state"], x.answer),
                         ("192.0.2.10", "RCPT", "DUNNO"))

    def test_policy_login(self):
        self.ask("proof_policy", C["good"], LOGIN="joe")
        x, = self.bed.proof_policy.exchanges
        self.assertEqual(x.request["sasl_username"], "joe")

    def test_milter(self):
        # Whether its port answers the bed has looked itself: that session may still be going on.
        seen = -1
        while seen != len(self.bed.proof_milter.exchanges):
            seen = len(self.bed.proof_milter.exchanges)
            time.sleep(0.3)
        smtp = self.connect("proof_milter", C["good"])
        smtp.mail("a@good.example")
        smtp.rcpt("user@example.org")
        smtp.data("Subject: bed-2\n\nhello")
        smtp.quit()
        kinds = [x.kind for x in self.bed.proof_milter.exchanges[seen:]]
        # twice up to CONNECT: once as 127.0.0.1, once after XCLIENT
        for kind, n in (("OPTNEG", 2), ("CONNECT", 2), ("HELO", 1), ("MAIL", 1), ("RCPT", 1),
                        ("DATA", 1), ("BODYEOB", 1)):
            self.assertEqual(kinds.count(kind), n, kinds)

    def test_milter_reply_text(self):
        text = b"550-5.7.25 one\r\n550 5.7.25 two 100%%\0"
        self.bed.noop_milter.answer = lambda c, d: [b"y" + text if c == "R" else b"c"]
        self.assertEqual(str(self.ask("proof_milter", STRANGER)),
                         "550-5.7.25 one\n550 5.7.25 two 100%")

    def test_unfounded_refusal_is_seen(self):
        self.bed.noop_policy.answer = lambda a: b"action=550 5.7.25 I do not like you\n\n"
        self.assertEqual(self.ask("proof_policy", C["good"]).code, 550)
        self.problems("guilty of nothing")

    def test_malformed_answers_are_seen(self):
        for answer, words in ((b"action=550 4.7.25 wrong class\n\n", "not an action"),
                              (b"action=550 5.7.25 caf\xc3\xa9\n\n", "not an action"),
                              (b"action=550 5.7.25 " + b"x" * 600 + b"\n\n", "longer than"),
                              (b"action=DUNNO\n\naction=DUNNO\n\n", "nobody asked"),
                              (b"DUNNO\n\n", "not one line")):
            with self.subTest(answer):
                self.bed.noop_policy.answer = lambda a, answer=answer: answer
                self.ask("proof_policy", STRANGER)
                self.problems(words)

    def test_silence_is_seen(self):
        self.bed.noop_milter.answer = lambda c, d: [] if c == "M" else [b"c"]
        smtp = self.connect("proof_milter", C["good"])
        smtp.sock.sendall(b"MAIL FROM:<a@good.example>\r\n")
        smtp.sock.settimeout(0.3)
        with self.assertRaises(socket.timeout):
            smtp.file.readline()
        self.problems("no answer")

    def test_second_milter_answer_is_seen(self):
        self.bed.noop_milter.answer = lambda c, d: [b"c", b"c"] if c == "H" else [b"c"]
        smtp = Case.connect(self, "proof_milter", C["good"])
        smtp.close()
        self.problems("nobody asked")

    def test_malformed_milter_answers_are_seen(self):
        for answer, words in ((b"y550 4.7.25 wrong class\0", "of another class"),
                              (b"y550 5.7.25 100%\0", "a single %"),
                              (b"cmore", "carries data"), (b"s", "RCPT answered with 's'")):
            with self.subTest(answer):
                self.bed.noop_milter.answer = lambda c, d, a=answer: [a if c == "R" else b"c"]
                self.ask("proof_milter", STRANGER)
                self.problems(words)

    def test_late_answer_is_seen(self):
        self.ask("proof_policy", C["good"])
        x, = self.bed.proof_policy.exchanges
        self.assertEqual(self.broken_invariants(), [])
        x.seconds = HARD_SECONDS + 1
        self.problems("late")

    def test_unprintable_reply_is_seen(self):
        self.bed.noop_milter.answer = lambda c, d: [b"y550 5.7.25 caf\xe9\0" if c == "R" else b"c"]
        self.ask("proof_milter", STRANGER)
        self.problems("got bytes beyond")

    def test_replycode_rules(self):
        for data, words in (
                (b"550 5.7.25 fine\0", None), (b"550-5.7.1 a\r\n550 5.7.1 b\0", None),
                (b"550 5.7.1 a", "NUL"), (b"550 5.7.1 100%\0", "single %"),
                (b"550 5.7.1 a\nb\0", "bare"), (b"550-5.7.1 a\r\n551 5.7.1 b\0", "same code"),
                (b"550-5.7.1 a\0", "separator"), (b"550 4.7.1 a\0", "another class"),
                (b"250 2.0.0 a\0", "same code"), (b"550 \xff\0", "printable"),
                (b"550 5.7.1 " + b"x" * 510 + b"\0", "longer")):
            with self.subTest(data):
                problem = check_replycode(data)
                self.assertTrue(words in problem if words else problem is None, problem)


class Daemon(MxwardCase):
    """What is looked at in mxward itself."""

    def problems(self, number, words):
        found = self.excesses() + self.log_problems()
        self.assertEqual(len(found), number, found)
        self.assertTrue(all(words in p for p in found), found)

    def test_death_is_seen(self):
        self.mxward.kill()
        try:
            self.problems(1, "mxward ended")
        finally:
            self.mxward.start()
            self.setUp()                        # whom the death left without an answer

    def test_excess_is_seen(self):
        with mock.patch.object(case, "MAX_KIB", 1), mock.patch.object(case, "MAX_KIB_SANITIZED", 1):
            self.problems(2, " KiB, ")          # the process and its worker

    def test_log_lines_are_looked_at(self):
        log = "fine\n\x1b[31mred\ncaf\xe9\n" + "x" * 2049 + "\n" + "x" * 2048 + "\n"
        with mock.patch.object(self.mxward, "log", lambda: log):
            self.problems(3, "log line")


class Closing(Case):
    def test_place_leaves_nothing(self):
        from bed.place import Place
        place = Place()
        process = place.start("sleeper", ["sh", "-c", "trap '' TERM; sleep 99 & wait", place.dir])
        port = place.port()
        self.assertFalse(can_connect(("127.0.0.1", port)))
        self.assertTrue(process.alive())
        process.stop(0.2)
        self.assertEqual(place.close(), [])
        with self.assertRaises(FileNotFoundError):
            open(place.path("sleeper.log"))
