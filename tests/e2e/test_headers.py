"""The message's header, judged at the end of DATA: the exact reply for each finding of the check.

What Postfix 3.7 makes of a header before its milter sees it, found with this bed:
- Date, From and Message-ID are added for clients of its own only (local_header_rewrite_clients);
- a bare CR becomes a blank; a bare LF ends the line; what follows a NUL in a field is cut off;
- a line whose name is no name (a blank inside, a byte beyond ASCII) begins the body;
- over 50 fields Received (hopcount_limit) it refuses by itself.
So four rows speak the milter protocol themselves, as another mail server would.
"""
import email.utils
import os
import re
import time
import unittest

from bed.daemon import run_command
from bed.place import wait_for
from bed.raw import RawMilter
from case import MxwardCase
from shared import SOURCE_ROOT
from test_cases import ID, Kept
from test_verdicts import CASE, OK, SITE
from world import C

PROGRAM = ": whoever runs the program that wrote the message must update or repair it"
CLOCK = ": the administrator of the computer that wrote it must set its clock"


def date(days=0):
    return email.utils.formatdate(time.time() + days * 86400, localtime=False).replace(
        "-0000", "+0000")


def header(*more, first=(), **fields):
    """A good one, with these fields instead (None: without), and more behind, or first, in bytes."""
    full = {"Date": date(), "From": "ann@good.example", "Message_ID": "<1@good.example>",
            "Subject": "hello"}
    full.update(fields)
    lines = ["%s: %s" % (k.replace("_", "-"), v) for k, v in full.items() if v is not None]
    return b"".join(line if isinstance(line, bytes) else line.encode("latin-1") + b"\r\n"
                    for line in [*first, *lines, *more])


def received(when, count=1):
    return ["Received: from a.example by b.example; " + when] * count


def all_findings():
    with open(os.path.join(SOURCE_ROOT, "src", "checks", "header_codes.c")) as source:
        return re.findall(r'\.id = "(header_\w+)"', source.read())


def broken(text, code="550 5.6.0", fix=PROGRAM):
    number, enhanced = code.split(" ")
    return "%s-%s %s%s\n%s Case ID" % (number, enhanced, text, fix, code)


ROWS = {
    "header_no_date": (lambda: header(Date=None), broken("the message has no field Date")),
    "header_bad_date": (
        lambda: header(Date="Thu, 32 Foo 2026 25:00:00 +0000"),
        broken("the field Date names a day that this month does not have, names a month that does "
               "not exist, has an hour over 23 (field 1, byte 6): Thu, 32 Foo 2026 25:00:00 +0000")),
    "header_odd_date": (
        lambda: header(Date=date().replace("+0000", "UTCX")),
        broken("the field Date has a time zone by a name that mail does not know "
               "(field 1, byte 27): DATE")),
    "header_old_date": (
        lambda: header(Date=date(-9.01)),
        broken("the message is dated DATE, 9 days ago", fix=CLOCK)),
    "header_future_date": (
        lambda: header(Date=date(5.01)),
        broken("the message is dated DATE, 5 days from now", fix=CLOCK)),
    "header_clock": (
        lambda: header(first=received(date(1.01)), Date=date(1.01)),
        broken("the clock of the server that sent the message is wrong by 24 hours: both its field "
               "Received and the Date say so",
               fix=": that server's administrator must set its clock and time zone")),
    "header_no_from": (lambda: header(From=None), broken("the message has no field From")),
    "header_many_from": (
        lambda: header("From: bob@good.example"),
        broken("the field From stands there 2 times (fields 2 and 5), so nobody can tell who wrote "
               "the message")),
    "header_bad_from": (
        lambda: header(From="Ann <ann@good>"),
        broken("the field From has an address whose domain has one label only (field 2, byte 10)")),
    "header_no_message_id": (
        lambda: header(Message_ID=None), broken("the message has no field Message-ID")),
    "header_bad_message_id": (
        lambda: header(Message_ID="1@good.example"),
        broken("the field Message-ID is not enclosed in < and > (field 3, byte 1)")),
    "header_duplicate": (
        lambda: header("Subject: again"),
        broken("the message has more than once what may stand once: Subject (fields 4 and 5)")),
    "header_8bit": (
        lambda: header(Subject="gr\xfc\xdfe"),
        broken("the field Subject has bytes beyond ASCII that are not even UTF-8 "
               "(field 4, byte 3: 0xFC)",
               fix=PROGRAM + ", which has to encode them (RFC 2047)")),
    "header_long_line": (
        lambda: header(Subject="x" * 1200),
        broken("the field Subject has a line longer than 998 bytes (field 4, byte 990)",
               fix=PROGRAM + ", which has to fold long lines")),
    "header_too_big": (
        lambda: header(*["X-A: b"] * 600),
        broken("the header of the message has 604 fields and 4909 bytes; 500 fields are taken",
               "552 5.3.4")),
    "header_mime_broken": (
        lambda: header("MIME-Version: 1.0", "Content-Type: multipart/mixed"),
        broken("the field Content-Type says multipart, but has no boundary (field 6, byte 1)")),
    "header_received_loop": (
        lambda: header(first=received(date(), 21)),
        broken("the message has been through 21 servers already: it goes round in a loop",
               "554 5.4.6", ": whoever forwards mail of this address, or to it, must find the "
               "forwarding that leads back")),
}
RAW_ROWS = {  # name, value of one field, as frames
    "header_bad_name": (
        b"Sub ject", b"x",
        broken("the field Sub ject has a name with a byte that no name may have "
               "(field 4, byte 4: 0x20)")),
    "header_bare_cr_or_lf": (
        b"Subject", b"a\rb",
        broken("the field Subject has a carriage return without a line feed (field 4, byte 2)")),
    "bare_lf": (
        b"Subject", b"a\nb",
        broken("the field Subject has a line end that is none (field 4, byte 2)")),
    "nul": (b"Subject", b"a\0b", broken("the field Subject has a byte 0 (field 4, byte 2)")),
}


