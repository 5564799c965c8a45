"""How clients behave beside what they send, through Postfix: each finding with its exact reply, over
sessions and workers, forgiven in the end; and who is never hit.

What a session counts for is written when it ends, so tests wait until the store knows of it.  A
worker that has asked believes for half a minute what the store said, so where others have written,
it is restarted.
"""
import concurrent.futures
import dataclasses
import email.utils
import json
import os
import time

from bed.daemon import daemon_folder, run_check, run_command
from bed.place import wait_for
from bed.raw import RawPolicy
from case import MxwardCase
from test_verdicts import CASE, OK, RCPT, SITE
from world import C

SENDER = "sender@good.example"
TO = "RCPT TO:<%s>" % RCPT
HEADER = ("Date: %s\nFrom: %s\nMessage-ID: <1@good.example>\n\nx\n"
          % (email.utils.formatdate(), SENDER))
AGAIN = "mail is let in again by itself when a while has passed"


def mail(n):
    return "MAIL FROM:<s%d@good.example>" % n


def nobody(n):
    return "RCPT TO:<nobody%d@example.org>" % n


class SessionCase(MxwardCase):
    workers, limits, more = 1, "", ""

    @classmethod
    def make_sections(cls, b):
        folder = daemon_folder(b.place.path("store-" + cls.__name__))
        return (SITE + "[store]\nfile = %s/store.db\n[daemon]\nworkers = %d\n[session]\n"
                "resets = 5\nbad_commands = 4\nbad_recipients = 4\nempty = 6\n%s%s"
                % (folder, cls.workers, cls.limits, cls.more))

    def counts(self, client):
        """{kind: how much, half-lives counted} of what is known of a client."""
        status, out, err = run_check(
            self.mxward.binary, "--ip", client.addr, "--helo", "mail.good.example", "--from",
            SENDER, "--json", "-c", self.mxward.conf)
        self.assertEqual((status < 3, err), (True, ""))
        return {f["what"]: f.get("score", 0) / 1000 for f in json.loads(out)["facts"]
                if f["q"] == "history"}

    def wait_count(self, client, what, count):
        wait_for(lambda: abs(self.counts(client)[what] - count) < 0.5, 10,
                 "%s of %s: %d" % (what, client.name, count))

    def setUp(self):
        super().setUp()
        wait_for(lambda: run_check(self.mxward.binary, "--ip", "192.0.2.99", "-c",
                                   self.mxward.conf)[2] == "", 5, "the store")
        self.wait_worker()

    def wait_worker(self):
        """Nobody is put off while a worker does not know whether he has a good record.  On a machine
        that is slow the first questions are not answered in time; then it rests, for longer each time."""
        wait_for(lambda: not [f for f in self.findings() if f.startswith("history_temperror")], 20,
                 "the worker to reach the store: %s" % self.mxward.status()["store"])

    def findings(self):
        """Of a message of somebody who is not in these tests."""
        known = len(self.mxward.log_lines("event=decision", "client=192.0.2.98"))
        with RawPolicy(self.bed.policy_address) as policy:
            policy.ask(client_address="192.0.2.98", sender="try%d@good.example" % known)
        line = self.mxward.wait_log("event=decision", "client=192.0.2.98", after=known)
        return line.partition("findings=")[2].split(" ")[0].split(",")

    def restart(self):
        self.assertEqual(self.mxward.stop(), 0)
        self.mxward.start()
        self.wait_worker()

    def session(self, client, *commands, **xclient):
        """EHLO, these commands, QUIT; the replies to them."""
        smtp = self.connect("milter", client, **xclient)
        replies = [smtp.data(HEADER) if c == "DATA" else smtp.cmd(c) for c in commands]
        smtp.quit()
        return replies

    def told(self, reply):
        return [CASE.sub("Case ID", line) for line in str(reply).split("\n")]

    def expect_put_off(self, client, sentence, fix):
        """By both ways; Postfix puts words of its own before the policy service's."""
        text = "%s, so its mail has to wait: %s; %s" % (sentence, fix, AGAIN)
        self.assertEqual(self.told(self.ask("milter", client, SENDER)),
                         ["451-4.7.1 " + text, "451 4.7.1 Case ID"])
        self.assertEqual(self.told(self.ask("policy", client, SENDER)),
                         ["451 4.7.1 <%s>: Recipient address rejected: %s. Case ID" % (RCPT, text)])
        # Who must be reachable is.
        self.assertEqual(self.ask("milter", client, SENDER, "postmaster@example.org").code, 250)


