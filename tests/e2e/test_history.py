"""How clients, senders and domains behaved: counted exactly, by several workers and over restarts,
and heeded: whose mail was refused too often is put off for a while.

What the store knows is read with mxward check, which writes nothing.
"""
import concurrent.futures
import email.utils
import itertools
import json
import os
import time

from bed.daemon import daemon_folder, run_check
from bed.place import wait_for
from bed.raw import RawMilter, RawPolicy
from case import MxwardCase
from test_verdicts import OK, SITE
from world import C

HEADER = ("Date: %s\nFrom: sender@good.example\nMessage-ID: <1@good.example>\n\nx\n"
          % email.utils.formatdate())


class HistoryCase(MxwardCase):
    workers, more = 1, ""

    @classmethod
    def make_sections(cls, b):
        folder = daemon_folder(b.place.path("store-" + cls.__name__))
        cls.store = os.path.join(folder, "store.db")
        return SITE + "[store]\nfile = %s\n[daemon]\nworkers = %d\n%s" % (
            cls.store, cls.workers, cls.more)

    def check(self, client, sender):
        return run_check(self.mxward.binary, "--ip", client, "--helo", "mail.good.example",
                         "--from", sender, "--json", "-c", self.mxward.conf)

    def facts(self, client, sender="sender@good.example"):
        """{kind: fact} of what is known of them."""
        status, out, err = self.check(client, sender)
        self.assertEqual((status < 3, err), (True, ""))
        return {f["what"]: f for f in json.loads(out)["facts"] if f["q"] == "history"}

    def setUp(self):
        super().setUp()
        # It is made while the workers already serve.
        wait_for(lambda: self.check("192.0.2.99", "a@b.example")[2] == "", 5, "the store")

    def numbers(self, what, client, *sender):
        """[accepted, refused, deferred, ...] or None where nothing is known."""
        return self.facts(client, *sender)[what].get("n")

    def wait_numbers(self, want, what, client, *sender):
        """They become so, and stay."""
        wait_for(lambda: self.numbers(what, client, *sender) == want, 10,
                 "%s %s: %s" % (what, client, want))
        time.sleep(0.5)
        self.assertEqual(self.numbers(what, client, *sender), want)

    def restart(self):
        self.assertEqual(self.mxward.stop(), 0)
        self.mxward.start()


class Sums(HistoryCase):
    workers = 2

    def send(self, connection, count, client="192.0.2.10", sender="sender@good.example"):
        """So many messages, each to two recipients, over a connection of their own."""
        helo = "mail.good.example"
        if connection % 2:
            with RawMilter(self.bed.milter_address) as milter:
                milter.negotiate()
                for _ in range(count):
                    self.assertEqual(
                        milter.transaction(client, helo, sender, "user@example.org")[0], "c")
                    self.assertEqual(milter.end(), ("c", b""))
            return
        with RawPolicy(self.bed.policy_address) as policy:
            for i in range(count):
                for rcpt in ("user@example.org", "other@example.org"):
                    self.assertEqual("DUNNO", policy.ask(
                        client_address=client, helo_name=helo, sender=sender, recipient=rcpt,
                        instance="%d.%d.1" % (connection, i)))

    def send_all(self, connections, each, *who):
        with concurrent.futures.ThreadPoolExecutor(connections) as pool:
            done = [pool.submit(self.send, i, each, *who) for i in range(connections)]
            for future in done:
                future.result()

    def test_exact_over_workers_and_restarts(self):
        self.send_all(8, 25)
        want = [200, 0, 0, 0, 0, 0]
        for what in ("client", "sender", "domain"):
            self.wait_numbers(want, what, "192.0.2.10")
        self.restart()
        self.send_all(4, 10)
        for what in ("client", "sender", "domain"):
            self.wait_numbers([240, 0, 0, 0, 0, 0], what, "192.0.2.10")
        facts = self.facts("192.0.2.10")
        self.assertGreater(facts["client"]["score"], 239000)
        self.assertGreaterEqual(facts["client"]["age"], facts["client"]["idle"])
        self.assertEqual(facts["refusals"]["status"], "none")

    def test_check_writes_nothing(self):
        self.assertEqual(self.facts("192.0.2.11")["client"]["status"], "none")
        time.sleep(1.5)
        self.assertEqual(self.facts("192.0.2.11")["client"]["status"], "none")

    def test_reload(self):
        before = self.numbers("client", "192.0.2.43", "a@good.example") or [0] * 6
        self.send_all(2, 5, "192.0.2.43", "a@good.example")
        seen = len(self.mxward.log_lines("event=reloaded"))
        self.mxward.reload()
        self.mxward.wait_log("event=reloaded", after=seen)
        self.send_all(2, 5, "192.0.2.43", "a@good.example")
        before[0] += 20
        self.wait_numbers(before, "client", "192.0.2.43", "a@good.example")


