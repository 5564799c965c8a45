#!/usr/bin/env python3
"""The command `mxward import-log` from outside: made-up logs in the forms that logs have.

DNS is a zone file, or a small server on loopback that counts what it is asked.

Usage: import_log.py MXWARD
"""
import datetime
import gzip
import json
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

MXWARD = sys.argv[1]
EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_IOERR, EX_TEMPFAIL, EX_CONFIG = 64, 65, 66, 74, 75, 78
ZONE = """
5.113.0.203.in-addr.arpa PTR mail.fine.example
6.113.0.203.in-addr.arpa PTR mail.other.example
mail.fine.example A 203.0.113.5
mail.other.example A 203.0.113.6
fine.example MX 10 mail.fine.example
fine.example TXT "v=spf1 ip4:203.0.113.5 -all"
other.example MX 10 mail.other.example
"""
FINE, OTHER, NO_PTR = "mail.fine.example[203.0.113.5]", "mail.other.example[203.0.113.6]", \
    "unknown[203.0.113.9]"
BEGIN = datetime.datetime(2026, 11, 6, 1, 2, 3, tzinfo=datetime.timezone.utc)
ENV = dict(os.environ, TZ="UTC")


# Forms of a line's beginning.
def traditional(t, who):
    return "%s %2d %s mx %s: " % (t.strftime("%b"), t.day, t.strftime("%H:%M:%S"), who)


def postlogd(t, who):
    return t.strftime("%b %d %H:%M:%S mx ") + who + ": "


def rfc3339(t, who):
    east = t + datetime.timedelta(hours=2)
    return east.strftime("%Y-%m-%dT%H:%M:%S.123456+02:00 mx ") + who + ": "


def short_iso(t, who):
    west = t - datetime.timedelta(hours=5)
    return west.strftime("%Y-%m-%dT%H:%M:%S-0500 mx ") + who + ": "


def short_full(t, who):
    return t.strftime("%a %Y-%m-%d %H:%M:%S UTC mx ") + who + ": "


def short_unix(t, who):
    return "%d.000001 mx %s: " % (t.timestamp(), who)


FORMS = [traditional, postlogd, rfc3339, short_iso, short_full, short_unix]


class Log:
    """Writes a log, a second a line."""

    def __init__(self, form=traditional, begin=BEGIN):
        self.form, self.now, self.lines, self.number = form, begin, [], 0

    def say(self, who, text):
        self.lines.append(self.form(self.now, who) + text)
        self.now += datetime.timedelta(seconds=1)

    def refused(self, client, sender, rcpt, helo, reply="554 5.7.1 <x>: Relay access denied",
                pid=11):
        self.say("postfix/smtpd[%d]" % pid, "connect from " + client)
        self.say("postfix/smtpd[%d]" % pid,
                 "NOQUEUE: reject: RCPT from %s: %s; from=<%s> to=<%s> proto=ESMTP helo=<%s>"
                 % (client, reply, sender, rcpt, helo))
        self.say("postfix/smtpd[%d]" % pid, "disconnect from %s ehlo=1 mail=1 rcpt=0/1 quit=1"
                 % client)

    def accepted(self, client, sender, *rcpts, status="sent", helo=None, more="", service=""):
        self.number += 1
        queue, pid = "4F%08X" % self.number, 20 + self.number % 5
        smtpd = "postfix/%ssmtpd[%d]" % (service, pid)
        self.say(smtpd, "connect from " + client)
        if helo:
            self.say(smtpd, "NOQUEUE: info: RCPT from %s: <%s>: Recipient address: seen; from=<%s> "
                     "to=<%s> proto=ESMTP helo=<%s>" % (client, rcpts[0], sender, rcpts[0], helo))
        self.say(smtpd, "%s: client=%s%s" % (queue, client, more))
        self.say("postfix/cleanup[31]", queue + ": message-id=<%d@x.example>" % self.number)
        self.say("postfix/qmgr[32]", queue + ": from=<%s>, size=999, nrcpt=%d (queue active)"
                 % (sender, len(rcpts)))
        self.say(smtpd, "disconnect from %s ehlo=1 mail=1 rcpt=1 data=1 quit=1" % client)
        for rcpt in rcpts:
            self.say("postfix/lmtp[33]", queue + ": to=<%s>, relay=127.0.0.1[127.0.0.1]:24, "
                     "delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status=%s (250 Ok)" % (rcpt, status))
        self.say("postfix/qmgr[32]", queue + ": removed")

    def text(self):
        return "".join(line + "\n" for line in self.lines)


