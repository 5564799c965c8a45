#!/usr/bin/env python3
"""The command `mxward conf` from outside: what it prints, where, and its exit status.

Usage: conf_cli.py MXWARD MAN_FRAME
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

MXWARD, FRAME = sys.argv[1:3]
EX_USAGE, EX_CONFIG = 64, 78


def run(*args, stdin=""):
    return subprocess.run([MXWARD, "conf", *args], input=stdin, capture_output=True, text=True,
                          timeout=20)


class Conf(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory(prefix="mxward-conf-")
        self.path = str(pathlib.Path(self.dir.name, "mxward.conf"))

    def tearDown(self):
        self.dir.cleanup()

    def write(self, text):
        pathlib.Path(self.path).write_text(text)
        return self.path

    def good(self, *args, stdin=""):
        done = run(*args, stdin=stdin)
        self.assertEqual((done.returncode, done.stderr), (0, ""), args)
        return done.stdout

    def test_check_lists_all_errors(self):
        done = run("check", self.write("""[polcy]
[policy]
reject_at = lots
profile = scor
[actions]
rdns_nun = reject
rdns_none = rejct
rdns_temperror = reject
[exempt]
192.0.2.0/33 = rdns
2001:db8::/32 = rnds ; why
2001:db8:1::/48 = rdns ; fine
[dns]
unix_mode = 660
timeout = 20s
timeout = 2s
"""))
        self.assertEqual((done.returncode, done.stdout), (EX_CONFIG, ""))
        lines = done.stderr.splitlines()
        for line, (number, word) in zip(lines, (
                (1, "[policy]"), (3, "reject_at = lots"), (4, '"score"'), (6, '"rdns_none"'),
                (7, '"reject"'), (8, "rdns_temperror"), (10, "192.0.2.0/33"), (11, '"rdns"'),
                (14, "[listen]"), (15, "100ms to 10s"), (16, "line 15"))):
            self.assertTrue(line.startswith("mxward: %s:%d: " % (self.path, number)), line)
            self.assertIn(word, line)
        self.assertEqual(lines[-1], "mxward: 11 errors")

    def test_control_socket(self):
        for value in ("unix:/run/other/socket", ""):
            self.good("check", self.write("[listen]\ncontrol = %s\n" % value))
        for value, word in (("inet:127.0.0.1:5", "unix:/PATH"), ("unix:here", "absolute"),
                            ("/run/x", "unix:/PATH")):
            done = run("check", self.write(
                "[listen]\n[dns]\n[listen]\npolicy = inet:5\ncontrol = %s\n" % value))
            self.assertEqual(done.returncode, EX_CONFIG, value)
            self.assertIn("mxward: %s:5: " % self.path, done.stderr)
            self.assertIn(word, done.stderr)

    def test_taken_with_a_warning(self):
        done = run("check", self.write("[callout]\nper_server = 7\nper_minute = 60\n"))
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr, "mxward: warning: [callout] per_server = 7 is more than 6: a mail "
                                      "server may block whoever asks it so often\n")
        done = run("check", self.write("[callout]\nper_server = 1\nper_minute = 61\n"))
        self.assertIn("warning: [callout] per_minute = 61 is more than 60: ", done.stderr)
        self.assertIn("no errors", self.good("check", self.write(
            "[callout]\nper_server = 6\nper_minute = 60\n")))

    def test_check_of_no_file(self):
        for path, word in ((self.path, "No such file"), (self.dir.name, "directory")):
            done = run("check", path)
            self.assertEqual(done.returncode, EX_CONFIG)
            self.assertIn(word, done.stderr)

    def test_what_is_shown_is_a_file(self):
        defaults = self.good("show", "--defaults")
        self.assertIn("no errors", self.good("check", self.write(defaults)))
        self.assertEqual(self.good("show", "-c", self.path), defaults)

    def test_show_takes_over_every_line(self):
        text = ("[policy]\nreject_at = 6.5\n[listen]\nunix_mode = 600\n[actions]\n"
                "rdns_none = score 5\nrdns_none/ipv6 = reject\n[exempt]\n"
                "2001:db8::/32 = all ; a partner\n[rdns]\nnames = 3\n")
        shown = self.good("show", "-c", self.write(text))
        for line in text.splitlines():
            self.assertIn(line, shown.splitlines())
        self.assertEqual(self.good("show", "-c", self.write(shown)), shown)

    def test_secrets_are_not_shown(self):
        secret = "0123456789abcdef" * 2
        shown = self.good("show", "-c", self.write(f"[privacy]\nsecret = {secret}\n"))
        self.assertNotIn(secret[:4], shown)
        self.assertIn("secret = ***", shown.splitlines())
        # Whoever takes it for his settings is told what is missing.
        self.assertIn("secret has 3 characters", run("check", self.write(shown)).stderr)

    def test_findings(self):
        text = self.good("findings")
        rows = [json.loads(x) for x in self.good("findings", "--json").splitlines()]
        causes = subprocess.run([MXWARD, "causes"], capture_output=True, text=True, timeout=20)
        self.assertGreaterEqual({x["id"] for x in rows}, {"rdns_none", "helo_bare_ip"})
        for row in rows:
            self.assertIn("\n%s " % row["id"], text)
            self.assertTrue(row["good"] or "\n  %s " % row["cause"] in causes.stdout, row)
        # Each action can be written as it is shown.
        lines = ["%s = %s" % (x["id"], x["action"]) for x in rows]
        self.good("check", self.write("[actions]\n" + "\n".join(lines) + "\n"))

    def test_lists(self):
        rows = {x["name"]: x for x in map(json.loads, self.good("lists", "--json").splitlines())}
        key = pathlib.Path(self.dir.name, "key")
        key.write_text("abc123\n")
        text = self.good("lists")
        self.assertGreaterEqual(set(rows), {"zen.spamhaus.org", "list.dnswl.org", "sorbs.net"})
        for name, row in rows.items():
            self.assertIn("\n%s" % name, text)
            about = self.good("lists", name)
            self.assertTrue(about.startswith(name), about)
            if row["state"] == "dead":
                self.assertIn("must not be asked", about)
                self.assertNotIn("To use it", about)
                continue
            self.assertIn(row["lookup"], about)
            self.assertIn("\n    [%s %s]\n" % ("dnswl" if row["allow"] else "dnsbl", name), about)
            # What is told can be written.
            settings = re.sub("key_file = .*", "key_file = %s" % key,
                              about[about.index("To use it:\n") + len("To use it:\n"):])
            settings += "".join("%s = %s\n" % (x["answer"], "error" if x["error"] else
                                               "score %g" % x["score"]) for x in row["answers"])
            done = run("check", self.write(settings))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual("warning: " in done.stderr, row["state"] == "changed", done.stderr)
            for answer in row["answers"]:
                self.assertIn(answer["text"], about)
                self.assertTrue(answer["answer"].startswith("127."), answer)

    def test_one_list(self):
        zen = json.loads(self.good("lists", "--json", "ZEN.spamhaus.org."))
        answers = {x["answer"]: x for x in zen["answers"]}
        self.assertEqual(answers["127.0.0.2"]["score"], 6)
        self.assertTrue(answers["127.255.255.254"]["error"])
        self.assertIn("127.0.0.9 ", self.good("lists", "zen.spamhaus.org"))
        self.assertIn("= score 8 ", self.good("lists", "zen.spamhaus.org"))
        keyed = self.good("lists", "abc123.zen.dq.spamhaus.net")
        self.assertIn("A key is needed: {key}.zen.dq.spamhaus.net", keyed)
        self.assertNotIn("abc123", keyed)
        self.assertIn("dead since 2024-06", self.good("lists", "dul.dnsbl.sorbs.net"))
        for name, near in (("zen.spamhaus.com", '"zen.spamhaus.org"'), ("nothing.example", "")):
            done = run("lists", name)
            self.assertEqual((done.returncode, done.stdout), (EX_USAGE, ""))
            self.assertIn('"%s"' % name, done.stderr)
            self.assertIn(near, done.stderr)

    def test_dns_lists_in_settings(self):
        def said(text):
            done = run("check", self.write(text))
            return done.returncode, done.stderr
        for text, words in (
                ("[dnsbl x.example]\n", ":1: nothing is known of the list x.example"),
                ("[dnsbl]\n", ":1: [dnsbl] wants a name"),
                ("[dnsbl list.dnswl.org]\n", "belongs in [dnswl list.dnswl.org]"),
                ("[dnsbl dbl.spamhaus.org]\nkind = ip\n", "is a list of domains"),
                ("[dnsbl zen.dq.spamhaus.net]\n", "key_file is missing"),
                ("[dnsbl zen.dq.spamhaus.net]\nkey_file = /nowhere/key\n", "/nowhere/key: cannot"),
                ("[dnsbl bl.spamcop.net]\nask = heloo\n", ":1: ask: unknown word \"heloo\": did you"),
                ("[dnsbl x.example]\nage = hours 127.0.2.2\n", "age goes with a list of bad domains"),
                ("[dnsbl x.example]\nkind = domain\nage = 127.0.2.2\n", "neither hours nor days"),
                ("[dnsbl x.example]\nkind = domain\nage = hours\n", "the answers are missing"),
                ("[dnsbl x.example]\nkind = domain\nage = hours 10.0.0.1\n", "not inside 127."),
                ("[dnsbl x.example]\nkind = domain\nage = 7d 127.255.255.1\n", "are error codes"),
                ("[dnsbl x.example]\nkind = domain\nage = 7d 127.0.0.2\n127.0.0.3 = score 1\n",
                 "has no answers but those"),
                ("[dnswl x.example]\nkind = domain\nage = 7d 127.0.0.2\n", "age goes with"),
                ("[dnsbl bl.spamcop.net]\nask = spf\n", ":1: ask: spf goes with a list of bad "),
                ("[dnswl x.example]\nkind = domain\nask = spf\n127.0.0.2 = score -1\n",
                 ":1: ask: spf goes with a list of bad domains"),
                ("[dnsbl bl.spamcop.net]\nlokup = x\n", ":2: unknown key \"lokup\": did you mean"),
                ("[dnsbl bl.spamcop.net]\n127.0.0.2 = rject\n", ":2: unknown action \"rject\""),
                ("[dnsbl bl.spamcop.net]\n127.0.0.0-127.255.255.255 = tag\n", "error codes"),
                ("[dnsbl bl.spamcop.net]\n128.0.0.2 = score 1\n", "not inside 127.0.0.0/8"),
                ("[dnswl list.dnswl.org]\n127.0.0.2 = score 1\n", "takes points off"),
                ("".join("[dnsbl l%d.example]\n127.0.0.2 = score 1\n" % i for i in range(33)),
                 "more than 32 DNS lists")):
            status, stderr = said(text)
            self.assertEqual(status, 78, text)
            self.assertIn(words, stderr)
        status, stderr = said("[dnsbl dnsbl.sorbs.net]\n[dnsbl zen.spamhaus.org]\n")
        self.assertEqual(status, 0, stderr)
        self.assertRegex(stderr, r"warning: \[dnsbl dnsbl.sorbs.net\] is not asked: .*2024")

    def test_registries(self):
        store = "[store]\nfile = /nowhere/store\n"
        for text, error in (
                ("[domain_age]\nrdap = yes\n", "[domain_age] rdap = yes needs a store"),
                ("[domain_age]\nunder_1 = 8d\n", "under_1, under_2 and under_3 have to grow"),
                ("[domain_age]\nwhose = sendr\n", ":1: whose: unknown word \"sendr\": did you"),
                ("[actions]\ndomain_new = reject\n", "domain_new ends by itself"),
                ("[actions]\ndomain_age_unknown = score 1\n", "an answer is missing"),
                ("[rdap]\nrat = 10\n", "did you mean \"rate\"?"),
                ("[rdap]\n\nca_file = /nowhere/ca.pem\n",
                 ":3: [rdap] ca_file /nowhere/ca.pem cannot be read, or has no certificate"),
                ("[rdap]\nca_file = %s\n" % self.path, ":2: [rdap] ca_file "),
                ("[rdap]\nca_fil = x\n", "did you mean \"ca_file\"?"),
                ("[rdap]\nrate = 0\n", ":2: rate = 0 is out of range"),
                ("[rdap]\ntest = ftp://rdap.example/\n", ":2: \"ftp://rdap.example/\" is no base"),
                ("[rdap]\ntest = https://me@rdap.example/\n", "is no base URL"),
                (store + "[domain_age]\nrdap = yes\n[rdap]\nbootstrap = %s\n" % self.path,
                 "it is no JSON")):
            with self.subTest(text):
                done = run("check", self.write(text))
                self.assertEqual((done.returncode, done.stdout), (EX_CONFIG, ""))
                self.assertIn(error, done.stderr)
        self.good("check", self.write(
            store + "[domain_age]\nrdap = yes\n[rdap]\nco.test = https://rdap.test/v1\nio = off\n"))

    def test_local_lists(self):
        entries = pathlib.Path(self.dir.name, "entries")
        entries.write_text("192.0.2.0/24 553 5.7.1 no # why\nspam.example\njoe@provider.example\n")
        section = "[list bad]\nfile = %s\n" % entries
        for more in ("", "kind = block\n", "match = client, HELO sender\n", "show_comment = yes\n",
                     "reply = 450 4.7.1 later\n", section.replace("bad", "worse")):
            self.good("check", self.write(section + more))
        self.good("check", self.write("[actions]\nlocal_allow = score -4\nrdns_ok = accept\n"))
        for text, words in (
                ("[list bad]\n", ":1: the list has no file"),
                ("[list]\nfile = x\n", ":1: [list] wants a name"),
                (section + "kind = blok\n", '"block"'),
                (section + "match = helo\nmatch = helo\n", ":4: "),
                (section + "match = client hello\n", ':3: match: unknown word "hello": did you mean "helo"'),
                (section + "fil = x\n", ':3: unknown key "fil" in [list]: did you mean "file"'),
                (section + "kind = allow\nmatch = client sender\n", ":4: a list that allows cannot"),
                (section + "kind = allow\n", '%s:3: "joe@provider.example" is a sender' % entries),
                (section + "match = client\n", '%s:2: "spam.example" is a domain' % entries),
                (section + "reply = hello\n", ':3: "hello" is no reply'),
                (section + "reply = 553 4.7.1 x\n", ":3: "),
                (section + "\nreply = 421 bye\n", ":4: code 421 would end"),
                (section + "kind = allow\n\nreply = 553 x\n", ":5: a list that allows says nothing"),
                ("[list bad]\nfile = /nowhere/list\n", "/nowhere/list: cannot be opened"),
                ("[list bad]\nfile = /\n", "/: is no file"),
                ("[list bad]\nfile = /dev/zero\n", "/dev/zero: is no file"),
                ("".join("[list l%d]\nfile = %s\n" % (i, entries) for i in range(65)),
                 "more than 64 sections"),
                ("[actions]\nrdns_none = accept\n", ":2: accept lets a message in"),
                ("[actions]\nrdns_temperror = accept\n", ":2: accept lets a message in"),
                ("[dnsbl bl.spamcop.net]\n127.0.0.2 = accept\n", ":2: ")):
            done = run("check", self.write(text))
            self.assertEqual((done.returncode, done.stdout), (EX_CONFIG, ""), text)
            self.assertIn(words, done.stderr)
        entries.write_text("192.0.2.1\n# x\n192.0.2.0/33\n192.0.2.0/34\n")
        done = run("check", self.write(section))
        self.assertEqual(done.returncode, EX_CONFIG)
        self.assertIn("%s:3: " % entries, done.stderr)
        self.assertIn("mxward: 1 error", done.stderr)

    def test_manual(self):
        page = self.good("man", stdin=pathlib.Path(FRAME).read_text())
        self.assertNotRegex(page, "@[A-Z]+@")
        for word in (".It Ic reject_at", ".It Ic rdns_none", ".Ss Section exempt"):
            self.assertIn(word, page)
        if not shutil.which("mandoc"):
            self.skipTest("mandoc is not installed")
        for text in (page, pathlib.Path(FRAME).with_name("mxward.1").read_text()):
            lint = subprocess.run(["mandoc", "-Tlint"], input=text, capture_output=True, text=True)
            bad = [x for x in lint.stdout.splitlines() if "referenced manual not found" not in x]
            self.assertEqual(bad, [])

    def test_usage(self):
        for args in ((), ("chek",), ("check", "a", "b"), ("show", "x"), ("show", "--nonsense"),
                     ("findings", "x"), ("lists", "a", "b"), ("lists", "--nonsense")):
            done = run(*args)
            self.assertEqual((done.returncode, done.stdout), (EX_USAGE, ""), args)
            self.assertIn("--help", done.stderr)
        for args in (("--help",), ("check", "-h"), ("show", "--help"), ("findings", "--help"),
                     ("lists", "--help")):
            self.assertIn("Usage: mxward conf", self.good(*args))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
