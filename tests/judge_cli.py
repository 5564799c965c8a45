#!/usr/bin/env python3
"""The commands `mxward check` and `mxward replay` from outside: what they make of what they are told.

No network: a zone file, or the record itself, has all the answers.

Usage: judge_cli.py MXWARD
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

MXWARD = sys.argv[1]
CONF = """[dns]
zone = %s
resolver = none
[sender]
unreachable = 10.0.0.0/8
"""
CHECKS = "[policy]\nchecks = rdns helo spf sender\n"
ZONE = """
5.113.0.203.in-addr.arpa PTR mail.example.org
mail.example.org A 203.0.113.5
mail.example.org TXT "v=spf1 -all"
fine.example TXT "v=spf1 ip4:203.0.113.5 -all"
fine.example MX 10 mail.example.org
strict.example TXT "v=spf1 -all exp=why.strict.example"
strict.example MX 10 mail.example.org
why.strict.example TXT "%{i} is not one of %{d}'s servers"
"""


def run(*args, stdin=""):
    return subprocess.run([MXWARD, *args], input=stdin, capture_output=True, text=True, timeout=20)


class Judge(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mxward-judge-")
        self.addCleanup(folder.cleanup)
        self.zone = pathlib.Path(folder.name, "test.zone")
        self.zone.write_text(ZONE)
        self.conf = str(pathlib.Path(folder.name, "mxward.conf"))
        self.configure(CHECKS)

    def configure(self, sections):
        pathlib.Path(self.conf).write_text(CONF % self.zone + sections)

    def check(self, *args):
        done = run("check", "-c", self.conf, "--ip", "203.0.113.5", *args)
        self.assertIn(done.returncode, (0, 1, 2))
        self.assertEqual(done.stderr, "")
        return done.stdout

    def report(self, *args):
        return json.loads(self.check("--json", *args))

    def replay(self, facts, **record):
        record = {"v": 1, "id": "x", "client": {"ip": "203.0.113.5"}, "facts": facts, **record}
        done = run("replay", "-c", self.conf, stdin=json.dumps(record) + "\n")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def found(self, report):
        return [f["id"] for f in report["findings"]]

    def test_spf_in_json(self):
        report = self.report("--helo", "mail.example.org", "--from", "joe@strict.example")
        self.assertEqual(report["auth"], {
            "iprev": "pass", "iprev_name": "mail.example.org", "spf_helo": "fail",
            "spf_mailfrom": "fail",
            "spf_explanation": "203.0.113.5 is not one of strict.example's servers"})
        fail = next(f for f in report["findings"] if f["id"] == "spf_fail")
        self.assertEqual(fail["evidence"], {
            "client": "203.0.113.5", "domain": "strict.example", "helo": "mail.example.org",
            "identity": "sender", "term": "-all", "record": "strict.example"})
        self.assertEqual((fail["cause"], fail["fixer"]), ("spf_fail", "sender_admin"))
        report = self.report("--helo", "mail.example.org", "--from", "joe@fine.example")
        self.assertEqual(report["auth"]["spf_mailfrom"], "pass")
        self.assertNotIn("spf_explanation", report["auth"])

    def test_explanation_of_a_hostile_sender(self):
        """The domain quotes what the client sent it; nothing of that harms the reply."""
        local = "\x1b[2J\r\n\x7f\u00ff%s%n\\" * 140
        facts = [{"q": "dns", "name": "strict.example", "type": "TXT", "status": "ok",
                  "rr": ["v=spf1 -all exp=why.strict.example"]},
                 {"q": "dns", "name": "why.strict.example", "type": "TXT", "status": "ok",
                  "rr": ["not:%{l}"]}]
        self.configure("[policy]\nprofile = strict\nchecks = spf\n[spf]\nexplanation = yes\n")
        report = self.replay(facts, helo="x", unknown="none", **{"from": local + "@strict.example"})
        reply, words = report["reply"].split(" strict.example says: ")
        self.assertRegex(reply, r"^550 5\.7\.23 strict\.example does not allow 203\.0\.113\.5 ")
        one = r"?[2J?????%s%n\092"
        self.assertTrue(("not:" + one * 30).startswith(words[:-3]), words)
        self.assertRegex(words, r"(%n|\\092|[^\\%0-9])\.\.\.$")
        self.assertLessEqual(len(report["reply"]), 450)
        shown = report["auth"]["spf_explanation"].replace("\\092", "\\")
        self.assertTrue(shown.endswith("..."))
        self.assertIn(len(shown), range(447, 451))

    def test_without_helo(self):
        """The sender is judged all the same; nothing is said of a HELO that nobody knows."""
        report = self.report("--from", "joe@fine.example")
        self.assertEqual(self.found(report), ["rdns_ok", "spf_pass", "sender_ok"])
        self.assertEqual((report["auth"]["spf_helo"], report["auth"]["spf_mailfrom"]),
                         ("none", "pass"))
        page = self.check("--from", "joe@fine.example")
        self.assertRegex(page, r"(?m)^client    203\.0\.113\.5  from <joe@fine\.example>$")

    def test_without_sender(self):
        report = self.report("--helo", "mail.example.org")
        self.assertEqual(self.found(report), ["rdns_ok", "helo_ok", "spf_helo_fail"])
        self.assertEqual((report["auth"]["spf_helo"], report["auth"]["spf_mailfrom"]),
                         ("fail", "none"))
        page = self.check("--helo", "mail.example.org")
        self.assertRegex(page, r"(?m)^client    203\.0\.113\.5  HELO mail\.example\.org$")

    def test_with_the_address_alone(self):
        report = self.report()
        self.assertEqual(self.found(report), ["rdns_ok"])
        self.assertRegex(self.check(), r"(?m)^client    203\.0\.113\.5$")

    def test_what_is_empty_is_known(self):
        """A bounce is judged by its HELO; a client that gave no name at all is told so."""
        report = self.report("--helo", "mail.example.org", "--from", "")
        self.assertIn("spf_fail", self.found(report))
        self.assertEqual(report["auth"]["spf_mailfrom"], "fail")
        self.assertIn("helo_syntax", self.found(self.report("--helo", "", "--from", "")))
        self.assertIn("from <>", self.check("--from", "<>"))

    def test_records(self):
        facts = self.report("--helo", "mail.example.org", "--from", "joe@fine.example")["facts"]
        for said in ({"helo": "mail.example.org", "from": "joe@fine.example"},
                     {"from": "joe@fine.example"}, {"helo": "mail.example.org"}, {},
                     {"from": "joe@fine.example", "helo": None}):
            options = [x for key, value in said.items() if value
                       for x in ("--" + key, value)]
            with self.subTest(said):
                checked, replayed = self.report(*options), self.replay(facts, **said)
                self.assertEqual(replayed["auth"], checked["auth"])
                self.assertEqual(self.found(replayed), self.found(checked))


    def message(self, text):
        path = pathlib.Path(self.conf).with_name("message")
        path.write_bytes(text)
        return str(path)

    def test_message(self):
        """The header counts with everything else; the body does not."""
        self.configure("[site]\nhostname = mx.example.net\n[policy]\nchecks = header\n")
        message = self.message(
            b"From a@b.example  Thu Aug 22 12:36:23 2002\n"
            b"Received: from x by mail.example.org; Thu, 22 Aug 2002 11:36:20 +0000\n"
            b"Date: Thu, 31 Apr 2002 12:36:23 +0000\nSubject: gr\xfc\xdfe\n"
            b"Message-ID: <a@example.org>\n\nFrom: nobody\n")
        at = ("--time", "Thu, 22 Aug 2002 13:36:23 +0200")
        self.assertEqual(self.found(self.report("--message", message, *at)),
                         ["header_bad_date", "header_no_from", "header_8bit"])
        self.assertEqual(self.found(self.report()), [])
        done = run("check", "-c", self.conf, "--ip", "203.0.113.5", "--message", message, *at)
        self.assertEqual(done.returncode, 1)
        self.assertIn("550 5.6.0", done.stdout)
        self.assertIn("names a day that this month does not have (field 2, byte 6)", done.stdout)
        self.assertIn("field 3, byte 3: 0xFC", done.stdout)

    def test_time_of_a_message(self):
        """Judged as of now, as of when our own server took it, or as of when one wishes."""
        self.configure("[site]\nhostname = mx.example.net\n[policy]\nchecks = header\n")
        rest = (b"From: a@example.org\nDate: Thu, 22 Aug 2002 12:36:23 +0100\n"
                b"Message-ID: <a@example.org>\n")
        ours = b"Received: from x by MX.example.net; Thu, 22 Aug 2002 11:36:24 +0000\n"
        other = b"Received: from x by mx.example.org; Thu, 22 Aug 2002 11:36:24 +0000\n"
        found = lambda text, *more: self.found(self.report("--message", self.message(text), *more))
        self.assertEqual(found(ours + rest), [])
        self.assertEqual(found(rest), ["header_old_date"])
        self.assertEqual(found(other + rest), ["header_clock"])
        for when in "1030016183", "2002-08-22T11:36:23Z", "Thu, 22 Aug 2002 12:36:23 +0100":
            self.assertEqual(found(rest, "--time", when), [])
        self.assertEqual(found(rest, "--time", "Thu, 22 Aug 2001 12:36:23 +0100"),
                         ["header_future_date"])

    def test_utf8_in_a_message(self):
        self.configure("[policy]\nchecks = header\n[header]\nold = 0\n")
        message = self.message("From: Jörg <a@example.org>\r\nMessage-ID: <a@example.org>\r\n"
                               "Date: Thu, 22 Aug 2002 12:36:23 +0100\r\n\r\n".encode())
        self.assertEqual(self.found(self.report("--message", message)), ["header_8bit"])
        self.assertEqual(self.found(self.report("--message", message, "--smtputf8")), [])
        record = {"headers": pathlib.Path(message).read_text(), "smtputf8": True}
        self.assertEqual(self.found(self.replay([], **record)), [])
        self.assertEqual(self.found(self.replay([], headers=record["headers"])), ["header_8bit"])
        self.assertEqual(self.found(self.replay([], headers="")),
                         ["header_no_date", "header_no_from", "header_no_message_id"])

    def test_message_that_cannot_be_read(self):
        for path in "/nonexistent", "/":
            done = run("check", "--ip", "203.0.113.5", "--message", path)
            self.assertEqual((done.returncode, done.stdout), (66, ""))
            self.assertIn(path, done.stderr)
        done = run("check", "--ip", "203.0.113.5", "--time", "tomorrow")
        self.assertEqual(done.returncode, 64)
        self.assertIn('"tomorrow" is no time', done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