def some_mail(log):
    """A few hundred lines with all that there is."""
    for i in range(10):
        log.accepted(FINE, "joe%d@fine.example" % i, "ann@example.org", "bob@example.org",
                     helo="mail.fine.example")
        log.accepted(NO_PTR, "joe@fine.example", "ann@example.org")
        log.refused(OTHER, "sue%d@other.example" % i, "ann@example.org", "mail.other.example",
                    "450 4.2.0 <ann@example.org>: Recipient address rejected: Greylisted")
        log.refused(NO_PTR, "sue%d@other.example" % i, "ann@example.org", "pc%d" % i)
        log.accepted(NO_PTR, "ann@example.org", "x@far.example",
                     more=", sasl_method=PLAIN, sasl_username=ann")
        log.accepted(NO_PTR, "ann@example.org", "x@far.example", service="submission/")
        log.accepted("localhost[127.0.0.1]", "ann@example.org", "x@far.example")
    return log


class Dns(threading.Thread):
    """A name server that answers PTR and A for 203.0.113.0/24, slowly; counts questions."""

    def __init__(self, delay=0.0):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port, self.delay, self.asked = self.sock.getsockname()[1], delay, []
        self.start()

    def run(self):
        while True:
            try:
                query, peer = self.sock.recvfrom(4096)
            except OSError:
                return
            timer = threading.Timer(self.delay, self.answer, (query, peer))
            timer.daemon = True
            timer.start()

    def answer(self, query, peer):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1").lower())
            at += 1 + query[at]
        name, qtype = ".".join(labels), struct.unpack("!H", query[at + 1:at + 3])[0]
        self.asked.append((name, qtype))
        rdata = b""
        host = re.fullmatch(r"h(\d+)\.fine\.example", name)
        if qtype == 12 and name.endswith(".113.0.203.in-addr.arpa"):
            rdata = b"".join(bytes([len(x)]) + x for x in
                             (b"h" + labels[0].encode(), b"fine", b"example")) + b"\0"
        elif qtype == 1 and host:
            rdata = bytes([203, 0, 113, int(host[1])])
        reply = query[:2] + b"\x81\x80\0\1" + (b"\0\1" if rdata else b"\0\0") + b"\0\0\0\0" \
            + query[12:at + 5]
        if rdata:
            reply += b"\xc0\x0c" + struct.pack("!HHIH", qtype, 1, 3600, len(rdata)) + rdata
        try:
            self.sock.sendto(reply, peer)
        except OSError:
            pass

    def close(self):
        self.sock.close()