class Findings(SessionCase):
    more = "[actions]\nsession_helo_changed = reject\nsession_null_sender_many_rcpts = reject\n"

    def test_resets(self):
        client = C["good"]
        for _ in range(2):
            replies = self.session(
                client, *[c for n in range(3) for c in (mail(n), TO, "RSET")], mail(9))
            self.assertEqual({r.code for r in replies}, {250})
        self.wait_count(client, "resets", 6)
        self.expect_put_off(client, "192.0.2.10 began 6 messages here of late and gave them up",
                            "find out what gives the messages up")

    def test_commands(self):
        client = C["good2"]
        self.session(client, *["FOO"] * 5)
        self.session(client, *["GRUETZI mx"] * 6)
        self.wait_count(client, "commands", 5)
        self.expect_put_off(
            client, "192.0.2.11 gave 5 commands here of late that do not exist",
            "find out what sends them")

    def test_recipients(self):
        """Two hosts of one network."""
        client = C["good6"]
        self.session(client, mail(1), nobody(1), nobody(2), nobody(3))
        other = dataclasses.replace(client, addr="2001:db8::77")
        self.session(other, mail(1), nobody(1), nobody(2))
        self.wait_count(client, "recipients", 5)
        self.expect_put_off(
            client, "2001:db8::/64 wrote to 5 recipients of late who do not exist here, more than "
            "to those who do", "take those addresses out of the list")

    def test_within_one_session(self):
        client = C["underscore"]
        replies = self.session(client, mail(1), *[nobody(n) for n in range(5)], "RSET", mail(2), TO)
        self.assertRegex(str(replies[-1]), "^451-4.7.1 192.0.2.23 wrote to 5 recipients of late ")

    def test_empty(self):
        client = C["literal"]
        for _ in range(7):
            self.session(client)
        self.wait_count(client, "empty", 7)
        self.expect_put_off(
            client, "192.0.2.27 connected 7 times of late without sending anything",
            "find out what connects")

    def test_helo(self):
        client = dataclasses.replace(C["alias"], guilty=("session_helo_changed",))
        text = ("550-5.7.1 the sending system said HELO mail.alias.example and then HELO "
                "www.alias.example in one session: ask the administrator of 192.0.2.26 to give "
                "its mail server one HELO name")
        replies = self.session(client, "EHLO mail.alias.example", "EHLO www.alias.example",
                               mail(1), TO)
        self.assertEqual(self.told(replies[-1]), [text, "550 5.7.1 Case ID"])
        # A policy service sees the names that messages came with.
        smtp = self.connect("policy", client)
        for name, code in (("mail.alias.example", 250), ("www.alias.example", 550)):
            self.assertEqual([smtp.ehlo(name).code, smtp.mail(SENDER).code], [250, 250])
            reply = smtp.rcpt(RCPT)
            self.assertEqual(reply.code, code)
        self.assertEqual(self.told(reply), [
            "550 5.7.1 <%s>: Recipient address rejected: %s. Case ID" % (RCPT, text[10:])])
        smtp.quit()

    def test_bounce_for_many(self):
        client = dataclasses.replace(C["static"], guilty=("session_null_sender_many_rcpts",))
        null = "MAIL FROM:<>"
        replies = self.session(client, null, TO, "DATA", null, TO, "RCPT TO:<other@example.org>",
                               "RCPT TO:<third@example.org>", "DATA")
        self.assertEqual([r.code for r in replies], [250, 250, 250] + 4 * [250] + [550])
        self.assertEqual(self.told(replies[-1]), [
            "550-5.7.1 the message has no sender, as a bounce, and 3 recipients; a bounce goes to "
            "the one who sent the message: ask the administrator of 203.0.113.78 to send what is "
            "no bounce with a sender", "550 5.7.1 Case ID"])
        case = str(replies[-1]).rsplit(" ", 1)[1]
        self.mxward.wait_log("case=" + case, "session_null_sender_many_rcpts:reject")
        # Judged again from their records they are the same, and by other settings others.
        wait_for(lambda: case in run_command(self.mxward.binary, "cases", "--client", client.addr,
                                             "-c", self.mxward.conf)[1], 10, "the case")
        for more, told in (("", "0 decisions change"),
                           ("null_sender_recipients = 3\n", "3 decisions change")):
            with open(self.mxward.conf, encoding="utf-8") as f:
                text = f.read()
            conf = self.bed.place.write(
                "replay.conf", text.replace("[session]\n", "[session]\n" + more))
            out = run_command(self.mxward.binary, "replay", "--client", client.addr, "--diff", "-c",
                              conf)[1]
            self.assertRegex(out, "2 cases of .*, 4 recipients\n%s, 0 of them from accepted" % told)