def shown(reply):
    """The reply without what is new every time."""
    text = re.sub(r"\w{3}, \d+ \w{3} \d{4} \d\d:\d\d:\d\d (\+0000|UTCX)", "DATE", str(reply)) \
        if "32 Foo" not in str(reply) else str(reply)
    return CASE.sub("Case ID", text)


class Headers:
    sender = "writer@good.example"

    def message(self, content, *rcpts, client="senders", mail=None):
        """The reply at the end of DATA; all recipients are accepted before."""
        smtp = self.connect("milter", C[client])
        self.assertEqual(smtp.cmd(mail or "MAIL FROM:<%s>" % self.sender).code, 250)
        for rcpt in rcpts or ("user@example.org",):
            self.assertEqual(smtp.rcpt(rcpt).code, 250)
        reply = smtp.data_bytes(content + b"\r\nbody\r\n")
        smtp.quit()
        return reply


class EachFinding(Headers, MxwardCase):
    sections = SITE + "[header]\nreceived = 20\n[actions]\n" + "".join(
        "%s = reject\n" % finding for finding in all_findings())

    def raw(self, name, value):
        with RawMilter(self.bed.milter_address) as milter:
            milter.negotiate()
            self.assertEqual(milter.transaction("192.0.2.43", "[192.0.2.43]", self.sender,
                                                "user@example.org"), ("c", b""))
            for field in (b"Date\0" + date().encode(), b"From\0ann@good.example",
                          b"Message-ID\0<1@good.example>", name + b"\0" + value):
                milter.frame("L", field + b"\0")
            milter.frame("N")
            reply, data = milter.ask("E")
            self.assertEqual(reply, "y", data)
            return data[:-1].decode().replace("\r\n", "\n").replace("%%", "%")

    def test_every_finding_has_a_row(self):
        self.assertEqual(set(all_findings()), (ROWS.keys() | RAW_ROWS.keys()) & set(all_findings()))

    def test_clean(self):
        marker = "clean-and-delivered"
        content = header("To: undisclosed-recipients:;", "MIME-Version: 1.0",
                         'Content-Type: text/plain; charset="utf-8"',
                         first=received(date(), 20), Subject=marker)
        self.assertEqual(self.message(content, client="good").code, 250)
        self.assertIn("ann@good.example", self.bed.postfix.wait_mail("user@example.org", marker))
        self.assertEqual(self.mxward.log_lines("stage=message", "client=192.0.2.10"), [])

    def test_utf8_that_was_announced(self):
        content = header(Subject="gr\u00fc\u00dfe".encode().decode("latin-1"))
        self.assertEqual(self.message(content, client="good", mail="MAIL FROM:<%s> SMTPUTF8"
                                      % self.sender).code, 250)
        self.assertIn("has letters beyond ASCII that are not encoded",
                      str(self.message(content)))

    def test_message_after_message(self):
        smtp = self.connect("milter", C["senders"])
        for content, code in ((header(From=None), 550), (header(), 250), (header(Date=None), 550),
                              (header(), 250)):
            self.assertEqual(smtp.mail(self.sender).code, 250)
            self.assertEqual(str(smtp.rcpt("user@example.org")), OK)
            self.assertEqual(smtp.data_bytes(content + b"\r\nbody\r\n").code, code)

    def test_who_has_logged_in_is_not_judged(self):
        smtp = self.connect("milter", C["good"], LOGIN="ann")
        self.assertEqual(smtp.mail(self.sender).code, 250)
        self.assertEqual(str(smtp.rcpt("user@example.org")), OK)
        self.assertEqual(smtp.data_bytes(header(From=None) + b"\r\n").code, 250)

    def test_postmaster_gets_it_and_whoever_gets_it_with_him(self):
        content = header(From=None)
        for rcpts in (("postmaster@example.org",), ("user@example.org", "abuse@example.org")):
            self.assertEqual(self.message(content, *rcpts).code, 250)
            self.mxward.wait_log("stage=message", "rcpts=%d" % len(rcpts), "verdict=accept",
                                 "would=reject", "header_no_from:reject")