class ImportLog(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mxward-import-")
        self.addCleanup(folder.cleanup)
        self.place = pathlib.Path(folder.name)
        (self.place / "zone").write_text(ZONE)
        self.configure("[dns]\nzone = %s\nresolver = none\n" % (self.place / "zone"))

    def configure(self, dns, policy="[policy]\nprofile = strict\n"):
        (self.place / "conf").write_text(dns + "[sender]\nunreachable = 10.0.0.0/8\n" + policy)

    def write(self, name, text, mtime=None):
        path = self.place / name
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        if mtime:
            os.utime(path, (mtime.timestamp(),) * 2)
        return str(path)

    def call(self, *args, stdin=b"", timeout=60):
        return subprocess.run([MXWARD, "import-log", "-c", str(self.place / "conf"),
                               *map(str, args)], input=stdin, capture_output=True, env=ENV,
                              timeout=timeout)

    def report(self, *args, status=0, **more):
        done = self.call("--json", *args, **more)
        self.assertEqual((done.returncode, done.stderr.decode()), (status, ""))
        return json.loads(done.stdout)

    def bad(self, status, part, *args, **more):
        done = self.call(*args, **more)
        self.assertEqual((done.returncode, done.stdout.decode()), (status, ""), done.stderr)
        self.assertIn(part, done.stderr.decode())

    # what is read -------------------------------------------------------------------------------

    def test_forms(self):
        seen = []
        for form in FORMS:
            log = some_mail(Log(form))
            path = self.write("mail.log", log.text(), log.now)
            seen.append(self.report(path, status=1))
            self.assertEqual(seen[-1]["log"]["first"], "2026-11-06T01:02:03Z", form)
            for sample in seen[-1]["newly_refused"]["samples"]:
                self.assertTrue(sample["time"].startswith("2026-11-06T01:"), form)
        self.assertGreater(seen[0]["log"]["lines"], 400)
        for form, report in zip(FORMS, seen):
            self.assertEqual(report, seen[0], form)

    def test_what_was_found(self):
        report = self.report(self.write("mail.log", some_mail(Log()).text()), status=1)
        self.assertEqual(report["then_now"], {
            "accepted": {"accepted": 20, "no_answer": 0, "put_off": 0, "refused": 10},
            "put_off": {"accepted": 10, "no_answer": 0, "put_off": 0, "refused": 0},
            "refused": {"accepted": 0, "no_answer": 0, "put_off": 0, "refused": 10}})
        log = report["log"]
        self.assertEqual((log["connections"], log["mails"], log["authenticated"],
                          log["submission"], log["loopback"]), (70, 50, 10, 10, 10))
        self.assertEqual((report["transactions"], report["judged"], report["helo_known"]),
                         (31, 31, 30))
        refused = report["newly_refused"]
        self.assertEqual((refused["mails"], refused["transactions"], refused["delivered"]),
                         (10, 1, 10))
        self.assertEqual(refused["findings"]["rdns_none"], 10)
        self.assertEqual(refused["sender_domains"], {"fine.example": 10})
        self.assertEqual(refused["rcpt_domains"], {"example.org": 10})
        sample = refused["samples"][0]
        self.assertEqual(
            (sample["client"], sample["name"], sample["helo"], sample["from"], sample["rcpt"],
             sample["then"], sample["now"]),
            ("203.0.113.9", "unknown", None, "joe@fine.example", "ann@example.org", "sent",
             "reject"))
        self.assertIn("rdns_none", sample["findings"])
        self.assertIn("203.0.113.9 has no reverse name", sample["reply"])
        accepted = report["newly_accepted"]
        self.assertEqual((accepted["mails"], accepted["transactions"]), (10, 10))
        self.assertEqual(report["reasons"], {
            "450 Recipient address rejected: Greylisted":
                {"accepted": 10, "no_answer": 0, "put_off": 0, "refused": 0},
            "554 Relay access denied":
                {"accepted": 0, "no_answer": 0, "put_off": 0, "refused": 10}})

    def test_page(self):
        log = some_mail(Log())
        done = self.call(self.write("mail.log", log.text(), log.now))
        page = done.stdout.decode()
        self.assertEqual((done.returncode, done.stderr), (1, b""))
        self.assertRegex(page, r"(?m)^accepted +20 +0 +0 +10$")
        self.assertRegex(page, r"(?m)^10 mails of 1 transactions, 10 delivered$")
        self.assertRegex(page, r"(?m)^HELO +known of 30 of 31")
        self.assertIn("what DNS says is of today", page)
        self.assertIn("from <joe@fine.example> to <ann@example.org>", page)
        self.assertTrue(page.isascii())

    def test_hostile_bytes_are_escaped(self):
        log = Log()
        log.accepted(NO_PTR, "j\x1b[2J\udcff@fine.example", "ann@example.org",
                     helo="a\x9b31m")
        path = self.write("mail.log", log.text())
        done = self.call(path)
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stdout.replace(b"\n", b"").decode("ascii").isprintable())
        self.report(path, status=1)

    def test_nothing_is_said_of_an_unknown_helo(self):
        log = Log()
        log.accepted(FINE, "joe@fine.example", "ann@example.org")
        report = self.report(self.write("mail.log", log.text()))
        self.assertEqual(report["then_now"]["accepted"]["accepted"], 1)
        self.assertEqual([f for f in report["findings"] if f.startswith("helo")], [])
        log.accepted(FINE, "joe@fine.example", "bob@example.org", helo="pc")
        report = self.report(self.write("mail.log", log.text()))
        self.assertIn("helo_not_fqdn", report["findings"])

    def test_postmaster_is_always_reached(self):
        log = Log()
        log.accepted(NO_PTR, "joe@fine.example", "postmaster@example.org", "ann@example.org")
        report = self.report(self.write("mail.log", log.text()), status=1)
        self.assertEqual(report["then_now"]["accepted"],
                         {"accepted": 1, "no_answer": 0, "put_off": 0, "refused": 1})

    def test_own_networks(self):
        log = Log()
        log.accepted("pc[10.1.2.3]", "joe@fine.example", "ann@example.org")
        path = self.write("mail.log", log.text())
        report = self.report(path, status=1)
        self.assertEqual(report["newly_refused"]["private"], 1)
        self.assertIn("[networks] ours", self.call(path).stdout.decode())
        with open(self.place / "conf", "a", encoding="ascii") as conf:
            conf.write("[networks]\nours = 10.0.0.0/8\n")
        report = self.report(path)
        self.assertEqual((report["own_networks"], report["newly_refused"]["mails"]), (1, 0))

    def test_monitor_profile(self):
        """Who only watches wants to know what would be refused if he did not."""
        self.configure("[dns]\nzone = %s\nresolver = none\n" % (self.place / "zone"),
                       "[policy]\nprofile = monitor\n[actions]\nrdns_none = reject\n")
        path = self.write("mail.log", some_mail(Log()).text())
        report = self.report(path, status=1)
        self.assertTrue(report["monitor"])
        self.assertEqual(report["newly_refused"]["mails"], 10)
        self.assertIn("profile monitor", self.call(path).stdout.decode())

    # files --------------------------------------------------------------------------------------

    def test_year_turn(self):
        begin = datetime.datetime(2025, 12, 31, 23, 59, 50, tzinfo=datetime.timezone.utc)
        log = Log(begin=begin)
        for _ in range(5):
            log.accepted(NO_PTR, "joe@fine.example", "ann@example.org")
        # two processes, a little out of order
        log.lines[10], log.lines[11] = log.lines[11], log.lines[10]
        report = self.report(self.write("mail.log", log.text(), log.now), status=1)
        self.assertEqual((report["log"]["first"], report["log"]["last"]),
                         ("2025-12-31T23:59:50Z", "2026-01-01T00:00:24Z"))

    def test_years_without_a_new_file(self):
        log = Log(begin=datetime.datetime(2023, 3, 1, tzinfo=datetime.timezone.utc))
        for month in range(30):
            log.now = datetime.datetime(2023 + (2 + month) // 12, (2 + month) % 12 + 1, 1,
                                        tzinfo=datetime.timezone.utc)
            log.accepted(NO_PTR, "joe@fine.example", "ann@example.org")
        report = self.report(self.write("mail.log", log.text(), log.now), status=1)
        self.assertEqual((report["log"]["first"][:10], report["log"]["last"][:10]),
                         ("2023-03-01", "2025-08-01"))

    def test_rotated_files_in_any_order(self):
        log = Log(begin=datetime.datetime(2025, 12, 31, 23, 59, 30, tzinfo=datetime.timezone.utc))
        some_mail(log)
        lines, third = [line + "\n" for line in log.lines], len(log.lines) // 3 + 1
        end = log.now
        whole = self.report(self.write("whole", "".join(lines), end), status=1)
        for name, n in (("mail.log", 2), ("mail.log.1", 1), ("mail.log.2.gz", 0)):
            self.write(name, "".join(lines[third * n:third * (n + 1)]), end)
        files = sorted(str(p) for p in self.place.glob("mail.log*"))
        self.assertEqual(self.report(*files, status=1), whole)
        self.assertEqual(self.report(*reversed(files), status=1), whole)
        self.assertNotEqual(self.report(*files[1:], status=1), whole)

    def test_standard_input(self):
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        log = some_mail(Log(begin=now - datetime.timedelta(hours=1)))
        text = log.text().encode()
        whole = self.report(self.write("mail.log", text, now), status=1)
        self.assertEqual(self.report("-", stdin=text, status=1), whole)
        self.assertEqual(self.report("-", stdin=gzip.compress(text), status=1), whole)

    def test_since(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        log = Log()
        for days in (20, 13, 1):
            log.now = now - datetime.timedelta(days=days)
            log.accepted(NO_PTR, "joe@fine.example", "d%d@example.org" % days)
        path = self.write("mail.log", log.text())
        for since, mails in (("14d", 2), ("30d", 3), ("36h", 1), ("1h", 0)):
            report = self.report("--since", since, path, status=1 if mails else 0)
            self.assertEqual((report["newly_refused"]["mails"], report["log"]["too_old"]),
                             (mails, 3 - mails), since)

    def test_lines_cut_and_too_long(self):
        log = some_mail(Log())
        log.lines.insert(40, log.lines[0] + "x" * 300000)
        log.lines.insert(50, "\0" * 1000)
        log.lines.append("no line of a log")
        whole = self.report(self.write("a", log.text()), status=1)
        self.assertEqual(whole["log"]["too_long"], 1)
        self.assertEqual(whole["log"]["mails"], 50)
        log.say("postfix/smtpd[9]", "NOQUEUE: reject: RCPT from %s: 550 5.1.1 <x>: no; "
                "from=<joe@fine.example> to=<an" % NO_PTR)
        cut = self.report(self.write("a", log.text()[:-1]), status=1)
        self.assertEqual(cut["log"]["cut"], 1)
        self.assertEqual(cut["then_now"]["refused"]["refused"], 11)

    def test_other_logs(self):
        for text in ("", "2026-11-06 01:02:03 1abcde-000000-0A <= joe@a.example H=a [192.0.2.1]\n",
                     "Nov  6 01:02:03 mx sm-mta[1]: 0A1: from=<joe@a.example>, size=1\n",
                     "Nov  6 01:02:03 mx sshd[1]: connect from a[192.0.2.1]\n"):
            self.bad(EX_DATAERR, "no line of Postfix", self.write("other.log", text))
        self.bad(EX_NOINPUT, "No such file", self.place / "none")
        self.bad(EX_IOERR, "", self.place)

    def test_broken_gzip(self):
        whole = gzip.compress(some_mail(Log()).text().encode())
        path = self.write("mail.log", whole[:len(whole) // 2])
        self.bad(EX_IOERR, "mail.log: ", path)

    def test_sample(self):
        log = Log()
        for i in range(400):
            log.accepted(NO_PTR, "joe%d@fine.example" % i, "ann@example.org")
        path = self.write("mail.log", log.text())
        report = self.report("--max", 50, path, status=1)
        self.assertIn(report["sample_of"], (8, 16))
        self.assertLessEqual(report["judged"], 50)
        self.assertGreaterEqual(report["judged"], 10)
        self.assertEqual(report["log"]["mails"], 400)
        self.assertEqual(self.report("--max", 50, path, status=1), report)
        self.assertIn("a sample: one of", self.call("--max", 50, path).stdout.decode())
        self.assertEqual(self.report("--max", 400, path, status=1)["judged"], 400)

    def test_many_recipients(self):
        """More of one transaction than are kept apart still count."""
        log = Log()
        for i in range(300):
            log.accepted(NO_PTR, "news@fine.example", "u%d@example.org" % i, "postmaster@b.example")
        report = self.report(self.write("mail.log", log.text()), status=1)
        self.assertEqual(report["then_now"]["accepted"],
                         {"accepted": 300, "no_answer": 0, "put_off": 0, "refused": 300})
        self.assertEqual(report["newly_refused"]["transactions"], 1)
        rcpts = report["newly_refused"]["rcpt_domains"]
        self.assertEqual(sum(rcpts.values()), 300)
        self.assertEqual(sorted(rcpts), ["(not known)", "example.org"])

    def test_exemptions_and_switches_of_the_store(self):
        """Whoever is told what would be refused can see at once what an exemption does."""
        path = self.write("mail.log", some_mail(Log()).text())
        with open(self.place / "conf", "a", encoding="ascii") as conf:
            conf.write("[store]\nfile = %s\n" % (self.place / "store.db"))
        def change(*command):
            done = subprocess.run([MXWARD, *command, "-c", str(self.place / "conf")],
                                  capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, 0, done.stderr)
        change("exempt", "add", "192.0.2.1")
        self.assertEqual(self.report(path, status=1)["newly_refused"]["mails"], 10)
        change("exempt", "add", "203.0.113.9")
        self.assertEqual(self.report(path)["newly_refused"]["mails"], 0)
        change("exempt", "remove", "203.0.113.9")
        change("mailbox", "set", "ann@example.org", "skip=all")
        self.assertEqual(self.report(path)["newly_refused"]["mails"], 0)

    # options ------------------------------------------------------------------------------------

    def test_command_line(self):
        help_text = self.call("--help")
        self.assertIn(b"--resume FILE", help_text.stdout)
        self.bad(EX_USAGE, "which log?")
        for option, value in (("--since", "yesterday"), ("--since", "-1d"), ("--rate", "0"),
                              ("--rate", "x"), ("--rate", "1001"), ("--max", "0")):
            self.bad(EX_USAGE, option + " " + value, option, value, "-")
        self.bad(EX_USAGE, "same file", "--resume", "a", "--out", "a", "-")
        self.bad(EX_USAGE, "wrong option", "--what", "-")
        self.bad(EX_CONFIG, "", "--resolver", "nobody", self.write("a", some_mail(Log()).text()))
        self.configure("", "[policy]\nprofile = none\n")
        self.bad(EX_CONFIG, "conf:4:", self.write("a", some_mail(Log()).text()))

    def test_records(self):
        out = self.place / "out"
        report = self.report("--out", out, self.write("mail.log", some_mail(Log()).text()),
                             status=1)
        records = [json.loads(line) for line in out.read_text().splitlines()]
        self.assertEqual(len(records), report["judged"])
        self.assertEqual({r["way"] for r in records}, {"import-log"})
        conf = str(self.place / "conf")
        again = subprocess.run([MXWARD, "replay", "-c", conf, str(out)], capture_output=True,
                               text=True, timeout=60)
        self.assertEqual((again.returncode, again.stderr), (0, ""))
        kinds = [json.loads(line)["verdict"] for line in again.stdout.splitlines()]
        self.assertEqual(kinds.count("reject"), 11)     # of which one is of ten mails
        self.assertEqual(kinds.count("accept"), 30)
        diff = subprocess.run([MXWARD, "replay", "--diff", "--against", conf, str(out)],
                              capture_output=True, text=True, timeout=60)
        self.assertRegex(diff.stderr, r"^31 records, \d+ decisions change")
        self.assertEqual(out.stat().st_mode & 0o777, 0o600)

    def test_records_that_cannot_be_written(self):
        path = self.write("mail.log", some_mail(Log()).text())
        self.bad(EX_IOERR, "/dev/full: No space left", "--out", "/dev/full", path)
        self.report("--resume", self.place / "state", path, status=1)
        self.bad(EX_IOERR, "/dev/full: No space left", "--resume", self.place / "state", "--out",
                 "/dev/full", path)
        self.bad(73, "no-folder", "--out", self.place / "no-folder" / "x", path)
        self.bad(73, "no-folder", "--resume", self.place / "no-folder" / "x", path)

    # over the network ---------------------------------------------------------------------------

    def ask(self, delay=0.0):
        dns = Dns(delay)
        self.addCleanup(dns.close)
        self.configure("[dns]\nresolver = 127.0.0.1@%d\n" % dns.port,
                       "[policy]\nchecks = rdns\nprofile = strict\n")
        return dns

    def distinct(self, n):
        log = Log()
        for i in range(n):
            log.accepted("h[203.0.113.%d]" % (i + 1), "joe@fine.example", "ann@example.org")
        return self.write("mail.log", log.text())

    def test_each_is_asked_once(self):
        dns = self.ask()
        log = Log()
        for i in range(100):
            log.accepted(FINE, "joe@fine.example", "ann%d@example.org" % i)
        self.report("--rate", 1000, self.write("mail.log", log.text()))
        self.assertEqual(sorted(dns.asked), [("5.113.0.203.in-addr.arpa", 12),
                                             ("h5.fine.example", 1)])

    def test_rate(self):
        self.ask()
        path, began = self.distinct(20), time.monotonic()
        self.report("--rate", 10, path)
        self.assertGreater(time.monotonic() - began, 1.5)
        began = time.monotonic()
        self.report("--rate", 1000, path)
        self.assertLess(time.monotonic() - began, 1.5)

    def test_no_answer(self):
        """A resolver that is dead refuses nobody, and does not count as refusing."""
        dns = self.ask()
        dns.close()
        report = self.report("--rate", 1000, self.distinct(3), timeout=60)
        self.assertEqual(report["then_now"]["accepted"],
                         {"accepted": 0, "no_answer": 3, "put_off": 0, "refused": 0})

    def interrupted(self, state, path, number, seconds):
        run = subprocess.Popen([MXWARD, "import-log", "-c", str(self.place / "conf"), "--json",
                                "--rate", "20", "--resume", str(state), path], env=ENV,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(seconds)
        run.send_signal(number)
        out, err = run.communicate(timeout=30)
        return run.returncode, out, err.decode()

    def test_resume(self):
        dns = self.ask(0.05)
        path, state = self.distinct(60), self.place / "state"
        whole = self.report("--rate", 1000, path)
        dns.asked.clear()
        status, out, err = self.interrupted(state, path, signal.SIGINT, 1.0)
        self.assertEqual(status, EX_TEMPFAIL, err)
        self.assertIn("interrupted: run it again to go on, with --resume " + str(state), err)
        first = json.loads(out)
        self.assertTrue(first["interrupted"])
        self.assertGreater(first["judged"], 5)
        self.assertLess(first["judged"], 50)
        # killed in the middle of a line
        status, _, _ = self.interrupted(state, path, signal.SIGKILL, 1.0)
        self.assertEqual(status, -signal.SIGKILL)
        with open(state, "a", encoding="ascii") as f:
            f.write('{"v":1,"id":"half of a rec')
        done = len(state.read_text().splitlines()) - 1
        self.assertGreater(done, first["judged"])
        self.assertLess(done, 60)
        last = self.report("--rate", 1000, "--resume", state, path)
        self.assertEqual((last["judged"], last["resumed"]), (60, done))
        self.assertEqual(last["then_now"], whole["then_now"])
        self.assertEqual(last["findings"], whole["findings"])
        # what was under way when a run ended is asked twice, nothing else
        self.assertLess(len(dns.asked), 120 + 4 * 20)
        dns.asked.clear()
        out = self.place / "out"
        again = self.report("--resume", state, "--out", out, path)
        self.assertEqual((again["resumed"], dns.asked), (60, []))
        self.assertEqual(sorted(out.read_text().splitlines()),
                         sorted(state.read_text().splitlines()))

    def test_two_runs_with_one_file(self):
        self.ask(0.5)
        path, state = self.distinct(20), self.place / "state"
        first = subprocess.Popen([MXWARD, "import-log", "-c", str(self.place / "conf"), "--resume",
                                  str(state), path], env=ENV, stdout=subprocess.DEVNULL)
        try:
            for _ in range(500):
                if state.exists() and state.stat().st_size:
                    break
                time.sleep(0.01)
            self.bad(EX_TEMPFAIL, "another run is writing to it", "--resume", state, path)
        finally:
            self.assertEqual(first.wait(30), 0)

    def test_resume_asks_what_other_settings_need(self):
        dns = self.ask()
        path, state = self.distinct(5), self.place / "state"
        self.report("--resume", state, path)
        self.configure("[dns]\nresolver = 127.0.0.1@%d\n" % dns.port,
                       "[policy]\nchecks = rdns spf\nprofile = strict\n")
        report = self.report("--resume", state, path)
        self.assertEqual(report["resumed"], 0)
        self.assertIn(("fine.example", 16), dns.asked)
        self.assertEqual(self.report("--resume", state, path)["resumed"], 5)

    def test_resume_asks_again_what_failed(self):
        dns = self.ask()
        path, state = self.distinct(2), self.place / "state"
        good = (self.place / "conf").read_text()
        (self.place / "conf").write_text(good.replace(str(dns.port), "9"))
        report = self.report("--resume", state, path)
        self.assertEqual(report["then_now"]["accepted"]["no_answer"], 2)
        (self.place / "conf").write_text(good)
        report = self.report("--resume", state, path)
        self.assertEqual((report["resumed"], report["then_now"]["accepted"]["accepted"]), (0, 2))

    def test_a_file_of_another_kind_is_left_alone(self):
        path = self.distinct(1)
        for text in ("precious\n", "precious", '{"precious":1}\n'):
            precious = self.write("precious", text)
            self.bad(EX_DATAERR, "precious", "--resume", precious, path)
            self.assertEqual(pathlib.Path(precious).read_text(), text)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