class Refusals(HistoryCase):
    more = """[actions]
rdns_none = reject
[history]
too_many_refused = 3
within = 6s
"""

    def setUp(self):
        super().setUp()
        self.wait_worker()

    tries = itertools.count()

    def wait_worker(self):
        """While a worker has not heard from the store, nobody has a record, and a refusal that a
        good one might avert is put off; the same message would be let in the second time, and be to
        its credit."""
        wait_for(lambda: self.ask("policy", C["forged"],
                                  "try%d@good.example" % next(self.tries)).code == 550, 20,
                 "the worker to reach the store")

    def test_put_off_then_forgiven(self):
        """A client with a HELO that is refused and one that is not."""
        client = C["bare_ip"].addr

        def say(policy, helo, message):
            return policy.ask(client_address=client, helo_name=helo, instance="9.%s" % message,
                              sender="s%s@good.example" % message)

        with RawPolicy(self.bed.policy_address) as policy:
            for i in range(12):
                self.assertTrue(say(policy, "mx.example.org", i).startswith("550 5.7.1 "))
            # What a visit leaves is written when the next message comes.
            self.assertTrue(say(policy, "mail.bare.example", "a").startswith(
                "451 4.7.1 mail from the client 192.0.2.24 was refused here 1"))
        # It is not forgotten by a restart, and being put off adds nothing to it.
        self.restart()
        self.wait_worker()
        with RawPolicy(self.bed.policy_address) as policy:
            for i in range(20):
                self.assertEqual(say(policy, "mail.bare.example", 100 + i)[:9], "451 4.7.1")
        # Others are not concerned.
        self.assertEqual(str(self.ask("policy", C["literal"], "a@good.example")), OK)
        begun = time.monotonic()
        wait_for(lambda: self.facts(client)["refusals"]["score"] < 3000, 20, "time to forgive")
        self.assertGreater(time.monotonic() - begun, 3)
        self.restart()      # so that nothing is remembered before the store
        with RawPolicy(self.bed.policy_address) as policy:
            self.assertEqual(say(policy, "mail.bare.example", "z"), "DUNNO")

    def test_from_the_first_message(self):
        """A start is over when the store answers: nobody who writes at once is judged without it.
        It does not wait for ever, so on a machine that has other things to do one may be."""
        known = 0
        for i in range(5):
            self.restart()
            reply = self.ask("policy", C["forged"], "first%d@good.example" % i)
            if self.mxward.status()["store"]["failed"] == 0:
                self.assertEqual(reply.code, 550)
                known += 1
        self.assertGreaterEqual(known, 3)

    def test_through_postfix(self):
        """The milter and the policy service count the same client together."""
        client = C["no_ptr"]
        for i in range(6):
            reply = self.ask("policy" if i % 2 else "milter", client, "n%d@good.example" % i)
            self.assertEqual((reply.code, "5.7.25" in str(reply)), (550, True), reply)
        self.wait_numbers([0, 6, 0, 0, 0, 0], "client", client.addr)
        self.assertEqual(self.facts(client.addr)["refusals"]["status"], "ok")


class Names(HistoryCase):
    more = "[actions]\nrdns_none = reject\n"

    def test_forged_sender(self):
        """Who says a name that is not his neither ruins it nor lives on it."""
        for way in ("policy", "milter"):
            for i in range(3):
                self.assertEqual(self.ask(way, C["no_ptr"], "sender@nice.example").code, 550)
        self.wait_numbers([0, 6, 0, 0, 0, 0], "client", C["no_ptr"].addr)
        facts = self.facts(C["no_ptr"].addr, "sender@nice.example")
        self.assertEqual((facts["sender"]["status"], facts["domain"]["status"]), ("none", "none"))

    def test_given_up(self):
        """Nobody gets a record by messages that never come to their end."""
        smtp = self.connect("milter", C["static"])
        for i in range(3):
            self.assertEqual(smtp.mail("n%d@good.example" % i).code, 250)
            self.assertEqual(smtp.rcpt("user@example.org").code, 250)
            self.assertEqual(smtp.rset().code, 250)
        self.assertEqual(smtp.mail("sender@good.example").code, 250)
        self.assertEqual(smtp.rcpt("user@example.org").code, 250)
        self.assertEqual(smtp.data(HEADER).code, 250)
        smtp.quit()
        self.wait_numbers([1, 0, 0, 0, 0, 0], "client", C["static"].addr)

    def test_recipients_that_the_mail_server_refuses(self):
        smtp = self.connect("milter", C["good2"])
        self.assertEqual(smtp.mail("sender@nice.example").code, 250)
        for i in range(3):
            self.assertEqual(smtp.rcpt("nobody%d@example.org" % i).code, 550)
        self.assertEqual(smtp.rcpt("user@example.org").code, 250)
        self.assertEqual(smtp.data(HEADER).code, 250)
        smtp.quit()
        self.wait_numbers([1, 0, 0, 3, 0, 0], "client", C["good2"].addr)
        self.assertEqual(self.numbers("domain", C["good2"].addr, "sender@nice.example"),
                         [1, 0, 0, 0, 0, 0])