class NeverHit(SessionCase):
    more = "[networks]\nours = 192.0.2.50\n[actions]\nsession_helo_changed = reject\n"

    def test_list_server(self):
        """Many messages in one session, pipelined, some to a hundred of whom a third is gone, with
        a RSET before each."""
        client = C["good"]
        smtp = self.connect("milter", client)
        for n in range(15):
            here = 67 if n % 7 == 0 else 1
            gone = [nobody(i) for i in range(33 if n % 7 == 0 else 0)]
            replies = smtp.pipeline(
                "RSET", mail(n), *gone,
                *["RCPT TO:<user+%d@example.org>" % i for i in range(here)])
            self.assertEqual([r.code for r in replies],
                             [250, 250] + [550] * len(gone) + [250] * here)
            self.assertEqual(smtp.data(HEADER).code, 250)
        smtp.quit()
        self.assertEqual(str(self.ask("milter", client)), OK)
        self.assertEqual({n for n in self.counts(client).values() if n < 0}, set())
        for what in ("resets", "commands", "recipients", "empty"):
            self.assertEqual(self.counts(client)[what], 0)
        self.assertEqual(self.mxward.log_lines("session_", "client=" + client.addr), [])

    def test_put_off_by_others(self):
        """Recipients that are refused or put off give reason for RSET."""
        client = C["good2"]
        self.session(client, *[c for n in range(12) for c in (mail(n), nobody(n), TO, "RSET")])
        self.assertEqual(str(self.ask("milter", client)), OK)
        self.assertEqual(self.counts(client)["resets"], 0)

    def test_starttls(self):
        client = C["literal"]
        smtp = self.connect("milter", client)
        self.assertEqual(smtp.starttls().code, 220)
        for _ in range(2):
            self.assertEqual(smtp.ehlo("mail.good.example").code, 250)
        self.assertEqual([smtp.mail(SENDER).code, smtp.rcpt(RCPT).code], [250, 250])
        smtp.quit()
        # ... but in TLS one name is enough, too.
        guilty = dataclasses.replace(client, guilty=("session_helo_changed",))
        smtp = self.connect("milter", guilty)
        self.assertEqual(smtp.starttls().code, 220)
        for name in ("mail.literal.example", "mail.good.example"):
            self.assertEqual(smtp.ehlo(name).code, 250)
        self.assertEqual([smtp.mail(SENDER).code, smtp.rcpt(RCPT).code], [250, 550])
        smtp.quit()

    def test_monitoring(self):
        client = C["static"]
        for _ in range(6):
            self.session(client)
        self.wait_count(client, "empty", 6)
        self.assertEqual(str(self.ask("milter", client)), OK)

    def test_own_and_authenticated(self):
        client = C["good6"]
        own = dataclasses.replace(client, name="own", addr="192.0.2.50")
        bad = ["FOO"] * 12 + [mail(1)] + [nobody(n) for n in range(9)]
        for _ in range(2):
            self.session(own, *bad)
            self.session(client, *bad, LOGIN="ann")
        time.sleep(0.5)
        counts = self.counts(client)
        self.assertEqual({counts[w] for w in ("resets", "commands", "recipients", "empty")}, {0})
        for who in (own, client):
            self.assertEqual(str(self.ask("milter", who)), OK)


class OverWorkers(SessionCase):
    workers, limits = 2, "half_life = 4s\n"

    def test_counted_together_and_forgiven(self):
        client = C["good"]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(self.session, client, mail(1), nobody(1), nobody(2))
                         for _ in range(12)]:
                done.result()
        begun = time.monotonic()
        self.restart()
        reply = self.ask("milter", client)
        self.assertRegex(str(reply), "451-4.7.1 192.0.2.10 wrote to [12][0-9] recipients of late ")
        # A client who did nothing of it.
        self.assertEqual(str(self.ask("milter", C["good2"])), OK)
        wait_for(lambda: self.counts(client)["recipients"] < 5, 20, "time to forgive")
        self.assertGreater(time.monotonic() - begun, 4)
        self.restart()
        self.assertEqual(str(self.ask("milter", client)), OK)


class Disconnect(SessionCase):
    limits = "disconnect = yes\n"

    def test_session_ends(self):
        client = C["good"]
        smtp = self.connect("milter", client)
        for _ in range(8):
            smtp.cmd("FOO")
        self.assertEqual(smtp.mail(SENDER).code, 250)
        reply = smtp.rcpt(RCPT)
        self.assertEqual(self.told(reply), [
            "421-4.7.0 192.0.2.10 gave 5 commands here of late that do not exist, so its mail has "
            "to wait: find out what sends them; " + AGAIN, "421 4.7.0 Case ID"])
        with self.assertRaises((EOFError, ConnectionError)):
            smtp.cmd("NOOP")
