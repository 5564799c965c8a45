#!/usr/bin/env python3
"""The commands on kept decisions from outside: `mxward case`, `mxward cases`, and what is kept.

Usage: cli.py MXWARD FILL
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

MXWARD, FILL = sys.argv[1:3]
EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_CONFIG = 64, 65, 66, 78
DAY = 86400


def dns(name, kind, *rr):
    answer = {"status": "ok", "ttl": 300, "rr": list(rr)} if rr else {"status": "nxdomain", "ttl": 60}
    return {"q": "dns", "name": name, "type": kind, **answer}


BARE = {  # no reverse name, a private HELO, a sender's domain that is not there
    "id": "AAAA-AAAA-AAA1", "client": {"ip": "203.0.113.9", "port": 25}, "helo": "localhost",
    "from": "ann@gone.example", "unknown": "none",
    "rcpt": ["joe@example.org", "postmaster@example.org", "Zoe@Example.NET"]}
GOOD = {
    "id": "AAAA-AAAA-AAA2", "client": {"ip": "203.0.113.70"}, "helo": "mail.good.example",
    "from": "bob@good.example", "unknown": "none", "rcpt": ["joe@example.org"],
    "facts": [dns("70.113.0.203.in-addr.arpa", "PTR", "mail.good.example"),
              dns("mail.good.example", "A", "203.0.113.70"),
              dns("good.example", "TXT", "v=spf1 a:mail.good.example -all"),
              dns("good.example", "MX", "10 mail.good.example")]}
SIX = {
    "id": "AAAA-AAAA-AAA3", "client": {"ip": "2001:db8::9"}, "helo": "mail.six.example",
    "from": "", "unknown": "none", "rcpt": ["joe@example.org"]}
EVIL = {
    "id": "AAAA-AAAA-AAA4", "client": {"ip": "198.51.100.1"}, "helo_hex": b"\x1b[2J\xff\"\\".hex(),
    "from_hex": b"\x1b]0;x\x07@\xc3\xa4.example".hex(), "unknown": "none",
    "rcpt": ["\x1b[31mjoe@example.org"]}
SPF = {  # the domain's policy does not name this server
    "id": "AAAA-AAAA-AAA5", "client": {"ip": "203.0.113.80"}, "helo": "mail.new.example",
    "from": "eve@strict.example", "unknown": "none", "rcpt": ["joe@example.org"],
    "facts": [dns("80.113.0.203.in-addr.arpa", "PTR", "mail.old.example"),
              dns("mail.old.example", "A", "203.0.113.81"),
              dns("strict.example", "TXT", "other", "v=spf1 mx -all"),
              dns("strict.example", "MX", "10 mx.strict.example"),
              dns("mx.strict.example", "A", "198.51.100.2")]}
ALL = [BARE, GOOD, SIX, EVIL, SPF]


class Cases(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mxward-cases-")
        self.addCleanup(folder.cleanup)
        self.place = pathlib.Path(folder.name)
        self.store = self.place / "store.db"
        self.conf = self.place / "mxward.conf"
        self.configure()

    def configure(self, more=""):
        self.conf.write_text("[dns]\nresolver = none\n[site]\ndomains = example.org\n"
                             f"[store]\nfile = {self.store}\n{more}")

    def fill(self, *records):
        lines = "".join(json.dumps(r) + "\n" for r in records or ALL)
        done = subprocess.run([FILL, self.conf], input=lines, text=True, capture_output=True,
                              timeout=60)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def run_it(self, command, *args):
        return subprocess.run([MXWARD, command, "-c", self.conf, *map(str, args)],
                              capture_output=True, text=True, timeout=60)

    def good(self, command, *args):
        done = self.run_it(command, *args)
        self.assertEqual((done.returncode, done.stderr), (0, ""), args)
        for line in done.stdout.splitlines():
            self.assertTrue(line.isascii() and (line.isprintable() or not line), line)
        return done.stdout

    def bad(self, status, part, command, *args):
        done = self.run_it(command, *args)
        self.assertEqual((done.returncode, done.stdout), (status, ""), (args, done.stderr))
        self.assertIn(part, done.stderr)

    def found(self, *args):
        lines = self.good("cases", "--json", *args).splitlines()
        ids = sorted(json.loads(line)["id"][-1] for line in lines)
        self.assertEqual(self.good("cases", "--count", *args), f"{len(ids)}\n")
        return "".join(ids)

    # case ---------------------------------------------------------------------------------------

    def test_case(self):
        self.fill()
        page = self.good("case", "AAAA-AAAA-AAA1")
        self.assertRegex(page, r"(?m)^case      AAAA-AAAA-AAA1  20\d\d-.* queue 4F3C  settings 1$")
        self.assertIn("client    203.0.113.9  HELO localhost  from <ann@gone.example>\n", page)
        self.assertIn("to        <joe@example.org>: reject, score 16\n"
                      "          550 5.1.8 the sender's domain gone.example does not exist", page)
        self.assertIn("to        <postmaster@example.org>: accept, score 16; it would be reject: "
                      "postmaster and abuse are always reachable\n", page)
        self.assertIn("to        <zoe@example.net>: reject", page)
        self.assertRegex(page, r"(?m)^findings      \+4  rdns_none             203\.0\.113\.9 has no ")
        self.assertRegex(page, r"(?m)^               -  spf_none  ")
        self.assertRegex(page, r"(?m)^remedy    helo_private: ")
        self.assertIn("          expected: HELO is a full host name that is known in public DNS\n", page)
        self.assertIn("          who: whoever owns the sending address's network\n", page)
        self.assertIn("    9.113.0.203.in-addr.arpa. IN PTR mail.example.com.\n", page)
        self.assertIn("in the place of mail.example.com)", page)
        self.assertIn("asked     PTR   9.113.0.203.in-addr.arpa -> nxdomain\n", page)

    def test_the_missing_record(self):
        self.fill()
        page = self.good("case", "AAAA-AAAA-AAA3")
        reverse = "9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
        self.assertIn(f"    {reverse}. IN PTR mail.six.example.\n"
                      "              mail.six.example. IN AAAA 2001:db8::9\n", page)
        self.assertNotIn("mail.example.com", page)
        page = self.good("case", "AAAA-AAAA-AAA5")
        self.assertIn('    strict.example. IN TXT "v=spf1 ip4:203.0.113.80 mx -all"\n', page)
        self.assertIn("    mail.old.example. IN A 203.0.113.80\n", page)
        self.assertIn("    mail.new.example. IN A 203.0.113.80\n", page)

    def test_id_as_people_write_it(self):
        self.fill(dict(BARE, id="7Q0K-M81T-9FBC"))
        for written in ("7Q0K-M81T-9FBC", "7q0kM81t9fbc", "7qok-m8lt-9fbc", "7QOK M8IT 9FBC"):
            self.good("case", written)
        for wrong in ("", "7Q0K", "7Q0K-M81T-9FBC1", "7Q0K-M81T-9FB.", "7Q0K-M81T-9FBU"):
            self.bad(EX_USAGE, "is no case id", "case", wrong)
        self.bad(EX_USAGE, "which case", "case")
        self.bad(EX_USAGE, "one case at a time", "case", "7Q0K-M81T-9FBC", "7Q0K-M81T-9FBC")
        self.bad(EX_USAGE, "only one of them", "case", "--json", "--record", "7Q0K-M81T-9FBC")

    def test_no_such_case(self):
        self.fill(GOOD)
        for status, *command in ((1, "case"), (1, "report", "--spam"), (EX_NOINPUT, "exempt", "from")):
            self.bad(status, "there is no case BBBB-BBBB-BBBB: one of this moment takes a second or two "
                     "to be kept; one that was refused is kept for 30 days, one that was accepted for 7 "
                     "days", *command, "BBBB-BBBB-BBBB")
        self.configure("keep_refused = 36h\nkeep_accepted = 1d\ncases = refused\n")
        self.bad(1, "is kept for 36 hours, one that was accepted for 1 day, less where the store is "
                 "full; at present only refused ones are kept", "case", "BBBB-BBBB-BBBB")
        self.store.unlink()
        self.bad(EX_NOINPUT, "nothing was kept yet", "case", "BBBB-BBBB-BBBB")
        self.conf.write_text("")
        self.bad(EX_CONFIG, "there is no store", "case", "BBBB-BBBB-BBBB")

    def test_store_by_name(self):
        self.fill(GOOD)
        self.conf.write_text("")
        self.assertIn("accept", self.good("case", "--file", self.store, "AAAA-AAAA-AAA2"))
        self.assertEqual(self.good("cases", "--file", self.store, "--count"), "1\n")

    def test_for_sender(self):
        self.fill()
        page = self.good("case", "--for-sender", "AAAA-AAAA-AAA1")
        self.assertRegex(page, r'On 20\d\d-\d\d-\d\d at \d\d:\d\d:\d\d UTC the server 203\.0\.113\.9, which')
        self.assertIn("<ann@gone.example>. The message was\nrefused.", page)
        words = " ".join(page.split())
        self.assertIn("What was seen: the sender's domain gone.example does not exist in DNS What is "
                      "expected: the sender's domain exists in DNS Who can repair it: the "
                      "administrator of the sending server What to do: 1. ", words)
        self.assertIn("Score 16: no reverse name +4", words)
        self.assertIn("What was seen: 203.0.113.9 has no reverse name", words)
        self.assertIn("9.113.0.203.in-addr.arpa. IN PTR mail.example.com.", words)
        for secret in ("joe", "zoe", "postmaster", "spf_none", "rdns_none", "settings", "4F3C"):
            self.assertNotIn(secret, page)
        self.assertTrue(all(len(line) <= 100 for line in page.splitlines()))

    def test_for_sender_says_no_more_than_the_reply(self):
        self.configure("[policy]\nshow_score = no\n")
        self.fill(BARE, GOOD)
        page = self.good("case", "--for-sender", "AAAA-AAAA-AAA1")
        self.assertEqual(page.count("What was seen:"), 1)
        self.assertNotIn("core 16", page)
        self.assertNotIn("reverse name", page)
        page = self.good("case", "--for-sender", "AAAA-AAAA-AAA2")
        self.assertIn("The message was accepted.", " ".join(page.split()))
        self.assertNotIn("What was seen", page)

    def test_for_sender_keeps_to_the_administrators_words(self):
        block = self.place / "block"
        block.write_text("gone.example 550 5.7.1 write to abuse\n")
        self.configure(f"[list own]\nkind = block\nfile = {block}\n")
        self.fill(BARE)
        page = self.good("case", "--for-sender", "AAAA-AAAA-AAA1")
        self.assertIn("550 5.7.1 write to abuse", page)
        self.assertNotIn("What was seen", page)
        self.assertNotIn("own", page.replace("owns", ""))

    def test_json_and_record(self):
        self.fill()
        one, two, three = map(json.loads, self.good("case", "--json", "AAAA-AAAA-AAA1").splitlines())
        self.assertEqual((one["verdict"], one["code"], one["enhanced"], one["score"], one["rcpt"]),
                         ("reject", 550, "5.1.8", 16.0, "joe@example.org"))
        self.assertTrue(one["reply"].startswith("550 5.1.8 the sender's domain"))
        self.assertIn("AAAA-AAAA-AAA1", one["reply"])
        self.assertEqual((two["verdict"], two["would"], two["code"]), ("accept", "reject", None))
        self.assertEqual(three["rcpt"], "zoe@example.net")
        record = self.good("case", "--record", "AAAA-AAAA-AAA1")
        again = subprocess.run([MXWARD, "replay", "-c", self.conf], input=record, text=True,
                               capture_output=True, timeout=60)
        self.assertEqual((again.returncode, again.stderr), (0, ""))
        replayed = [json.loads(line) for line in again.stdout.splitlines()]
        for kept, new in zip((one, two, three), replayed, strict=True):
            for key in new:
                if key in ("auth", "facts"):
                    continue
                self.assertEqual(kept[key], new[key], key)
            self.assertEqual(kept["facts"], new["facts"])
            self.assertEqual(kept["auth"]["iprev"], new["auth"]["iprev"])

    def test_hostile_bytes(self):
        """good() looks at every line: nothing that a terminal would obey comes out."""
        self.fill(EVIL)
        for how in ([], ["--json"], ["--for-sender"]):
            self.good("case", *how, "AAAA-AAAA-AAA4")
        page = self.good("case", "AAAA-AAAA-AAA4")
        self.assertIn(r'HELO \027[2J\255"\092 ', page)
        self.assertIn(r'HELO "\027[2J\255"\092" is no host name', page)  # escaped once
        self.good("cases")
        record = json.loads(self.good("case", "--record", "AAAA-AAAA-AAA4"))
        self.assertEqual(record["helo_hex"], EVIL["helo_hex"])
        self.assertEqual(record["from_hex"], EVIL["from_hex"])

    def test_findings_of_another_version(self):
        record = dict(BARE, id="AAAA-AAAA-AAA9", verdicts=[
            {"verdict": "reject", "score": 9, "code": 550, "enhanced": "5.9.9", "main": "moon_full",
             "reply": "the moon is full"}], rcpt=["joe@example.org"], findings=[
            {"id": "moon_full", "action": "score", "points": 9, "evidence": {"phase": "1"}}],
            facts=[dns("moon.example", "A", "192.0.2.1")], later={"more": [1]})
        self.put(record)
        page = self.good("case", "AAAA-AAAA-AAA9")
        self.assertIn("550 5.9.9 the moon is full\n", page)
        self.assertRegex(page, r"\+9  moon_full +not known to this version: phase=1\n")
        self.assertIn("the moon is full", self.good("case", "--for-sender", "AAAA-AAAA-AAA9"))
        report = json.loads(self.good("case", "--json", "AAAA-AAAA-AAA9"))
        self.assertEqual(report["findings"], [{"id": "moon_full", "action": "score", "score": 9.0,
                                               "evidence": {"phase": "1"}}])
        self.assertEqual(json.loads(self.good("cases", "--json"))["main"], "moon_full")

    def put(self, record, text=None):
        """A case as another program would have written it."""
        line = text if text is not None else json.dumps(record)
        done = subprocess.run([FILL, self.conf, "0", "put", record["id"]], input=line, text=True,
                              capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_case_that_is_none(self):
        self.fill(GOOD)
        self.put({"id": "AAAA-AAAA-AAA8"}, '{"client":{"ip":"x"},"verdicts":7}')
        self.bad(EX_DATAERR, "cannot be read", "case", "AAAA-AAAA-AAA8")
        self.assertIn("cannot be read", self.good("case", "--record", "AAAA-AAAA-AAA8")
                      and self.run_it("cases").stderr)
        self.assertEqual(self.run_it("cases").stdout.count("\n"), 1)

    # cases --------------------------------------------------------------------------------------

    def test_cases(self):
        self.fill()
        self.assertEqual(self.found(), "12345")
        self.assertEqual(self.found("--client", "203.0.113.9"), "1")
        self.assertEqual(self.found("--client", "203.0.113.0/24"), "125")
        self.assertEqual(self.found("--client", "203.0.113.64/26"), "25")
        self.assertEqual(self.found("--client", "2001:db8::/32"), "3")
        self.assertEqual(self.found("--client", "192.0.2.0/24"), "")
        self.assertEqual(self.found("--sender", "Ann@Gone.example"), "1")
        self.assertEqual(self.found("--sender", "<ann@gone.example>"), "1")
        self.assertEqual(self.found("--sender", "@gone.example"), "1")
        self.assertEqual(self.found("--sender", "<>"), "3")
        self.assertEqual(self.found("--sender", ""), "3")
        self.assertEqual(self.found("--rcpt", "zoe@example.NET"), "1")
        self.assertEqual(self.found("--rcpt", "@example.net"), "1")
        self.assertEqual(self.found("--rcpt", "joe@example.org"), "1235")
        self.assertEqual(self.found("--helo", "LOCALHOST"), "1")
        self.assertEqual(self.found("--finding", "rdns_none"), "134")
        self.assertEqual(self.found("--finding", "rdns_ok"), "2")
        self.assertEqual(self.found("--verdict", "accept"), "12")
        self.assertEqual(self.found("--verdict", "reject", "--client", "203.0.113.0/24"), "15")
        self.assertEqual(self.found("--queue", "4F3C"), "12345")
        self.assertEqual(self.found("--since", "1h"), "12345")
        self.assertEqual(self.found("--until", "1h"), "")
        self.assertEqual(self.found("--since", "2000-01-31"), "12345")
        lines = self.good("cases").splitlines()
        self.assertEqual(len(lines), 5)
        line = next(x for x in lines if "AAA1" in x)
        self.assertRegex(line, r"^20\d\d-\d\d-\d\d \d\d:\d\d AAAA-AAAA-AAA1 reject 203\.0\.113\.9     "
                         r"sender_no_domain ann@gone\.example > joe@example\.org \+2$")

    def test_cases_limits(self):
        self.fill()
        done = self.run_it("cases", "--max", "2")
        self.assertEqual((done.returncode, done.stdout.count("\n")), (0, 2))
        self.assertIn("there are more", done.stderr)
        self.assertEqual(self.good("cases", "--max", "5").count("\n"), 5)
        self.assertEqual(self.good("cases", "--count", "--max", "2"), "5\n")

    def test_cases_command_line(self):
        self.fill(GOOD)
        self.assertIn("--sender ADDRESS", self.good("cases", "--help"))
        self.bad(EX_USAGE, "is no address or network", "cases", "--client", "203.0.113.x")
        self.bad(EX_USAGE, "accept, tag, quarantine, defer, reject", "cases", "--verdict", "no")
        self.bad(EX_USAGE, "12h, 7d or 2026-01-31", "cases", "--since", "yesterday")
        self.bad(EX_USAGE, "12h, 7d or 2026-01-31", "cases", "--until", "2026-13-31")
        self.bad(EX_USAGE, "is no number", "cases", "--max", "-1")
        self.bad(EX_USAGE, "not both", "cases", "--count", "--json")
        self.bad(EX_USAGE, "at most 6 conditions", "cases", "--client", "::1", "--sender", "a@b",
                 "--rcpt", "a@b", "--helo", "x", "--finding", "x", "--verdict", "tag", "--queue", "x")

    # report -------------------------------------------------------------------------------------

    def history(self):
        """What is known of the good client: accepted, ..., spam, ham."""
        done = subprocess.run([MXWARD, "check", "-c", self.conf, "--json", "--ip", "203.0.113.70", "--from",
                               "bob@good.example", "--helo", "mail.good.example", "--resolver", "none"],
                              capture_output=True, text=True, timeout=60)
        facts = json.loads(done.stdout)["facts"]
        found = {f["what"]: f for f in facts if f["q"] == "history"}
        return {what: (f["n"][4], f["n"][5]) for what, f in found.items() if f["status"] == "ok"}

    def test_report(self):
        self.fill(GOOD)
        self.assertEqual(self.history(), {})
        self.assertEqual(self.good("report", "aaaaaaaaaaa2", "--spam"),
                         "case AAAA-AAAA-AAA2: spam, neither before\n")
        self.assertEqual(self.history()["client"], (1, 0))
        self.assertEqual(self.good("report", "AAAA-AAAA-AAA2", "--spam"),
                         "case AAAA-AAAA-AAA2: spam, as before\n")
        self.assertEqual(self.history()["client"], (1, 0))
        self.assertIn("reported  as spam\n", self.good("case", "AAAA-AAAA-AAA2"))
        self.assertEqual(json.loads(self.good("case", "--json", "AAAA-AAAA-AAA2"))["reported"], "spam")
        self.assertEqual(self.good("report", "AAAA-AAAA-AAA2", "--ham"),
                         "case AAAA-AAAA-AAA2: wanted, spam before\n")
        self.assertEqual(self.history()["client"], (0, 1))
        self.assertEqual(self.good("report", "AAAA-AAAA-AAA2", "--undo"),
                         "case AAAA-AAAA-AAA2: neither, wanted before\n")
        self.assertEqual(self.history()["client"], (0, 0))
        self.assertNotIn("reported", self.good("case", "AAAA-AAAA-AAA2"))
        self.assertNotIn("reported", self.good("case", "--for-sender", "AAAA-AAAA-AAA2"))

    def test_report_command_line(self):
        self.fill(GOOD)
        self.bad(1, "there is no case", "report", "BBBB-BBBB-BBBB", "--spam")
        self.bad(EX_USAGE, "one of --spam, --ham, --undo", "report", "AAAA-AAAA-AAA2")
        self.bad(EX_USAGE, "one of --spam, --ham, --undo", "report", "--spam", "--ham", "AAAA-AAAA-AAA2")
        self.bad(EX_USAGE, "which case", "report", "--spam")
        self.bad(EX_USAGE, "is no case id", "report", "--spam", "x")
        self.put({"id": "AAAA-AAAA-AAA8"}, "no JSON")
        self.bad(EX_DATAERR, "cannot be read", "report", "--spam", "AAAA-AAAA-AAA8")

    # judged again -------------------------------------------------------------------------------

    def settings(self, name, sections):
        path = self.place / name
        path.write_text(self.conf.read_text() + sections)
        return path

    def diff(self, status, path, *args):
        done = subprocess.run([MXWARD, "replay", "--since", "1d", "--diff", "-c", path, *args],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (status, ""), done.stdout[:2000])
        return done.stdout

    def test_the_same_settings_change_nothing(self):
        late = dict(GOOD, id="AAAA-AAAA-AAA7", helo=None, **{"from": "bob@gone.example"},
                    facts=GOOD["facts"][:2])
        self.fill(*ALL, late)
        self.assertIn('"passing":true', self.good("case", "--record", "AAAA-AAAA-AAA7"))
        self.assertEqual(self.found("--verdict", "defer"), "7")
        page = self.diff(0, self.conf)
        self.assertRegex(page, r"^6 cases of 20\d\d-\d\d-\d\d to 20\d\d-\d\d-\d\d, 8 recipients\n"
                         r"0 decisions change, 0 of them from accepted to refused or put off\n$")

    def test_stricter_settings(self):
        self.fill()
        new = self.settings("new.conf", "[actions]\nrdns_ok = tag\nhelo_ok = score 0\n"
                            "[policy]\nreject_at = 12\n")
        page = self.diff(0, new)
        self.assertIn("2 decisions change, 0 of them", page)
        self.assertRegex(page, r"(?m)^ +1  accept -> tag$")
        self.assertRegex(page, r"(?m)^ +1  reject -> accept$")
        new.write_text(self.conf.read_text() + "[actions]\nsender_ok = score 0\nspf_pass = off\n"
                       "helo_ok = score 9\n")
        page = self.diff(1, new)
        self.assertIn("1 decision change, 1 of them from accepted to refused", page)
        self.assertRegex(page, r"(?m)^ +1  helo_ok\n +AAAA-AAAA-AAA2  accept -> reject  203\.0\.113\.70  "
                         r"bob@good\.example > joe@example\.org$")
        self.assertRegex(page, r"(?m)^by sender's domain\n +1  good\.example\n")
        report = json.loads(self.diff(1, new, "--json"))
        self.assertEqual((report["cases"], report["recipients"], report["changed"],
                          report["newly_refused"]), (5, 7, 1, 1))
        self.assertEqual(report["changes"], [{"before": "accept", "after": "reject", "n": 1}])
        self.assertEqual(report["findings"][0]["finding"], "helo_ok")
        self.assertEqual(report["domains"][0]["domain"], "good.example")
        self.assertEqual(report["domains"][0]["samples"][0]["id"], "AAAA-AAAA-AAA2")
        self.assertEqual(json.loads(self.diff(1, new, "--json", "--samples", "0"))
                         ["domains"][0]["samples"], [])
        # Only some of the cases, and compared with other settings.
        self.assertIn("1 case ", self.diff(0, new, "--sender", "@gone.example"))
        self.assertIn("0 decisions change", self.diff(0, new, "--against", new))
        self.assertIn("1 decision change", self.diff(1, new, "--against", self.conf))

    def test_what_was_not_asked_is_not_known(self):
        self.configure("[policy]\nchecks = rdns\n")
        self.fill(GOOD)
        new = self.place / "new.conf"
        new.write_text(self.conf.read_text().replace("checks = rdns", "checks = all"))
        page = self.diff(0, new)
        self.assertIn("0 decisions change", page)
        self.assertRegex(page, r"(?m)^ +1  cannot be told: the new settings ask what was not asked then$")

    def test_exemptions_of_the_store_count(self):
        self.fill(BARE)
        done = subprocess.run([MXWARD, "exempt", "add", "-c", self.conf, "203.0.113.9"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(self.diff(0, self.conf), r"(?m)^ +2  reject -> accept$")

    def test_replay_of_cases_without_diff(self):
        self.fill(BARE, GOOD)
        done = subprocess.run([MXWARD, "replay", "--client", "203.0.113.9", "-c", self.conf],
                              capture_output=True, text=True, timeout=60)
        reports = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([r["verdict"] for r in reports], ["reject", "accept", "reject"])
        self.assertEqual({r["id"] for r in reports}, {"AAAA-AAAA-AAA1"})

    def test_replay_of_what_cannot_be_read(self):
        self.fill(GOOD)
        self.put({"id": "AAAA-AAAA-AAA8"}, "no JSON")
        self.assertIn("1 more could not be read", self.diff(EX_DATAERR, self.conf))

    def test_replay_command_line(self):
        self.fill(GOOD)
        self.bad(EX_USAGE, "not both", "replay", "--since", "1d", "records.jsonl")
        self.bad(EX_USAGE, "goes with --diff", "replay", "--since", "1d", "--against", self.conf)
        self.bad(EX_USAGE, "0 to 1000", "replay", "--since", "1d", "--samples", "many")
        other = self.place / "other.conf"
        other.write_text("")  # names no store: then the usual settings do, and there are none
        done = subprocess.run([MXWARD, "replay", "--since", "1d", "-c", other],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, EX_CONFIG)
        done = subprocess.run([MXWARD, "replay", "--file", self.store, "-c", other],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout.count("\n")), (0, 1))

    # what is kept -------------------------------------------------------------------------------

    def test_settings(self):
        self.configure("cases = refused\n")
        self.fill()
        self.assertEqual(self.found(), "1345")
        self.store.unlink()
        self.configure("cases = none\n")
        self.fill()
        self.assertEqual(self.found(), "")

    def test_hashed_recipients(self):
        self.configure("[privacy]\nrecipients = hashed\nsecret = 00112233445566778899aabbccddeeff\n")
        self.fill()
        for file in self.place.glob("store.db*"):
            for name in (b"joe", b"zoe"):
                self.assertFalse(name in file.read_bytes().lower())
        self.assertEqual(self.found("--rcpt", "JOE@example.org"), "1235")
        self.assertEqual(self.found("--rcpt", "@example.net"), "1")
        self.assertEqual(self.found("--rcpt", "nobody@example.org"), "")
        record = json.loads(self.good("case", "--record", "AAAA-AAAA-AAA1"))
        self.assertRegex(record["rcpt"][0], r"^[0-9a-f]{32}@example\.org$")
        self.assertEqual(record["rcpt"][1], "postmaster@example.org")
        replayed = subprocess.run([MXWARD, "replay", "-c", self.conf], input=json.dumps(record),
                                  text=True, capture_output=True, timeout=60).stdout.splitlines()
        self.assertEqual([json.loads(line)["verdict"] for line in replayed],
                         ["reject", "accept", "reject"])
        self.configure("[privacy]\nrecipients = hashed\nsecret = 00112233445566778899aabbccddeef0\n")
        self.assertEqual(self.found("--rcpt", "joe@example.org"), "")

    def test_mailbox_switches(self):
        done = subprocess.run([MXWARD, "mailbox", "set", "-c", self.conf, "joe@example.org",
                               "refuse=tag"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.fill(BARE)
        page = self.diff(0, self.conf)
        self.assertRegex(page, r"(?m)^ +1  reject -> tag$")

    def test_no_recipients(self):
        self.configure("[privacy]\nrecipients = none\n")
        self.fill()
        self.assertEqual(self.found("--rcpt", "@example.org"), "12345")
        self.assertEqual(self.found("--rcpt", "postmaster@example.org"), "1")
        self.bad(EX_CONFIG, "recipients are not kept", "cases", "--rcpt", "joe@example.org")
        self.assertIn("to        <@example.net>: reject", self.good("case", "AAAA-AAAA-AAA1"))

    def test_keys_of_paid_lists_stay_out(self):
        key = self.place / "key"
        key.write_text("verysecretkey12345\n")
        self.configure(f"[dnsbl zen.dq.spamhaus.net]\nkey_file = {key}\n")
        self.fill(dict(SIX, canary="0123456789abcdef"), dict(BARE, canary="0123456789abcdef"))
        record = self.good("case", "--record", "AAAA-AAAA-AAA1")
        self.assertIn("mxward-key", record)
        for file in self.place.glob("store.db*"):
            self.assertFalse(b"verysecretkey" in file.read_bytes())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
