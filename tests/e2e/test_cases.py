"""Decisions that are kept: the id in an SMTP reply leads to all that led to it, refusals at RCPT are
found by whom they were about, and a disk that is full costs cases, never mail.
"""
import json
import os
import re
import subprocess
import unittest

from bed.daemon import daemon_folder, run_command
from bed.place import wait_for
from case import MxwardCase
from test_verdicts import OK, SITE
from world import C

ID = re.compile(r"Case ([0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){2})$", re.M)


class Kept(MxwardCase):
    more = ""

    @classmethod
    def make_sections(cls, b):
        cls.folder = daemon_folder(b.place.path("cases-" + cls.__name__))
        cls.prepare(cls.folder)
        cls.store = os.path.join(cls.folder, "store.db")
        return SITE + "[store]\nfile = %s\n%s" % (cls.store, cls.more)

    @classmethod
    def prepare(cls, folder):
        pass

    def run_it(self, command, *args):
        return run_command(self.mxward.binary, command, "-c", self.mxward.conf, *args)

    def good(self, command, *args):
        status, out, err = self.run_it(command, *args)
        self.assertEqual((status, err), (0, ""), args)
        return out

    def case(self, reply, *args):
        """mxward case with the id of this reply, as soon as it is kept."""
        found = ID.search(str(reply))
        self.assertIsNotNone(found, reply)
        wait_for(lambda: self.run_it("case", found[1])[0] == 0, 5, "case " + found[1])
        return self.good("case", *args, found[1])

    def found(self, *args):
        status, out, _ = self.run_it("cases", "--json", *args)
        self.assertEqual(status, 0)
        return [json.loads(line) for line in out.splitlines()]

    def wait_found(self, count, *args):
        wait_for(lambda: len(self.found(*args)) == count, 8, "%d cases: %r" % (count, args))
        return self.found(*args)


class Cases(Kept):
    def test_the_id_in_the_reply_leads_to_the_case(self):
        for way in ("policy", "milter"):
            reply = self.ask(way, C["no_ptr_localhost"], "%s@good.example" % way)
            self.assertEqual(reply.code, 550)
            page = self.case(reply)
            self.assertIn("client    192.0.2.31  HELO localhost  from <%s@good.example>" % way, page)
            self.assertIn("to        <user@example.org>: reject, score 8", page)
            self.assertIn("31.2.0.192.in-addr.arpa. IN PTR mail.example.com.", page)
            page = self.case(reply, "--for-sender")
            self.assertIn("192.0.2.31 has no reverse name (PTR record)", page)
            self.assertNotIn("user@example.org", page)

    def test_while_the_session_goes_on(self):
        smtp = self.connect("policy", C["no_ptr_localhost"])
        smtp.mail("session@good.example")
        reply = smtp.rcpt("user@example.org")
        self.assertIn("reject", self.case(reply))
        # The same message goes on, and its case grows.
        smtp.rcpt("postmaster@example.org")
        wait_for(lambda: "<postmaster@example.org>: accept" in self.case(reply), 5, "the second")
        smtp.quit()

    def test_refusals_at_rcpt_are_found(self):
        self.ask("policy", C["mismatch"], "search@good.example")
        self.ask("milter", C["no_ptr_localhost"], "search@good.example", "user@second.example")
        both = self.wait_found(2, "--sender", "search@good.example")
        self.assertEqual({c["client"] for c in both}, {"192.0.2.21", "192.0.2.31"})
        refused = self.found("--sender", "search@good.example", "--verdict", "reject")
        self.assertEqual([c["client"] for c in refused], ["192.0.2.31"])
        for condition in (("--client", "192.0.2.30/31"), ("--rcpt", "User@second.example"),
                          ("--rcpt", "@second.example"), ("--helo", "localhost"),
                          ("--finding", "helo_private")):
            found = self.found("--sender", "@good.example", "--since", "10m", *condition)
            self.assertEqual([c["id"] for c in found if c["from"] == "search@good.example"],
                             [refused[0]["id"]], condition)

    def test_accepted_mail_is_found_by_its_queue_id(self):
        for way in ("policy", "milter"):
            smtp = self.connect(way, C["good"])
            smtp.mail("queue.%s@good.example" % way)
            self.assertEqual(str(smtp.rcpt("user@example.org")), OK)
            queue = re.search(r"queued as (\S+)", str(smtp.data("Subject: x\n\nx")))[1]
            smtp.quit()
            case = self.wait_found(1, "--sender", "queue.%s@good.example" % way)[0]
            self.assertEqual(case["verdict"], "accept")
            if way == "milter":
                self.assertEqual(self.wait_found(1, "--queue", queue)[0]["id"], case["id"])

    def test_eleven_recipients_are_two_cases(self):
        smtp = self.connect("milter", C["no_ptr_localhost"])
        smtp.mail("eleven@good.example")
        ids = [ID.search(str(smtp.rcpt("user@example.org")))[1] for _ in range(11)]
        smtp.quit()
        self.assertEqual(len(set(ids[:10])), 1)
        self.assertNotEqual(ids[10], ids[0])
        self.wait_found(2, "--sender", "eleven@good.example")
        self.assertEqual(self.good("case", ids[0]).count("to        <user@example.org>"), 10)
        self.assertEqual(self.good("case", ids[10]).count("to        <user@example.org>"), 1)

    def test_who_has_logged_in_leaves_no_case(self):
        for way in ("policy", "milter"):
            reply = self.ask(way, C["no_ptr_localhost"], "login@good.example", LOGIN="ann")
            self.assertEqual(str(reply), OK)
        self.ask("policy", C["no_ptr_localhost"], "stranger@good.example")
        self.wait_found(1, "--sender", "stranger@good.example")
        self.assertEqual(self.found("--sender", "login@good.example"), [])

    def test_what_if(self):
        self.assertEqual(str(self.ask("policy", C["alias"], "whatif@good.example")), OK)
        self.wait_found(1, "--sender", "whatif@good.example")
        new = self.mxward.conf + ".new"
        with open(self.mxward.conf) as old, open(new, "w") as out:
            out.write(old.read() + "[actions]\nhelo_alias = reject\n")
        status, out, err = run_command(
            self.mxward.binary, "replay", "--sender", "whatif@good.example", "--diff", "-c", new)
        self.assertEqual((status, err), (1, ""))
        self.assertIn("1 decision change, 1 of them from accepted to refused", out)
        self.assertRegex(out, r"(?m)^ +1  helo_alias\n.*accept -> reject  192\.0\.2\.26  "
                         r"whatif@good\.example > user@example\.org$")