def add_rows():
    def through_postfix(finding, content, want):
        def test(self):
            self.assertEqual(shown(self.message(content())), want)
            line = self.mxward.wait_log("stage=message", "verdict=reject", finding + ":reject")
            self.assertIn("rcpts=1", str(line))
        return test

    def raw(field, value, want):
        def test(self):
            self.assertEqual(shown(self.raw(field, value)), want)
        return test

    for finding, row in ROWS.items():
        setattr(EachFinding, "test_" + finding, through_postfix(finding, *row))
    for name, row in RAW_ROWS.items():
        setattr(EachFinding, "test_raw_" + name, raw(*row))


add_rows()


class Monitor(Headers, MxwardCase):
    sections = SITE + "[policy]\nprofile = monitor\n"

    def test_nobody_is_refused(self):
        self.assertEqual(self.message(header(From=None)).code, 250)
        self.mxward.wait_log("stage=message", "verdict=accept", "would=reject",
                             'because="monitor profile"')


class Remembered(Headers, Kept):
    """What was decided at the end is what the case says, and what replay finds again."""

    more = "[actions]\nheader_no_date = reject\n"

    def test_the_case_of_a_refusal(self):
        reply = self.message(header(Date=None), "user@example.org", "other@second.example")
        self.assertEqual(shown(reply), ROWS["header_no_date"][1])
        page = self.case(reply)
        for rcpt in ("user@example.org", "other@second.example"):
            self.assertIn("to        <%s>: reject, score 0, at the end of the message" % rcpt, page)
        self.assertRegex(page, r"reject  header_no_date +the message has no field Date")
        self.assertRegex(page, r"queue [0-9A-F]+")
        found = self.found("--sender", self.sender, "--finding", "header_no_date", "--verdict",
                           "reject")
        self.assertEqual([c["id"] for c in found], [ID.search(str(reply))[1]])
        self.assertGreater(self.mxward.status()["messages"]["reject"], 0)

    def test_replay(self):
        sender = self.sender = "again@good.example"
        self.case(self.message(header(Date=None)))
        self.message(header(Subject="gr\xfc"), "user@example.org", "postmaster@example.org")
        self.wait_found(2, "--sender", sender)
        out = self.good("replay", "--sender", sender, "--diff")
        self.assertIn("2 cases", out)
        self.assertIn("0 decisions change", out)
        new = self.mxward.conf + ".new"
        with open(self.mxward.conf) as old, open(new, "w") as text:
            text.write(old.read().replace("header_no_date = reject", "header_8bit = reject"))
        status, out, err = run_command(
            self.mxward.binary, "replay", "--sender", sender, "--diff", "-c", new)
        self.assertEqual((status, err), (0, ""))
        self.assertIn("1 decision change, 0 of them", out)
        self.assertIn("reject -> accept", out)
        page = self.good("replay", "--sender", sender)
        self.assertIn("the message has no field Date", page)

    def test_who_was_refused_before_keeps_that(self):
        self.sender = "two@good.example"
        self.good("mailbox", "set", "optout@example.org", "policy=off")
        self.addCleanup(self.good, "mailbox", "unset", "optout@example.org")
        self.mxward.wait_log("event=mailboxes")
        # Two with switches of their own: one reply for both, the milder.
        self.assertEqual(self.message(header(Date=None), "user@example.org",
                                      "optout@example.org").code, 250)
        case = self.wait_found(1, "--sender", self.sender)[0]
        self.assertEqual(case["verdict"], "accept")
        # The case is there while the session goes on, and whoever waits for the end is not in it.
        smtp = self.connect("milter", C["no_ptr_localhost"])
        smtp.mail(self.sender)
        reply = smtp.rcpt("user@example.org")
        self.assertEqual(reply.code, 550)
        self.assertEqual(str(smtp.rcpt("optout@example.org")), OK)
        self.assertNotIn("optout", self.case(reply))
        self.assertEqual(smtp.data_bytes(header(Date=None) + b"\r\n").code, 250)
        wait_for(lambda: "to        <optout@example.org>: accept, score 8, at the end of the message"
                 "; it would be reject" in self.case(reply), 5, "the end of the message")
        self.assertIn("to        <user@example.org>: reject, score 8\n", self.case(reply))
        self.assertIn("0 decisions change", self.good("replay", "--sender", self.sender, "--diff"))


if __name__ == "__main__":
    unittest.main()