class Hashed(Kept):
    more = "[privacy]\nrecipients = hashed\nsecret = 000102030405060708090a0b0c0d0e0f\n"

    def test_no_recipient_is_written_down(self):
        reply = self.ask("policy", C["no_ptr_localhost"], rcpt="unspoken@example.org")
        page = self.case(reply)
        self.assertNotIn("unspoken", page)
        self.assertEqual(len(self.found("--rcpt", "unspoken@example.org")), 1)
        for name in os.listdir(self.folder):
            with open(os.path.join(self.folder, name), "rb") as f:
                self.assertFalse(b"unspoken" in f.read(), name)


class Full(Kept):
    """A disk of 1 MiB."""

    more = "[policy]\nchecks = rdns helo sender\n"     # many refusals of one client are the plan

    @classmethod
    def prepare(cls, folder):
        if os.geteuid() != 0 or subprocess.run(
                ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder],
                capture_output=True, check=False).returncode:
            raise unittest.SkipTest("a small file system cannot be mounted")

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        subprocess.run(["umount", cls.folder], check=False, capture_output=True)

    def test_mail_goes_on(self):
        # Until the store has told its exemptions, refusals are deferrals.
        wait_for(lambda: self.ask("policy", C["no_ptr_localhost"]).code == 550, 10, "a refusal")
        for i in range(300):
            smtp = self.connect("policy", C["no_ptr_localhost"])
            smtp.mail("full%d@good.example" % i)
            self.assertEqual(smtp.rcpt("user@example.org").code, 550)
            smtp.quit()
        self.assertEqual(str(self.ask("policy", C["good"])), OK)
        self.mxward.wait_log("event=store", "full", seconds=10)
        self.assertGreater(len(self.found("--max", "0")), 5)  # what was written before can be read
        self.assertEqual(str(self.ask("milter", C["good2"])), OK)
