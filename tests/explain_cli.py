#!/usr/bin/env python3
"""The command `mxward explain` from outside: bounces in all the forms that people have, made up.

Usage: explain_cli.py MXWARD
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

MXWARD = sys.argv[1]
# What a bounce that nobody would write on purpose may cost.
SECONDS, MEGABYTES = 2, 64
SANITIZED = b"__asan_init" in pathlib.Path(MXWARD).read_bytes()
PTR = "550 5.7.25 <ann@b.example>: [203.0.113.5] has no PTR record"


def run(*args, stdin=""):
    data = stdin if isinstance(stdin, bytes) else stdin.encode()
    done = subprocess.run([MXWARD, "explain", *args], input=data, capture_output=True, timeout=60)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def explain(text):
    status, out, error = run("--json", stdin=text)
    assert (status, error) == (0, ""), (status, error)
    return json.loads(out)


def report(reply, **fields):
    """A bounce as Postfix writes it."""
    lines = {"Final-Recipient": "rfc822; ann@b.example", "Action": "failed", "Status": "5.0.0",
             "Remote-MTA": "dns; mx.b.example", "Diagnostic-Code": "smtp; " + reply, **fields}
    group = "\n".join(f"{k}: {v}" for k, v in lines.items())
    return f"""From: MAILER-DAEMON@out.a.example
To: joe@a.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="zz"

--zz
Content-Type: text/plain

It could not be delivered.
--zz
Content-Type: message/delivery-status

Reporting-MTA: dns; out.a.example

{group}

--zz
Content-Type: message/rfc822

From: joe@a.example
To: ann@b.example
Subject: your quota of spam

hello
--zz--
"""


class Forms(unittest.TestCase):
    """The same refusal in every form is the same cause."""
    FORMS = {
        "reply": PTR,
        "reply of two lines": "550-5.7.25 [203.0.113.5] has no\r\n550 5.7.25 PTR record\r\n",
        "reply without a code": "[203.0.113.5] has no PTR record",
        "report": report(PTR),
        "Postfix log": "Nov  6 01:02:03 out postfix/smtp[7]: 4XyZ: to=<ann@b.example>, "
                       "relay=mx.b.example[192.0.2.25]:25, delay=1, dsn=5.7.25, status=bounced "
                       f"(host mx.b.example[192.0.2.25] said: {PTR} (in reply to RCPT TO command))",
        "Exim log": "2025-11-06 01:02:03 1vAbCd-000001-AB ** ann@b.example R=dnslookup "
                    "T=remote_smtp H=mx.b.example [192.0.2.25]: SMTP error from remote mail "
                    f"server after RCPT TO:<ann@b.example>: {PTR}",
        "sendmail log": "Nov  6 01:02:03 out sendmail[7]: sA6: to=<ann@b.example>, mailer=esmtp, "
                        f"relay=mx.b.example. [192.0.2.25], dsn=5.7.25, stat={PTR}",
        "qmail": "From: MAILER-DAEMON@a.example\nTo: joe@a.example\nSubject: failure notice\n\n"
                 "Hi. This is the program at a.example.\n\n<ann@b.example>:\n"
                 f"192.0.2.25 does not like it.\nRemote host said: {PTR}\n\n"
                 "--- Below this line is a copy of the message.\n\nReturn-Path: <joe@a.example>\n",
        "Exim": "From: Mail Delivery System <Mailer-Daemon@a.example>\nTo: joe@a.example\n"
                "Subject: Mail delivery failed\nX-Failed-Recipients: ann@b.example\n\n"
                "A message that you sent could not be delivered.\n\n  ann@b.example\n"
                f"    host mx.b.example [192.0.2.25]\n    SMTP error: {PTR}\n\n"
                "------ This is a copy of the message ------\n\nReturn-path: <joe@a.example>\n",
        "sendmail": "From: Mail Delivery Subsystem <MAILER-DAEMON@a.example>\nTo: joe@a.example\n"
                    "Subject: Returned mail: see transcript\n\n"
                    "   ----- The following addresses had errors -----\n<ann@b.example>\n\n"
                    "   ----- Transcript of session follows -----\n"
                    f"... while talking to mx.b.example.:\n>>> RCPT To:<ann@b.example>\n<<< {PTR}\n",
        "Exchange": "From: Microsoft Outlook <postmaster@a.example>\nTo: joe@a.example\n"
                    "Subject: Undeliverable: hello\n\nDelivery has failed.\n\n"
                    "ann@b.example<mailto:ann@b.example>\nmx.b.example gave this error:\n"
                    f"{PTR}\n\nDiagnostic information for administrators:\n",
        "HTML": "From: postmaster@a.example\nTo: joe@a.example\nSubject: Undeliverable: hello\n"
                "Content-Type: text/html\n\n<html><body><p>ann@b.example</p>"
                "<p>The server said:<br>550 5.7.25 [203.0.113.5] has&nbsp;no PTR record</p></html>",
        "forwarded": "From: joe@a.example\nTo: admin@a.example\nSubject: Fwd: Undeliverable\n\n"
                     "Help!\n\n---------- Forwarded message ---------\n"
                     f"> <ann@b.example>: host mx.b.example[192.0.2.25] said: {PTR}\n",
        "base64": "From: postmaster@a.example\nTo: joe@a.example\nSubject: Undeliverable: hello\n"
                  "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
                  "Content-Transfer-Encoding: base64\n\n"
                  "NTUwIDUuNy4yNSBbMjAzLjAuMTEzLjVdIGhhcyBubyBQVFIgcmVjb3JkCg==\n",
    }

    def test_forms(self):
        for name, text in self.FORMS.items():
            with self.subTest(name):
                found = explain(text)
                self.assertEqual(found["cause"], "no_ptr")
                self.assertEqual(found["fixer"], "sender_isp")
                self.assertEqual(found["client"], "203.0.113.5")
                if "ann@b.example" in text:
                    self.assertEqual(found["recipients"], ["ann@b.example"])

    def test_encodings(self):
        text = report(PTR)
        for name, data in {"CR": text.replace("\n", "\r").encode(),
                           "CR LF": text.replace("\n", "\r\n").encode(),
                           "UTF-16": text.encode("utf-16"), "UTF-16BE": text.encode("utf-16-be"),
                           "BOM": b"\xef\xbb\xbf" + text.encode(),
                           "NUL": text.replace("It could", "It\0could").encode(),
                           "mbox": b"From MAILER-DAEMON Thu Nov  6 01:02:03 2025\n" + text.encode(),
                           }.items():
            with self.subTest(name):
                self.assertEqual(explain(data)["cause"], "no_ptr")

    def test_languages(self):
        for text, cause in {
                "550 5.1.1 Empfänger unbekannt": "user_unknown",
                "550 L'utilisateur n'existe pas": "user_unknown",
                "550 El usuario no existe": "user_unknown",
                "550 utente sconosciuto": "user_unknown",
                "552 5.2.2 Postfach voll": "mailbox_full",
                "550 boîte pleine": "mailbox_full",
                "552 casella piena": "mailbox_full"}.items():
            with self.subTest(text):
                self.assertEqual(explain(text)["cause"], cause)


class Answers(unittest.TestCase):
    def test_object(self):
        found = explain(report(PTR))
        self.assertEqual(found["id"], "-")
        self.assertEqual(found["title"], "The sending address has no reverse name")
        self.assertEqual((found["code"], found["enhanced"]), (550, "5.7.25"))
        self.assertEqual(found["reply"], PTR)
        self.assertIs(found["permanent"], True)
        self.assertEqual((found["list"], found["lookup"], found["provider"]), (None, None, None))
        self.assertIn("no PTR", found["words"])
        self.assertGreater(found["confidence"], 0.9)
        self.assertTrue(any("5.113.0.203.in-addr.arpa. IN PTR out.a.example." in step
                            for step in found["steps"]), found["steps"])

    def test_several(self):
        text = report("550 5.1.1 user unknown").replace("\n\n--zz\nContent-Type: message/rfc822", """

Final-Recipient: rfc822; bob@c.example
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp; 552 5.2.2 over quota

Final-Recipient: rfc822; eve@d.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown

Final-Recipient: rfc822; sam@d.example
Action: delivered
Status: 2.0.0

--zz
Content-Type: message/rfc822""")
        found = explain(text)
        self.assertEqual(found["cause"], "user_unknown")
        self.assertEqual(found["recipients"], ["ann@b.example", "eve@d.example"])
        self.assertEqual([(o["cause"], o["recipients"]) for o in found["others"]],
                         [("mailbox_full", ["bob@c.example"])])

    def test_lists(self):
        found = explain("554 5.7.1 Client host [203.0.113.5] blocked using zen.spamhaus.org")
        self.assertEqual((found["cause"], found["list"]), ("dnsbl_listed", "zen.spamhaus.org"))
        self.assertEqual(found["lookup"], "https://check.spamhaus.org/results/?query=203.0.113.5")
        # By another name.
        self.assertEqual(explain("550 see the page of SpamCop")["list"], "bl.spamcop.net")
        # Nobody can be removed from a dead one.
        found = explain("554 5.7.1 Client host [203.0.113.5] blocked using dnsbl.sorbs.net")
        self.assertEqual(found["fixer"], "recipient_admin")
        self.assertIn("is dead", found["steps"][0])

    def test_page(self):
        status, out, _ = run(stdin=report("504 5.5.2 <box>: Helo command rejected: need a name"))
        self.assertEqual(status, 0)
        text = " ".join(out.split())
        for part in ["mx.b.example did not take the message to ann@b.example: the sending server "
                     "introduces itself with a wrong name",
                     "the administrator of the sending server", "myhostname = out.a.example",
                     "no: the same message will fail again", "Helo command rejected",
                     "504 5.5.2 <box>: Helo command rejected: need a name"]:
            self.assertIn(part, text)

    def test_unknown(self):
        status, out, _ = run(stdin="550 the wombat objects")
        self.assertEqual(status, 0)
        self.assertIn("I don't know", out)
        self.assertIn("550 the wombat objects", out)
        self.assertLess(explain("550 the wombat objects")["confidence"], 0.5)

    def test_no_bounce(self):
        found = explain("From: ann@b.example\nTo: joe@a.example\nSubject: lunch?\n\nAt noon?\n")
        self.assertEqual((found["cause"], found["fixer"]), ("not_bounce", "nobody"))

    def test_escaped(self):
        """A terminal is shown nothing that it would obey."""
        _, out, _ = run(stdin=b"550 no \x1b]0;x\x07 PTR\x9b31m")
        self.assertNotIn("\x1b", out)
        self.assertNotIn("\x07", out)


class Own(unittest.TestCase):
    """What mxward answers is explained as the cause that its finding names."""
    EVIDENCE = {
        "client": "192.0.2.20", "name": "mx.a.example", "names": "reverse name mx.a.example",
        "forward": "resolves to 192.0.2.9", "helo": "box.a.example", "domain": "a.example",
        "record": "a.example", "term": "-all", "why": "digits", "sender": "joe@a.example",
        "list": "bl.b.example", "entry": "a.example", "role": "sender's domain", "reason": "spam",
        "question": "PTR", "value": "192.0.2.20", "what": "client", "note": "", "alias": "",
        "whom": "the client 192.0.2.20", "count": "20", "addresses": "the whole Internet",
        "where": "listed", "field": "Subject", "place": "line 3, byte 5", "span": "9 days",
        "fields": "From", "bytes": "99999", "limit": "500", "problem": "has a byte 0",
        "server": "mx.a.example [192.0.2.9]", "said": "550 5.1.1 who is that?",
        "known": "registered 5 hours ago",
        "before": "old.a.example", "remedy": "ask the operator of that list to take it off",
    }
    # Where words of one finding are put otherwise.
    SPECIAL = {
        "rdns_mismatch": {"forward": "which resolves to 192.0.2.9, not back"},
        "rdns_bad_name": {"wrong": "has no domain"}, "helo_syntax": {"wrong": "an empty label"},
        "helo_private": {"wrong": "is the name of every computer for itself"},
        "dnsbl_unavailable": {"problem": "did not answer"},
        "dnswl_unavailable": {"problem": "did not answer"},
        "history_bad": {"record": "9 messages, 8 of them refused"},
        "sender_abused": {"record": "9 messages, 8 of them refused"},
        "header_many_from": {"what": "there are two fields From"},
        "sender_syntax": {"problem": "it has no domain"},
        **{"session_" + name: {"whom": "192.0.2.20"}
           for name in ("many_rsets", "bad_commands", "bad_recipients", "empty")},
        "callout_unverifiable": {"reason": "time is up", "where": ""},
    }

    def test_replies(self):
        done = subprocess.run([MXWARD, "conf", "findings", "--json"], capture_output=True,
                              text=True, timeout=60)
        rows = [r for r in map(json.loads, done.stdout.splitlines()) if not r["good"]]
        told = []
        for row in rows:
            evidence = {**self.EVIDENCE, **self.SPECIAL.get(row["id"], {})}
            words = (row["text"] + ": " + row["fix"]).format(**evidence)
            codes = "451 4.7.1" if row["temporary"] else "%s %s" % (row["code"], row["enhanced"])
            told.append({"id": row["id"], "text": f"{codes} {words}. Case 7Q2K-M8RT-9FBC"})
        status, out, _ = run("--batch", stdin="\n".join(map(json.dumps, told)))
        self.assertEqual(status, 0)
        found = {r["id"]: r for r in map(json.loads, out.splitlines())}
        wrong = [(r["id"], r["cause"], found[r["id"]]["cause"], found[r["id"]]["reply"])
                 for r in rows if found[r["id"]]["cause"] != r["cause"]]
        self.assertEqual(wrong, [])
        for name in ("rdns_none", "rdns_mismatch", "rdns_enduser", "helo_not_client", "spf_fail"):
            self.assertEqual(found[name]["client"], "192.0.2.20", name)
        self.assertIn("mx.a.example. IN A 192.0.2.20", "\n".join(found["rdns_mismatch"]["steps"]))
        self.assertEqual(found["dnsbl_listed"]["list"], "bl.b.example")


class Use(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mxward-explain-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def test_files(self):
        a, b = self.write("a.eml", report(PTR)), self.write("b.txt", "552 5.2.2 over quota")
        status, out, _ = run("--json", a, b)
        rows = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([(r["id"], r["cause"]) for r in rows],
                         [(a, "no_ptr"), (b, "mailbox_full")])
        status, out, error = run("--json", b, str(self.folder / "none"))
        self.assertEqual((status, len(out.splitlines())), (66, 1))
        self.assertIn("cannot read", error)

    def test_batch(self):
        path = self.write("a.eml", report(PTR))
        lines = [{"id": 7, "text": "552 5.2.2 over quota"}, {"id": "x", "path": path},
                 {"id": "gone", "path": path + "x"}, {"id": "void"}, {"id": "blank", "text": " "}]
        status, out, _ = run("--batch", stdin="\n".join(map(json.dumps, lines)) + "\n\n")
        rows = {r["id"]: r for r in map(json.loads, out.splitlines())}
        self.assertEqual(status, 66)
        self.assertEqual(rows[7]["cause"], "mailbox_full")
        self.assertEqual(rows["x"]["cause"], "no_ptr")
        for name in ("gone", "void", "blank"):
            self.assertIn("error", rows[name])
        status, out, error = run("--batch", stdin='rubbish\n{"id":1,"text":"550 no PTR"}\n')
        self.assertEqual((status, len(out.splitlines())), (65, 1))
        self.assertIn("line 1", error)

    def test_own_rules(self):
        rules = self.write("rules", "rule wombat policy_rejected 99\n\ttext wombat\n"
                                    "\texample 550 wombat\n")
        conf = self.write("mxward.conf", f"[explain]\nrules = {rules}\n")
        status, out, _ = run("-c", conf, "--json", stdin="550 5.1.1 the wombat objects")
        self.assertEqual((status, json.loads(out)["rule"]), (0, "wombat"))
        self.write("rules", "rule wombat policy_rejectd\n")
        status, _, error = run("-c", conf, stdin="550 x")
        self.assertEqual(status, 78)
        self.assertIn('rules:1: there is no cause "policy_rejectd": did you mean '
                      '"policy_rejected"?', error)

    def test_usage(self):
        self.assertEqual(run("--nonsense")[0], 64)
        self.assertEqual(run("--batch", "x")[0], 64)
        self.assertEqual(run(stdin="")[0], 65)
        status, out, _ = run("--help")
        self.assertEqual(status, 0)
        self.assertIn("Usage: mxward explain", out)


class Live(unittest.TestCase):
    """What the bounce says, asked again: of a zone file, without a network."""
    ZONE = """
5.113.0.203.in-addr.arpa PTR mail.a.example
mail.a.example A 203.0.113.5
6.113.0.203.in-addr.arpa PTR old.a.example
old.a.example A 203.0.113.99
a.example TXT "v=spf1 ip4:203.0.113.5 -all"
7.113.0.203.bl.spamcop.net A 127.0.0.2
2.0.0.127.bl.spamcop.net A 127.0.0.2
"""

    def live(self, text, *args):
        with tempfile.TemporaryDirectory(prefix="mxward-explain-") as folder:
            zone, conf = pathlib.Path(folder, "zone"), pathlib.Path(folder, "conf")
            zone.write_text(self.ZONE)
            conf.write_text(f"[dns]\nresolver = none\nzone = {zone}\n")
            status, out, error = run("--live", "-c", str(conf), *args, stdin=text)
        self.assertEqual((status, error), (0, ""))
        return out

    def test_states(self):
        helo = report("504 5.5.2 <box>: Helo command rejected: [203.0.113.5] is not box")
        for text, state, part in [
                ("550 no PTR for 203.0.113.5", "fixed", "mail.a.example"),
                ("550 no PTR for 203.0.113.8", "still", "no reverse name"),
                ("550 forward != reverse for 203.0.113.6", "still", "203.0.113.99"),
                ("550 forward != reverse for 203.0.113.5", "fixed", "mail.a.example"),
                (helo.replace("out.a.example", "mail.a.example"), "fixed", "mail.a.example"),
                (helo, "still", "out.a.example"),
                (report("550 5.7.23 SPF fail of 203.0.113.5"), "fixed", "SPF"),
                (report("550 5.7.23 SPF fail of 203.0.113.9"), "still", "SPF"),
                ("554 [203.0.113.7] blocked using bl.spamcop.net", "still", "bl.spamcop.net"),
                ("554 [203.0.113.5] blocked using bl.spamcop.net", "fixed", "no entry"),
                ("554 [203.0.113.5] blocked using dnsbl.sorbs.net", "unknown", "cannot be asked"),
                ("550 no PTR", "unknown", "does not tell the sending address"),
                ("550 user unknown", "unknown", "nothing that DNS could tell")]:
            with self.subTest(text[-60:]):
                live = json.loads(self.live(text, "--json"))["live"]
                self.assertEqual(live["state"], state, live)
                self.assertIn(part, live["text"])

    def test_page(self):
        self.assertIn("now         fixed since: ", self.live("550 no PTR for 203.0.113.5"))

    def test_no_answer(self):
        """What cannot be asked is not mended."""
        status, text, _ = run("--live", "--resolver", "127.0.0.1@1", "--json",
                              stdin="550 no PTR for 203.0.113.5")
        self.assertEqual((status, json.loads(text)["live"]["state"]), (0, "unknown"))

    def test_usage(self):
        self.assertEqual(run("--live", "--batch")[0], 64)
        self.assertEqual(run("--resolver", "none", stdin="550 x")[0], 64)


class Hostile(unittest.TestCase):
    """An answer or an error, soon and with little memory."""
    def measure(self, *parts):
        """parts: (bytes, how often).  Never all in memory: a child begins with its parent's."""
        with tempfile.NamedTemporaryFile(prefix="mxward-explain-") as f:
            for part, times in parts:
                for _ in range(max(1, times * len(part) >> 20)):
                    f.write(part * min(times, max(1, (1 << 20) // len(part))))
            f.flush()
            child = subprocess.Popen([MXWARD, "explain", "--json", f.name], stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL)
            with child.stdout:
                out = child.stdout.read()
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        self.assertIn(child.returncode, (0, 65))
        if not SANITIZED:
            self.assertLess(usage.ru_utime + usage.ru_stime, SECONDS)
            self.assertLess(usage.ru_maxrss / 1024, MEGABYTES)
        return out

    def test_big(self):
        size = 100 << 20 if not SANITIZED else 10 << 20
        out = self.measure((report(PTR).encode(), 1), (b"x", size))
        self.assertEqual(json.loads(out)["cause"], "no_ptr")
        self.measure((b"550 5.7.1 " + b"a@b.example " * 5 + b"\n", size // 70))
        self.measure((b"\r", size))
        self.measure((b"<", size))
        self.measure((b"1.1.", size // 4))
        self.measure((b"From: a@b.example\nTo: c@d.example\n", 1), (b"X: y\n", size // 5))

    def test_encodings(self):
        """100 MB of it, however its lines end and its characters are written."""
        size = 100 << 20 if not SANITIZED else 10 << 20
        for name, coding, end in [("CR", "ascii", "\r"), ("LF", "ascii", "\n"),
                                  ("CR LF", "ascii", "\r\n"), ("UTF-16", "utf-16-le", "\n"),
                                  ("UTF-16BE", "utf-16-be", "\n")]:
            with self.subTest(name):
                head = report(PTR).replace("\n", end).encode(coding)
                mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(coding, b"")
                tail = f"more of the same{end}".encode(coding)
                out = self.measure((mark + head, 1), (tail, size // len(tail)))
                self.assertEqual(json.loads(out)["cause"], "no_ptr")
        out = self.measure((report(PTR).encode(), 1), (b"\0", size))
        self.assertEqual(json.loads(out)["cause"], "no_ptr")
        self.measure((b"\0", size))
        self.measure((b"\xff\xfe", 1), (b"\n\0", size // 2))

    def test_broken(self):
        """MIME that is not as it should be: cut anywhere, or with a byte that is another."""
        whole = report(PTR).encode()
        for at in range(0, len(whole), len(whole) // 12):
            self.measure((whole[:at] + b"\n", 1))
            self.measure((whole[:at] + b"\xfe" + whole[at + 1:], 1))
        for old, new in [(b"boundary=\"zz\"", b"boundary=zz; boundary=yy"), (b"--zz\n", b"--zz"),
                         (b"boundary=\"zz\"", b"boundary=\"" + b"z" * 100_000), (b"--zz", b"-zz"),
                         (b"message/delivery-status", b"multipart/report; boundary=\"zz\""),
                         (b": ", b":"), (b"\n", b"\n\n"), (b"\n\n", b"\n")]:
            self.measure((whole.replace(old, new), 1))

    def test_deep(self):
        text = "".join(f"From: a@b.example\nContent-Type: multipart/mixed; boundary=\"b{i}\"\n\n"
                       f"--b{i}\n" for i in range(50)) + "Content-Type: text/plain\n\n550 no PTR\n"
        self.measure((text.encode(), 1))
        head = b"From: MAILER-DAEMON@b.example\nTo: a@b.example\nContent-Type: message/rfc822\n\n"
        self.measure((head, 50), (PTR.encode(), 1))

    def test_folded(self):
        """A field of a report that goes on for ever, in a part of its own and in a text."""
        whole = report(PTR).replace("Action: failed", "Action: failed\nX-Long: y\n|")
        before, behind = whole.encode().split(b"|")
        out = self.measure((before, 1), (b" x\n", 340_000), (behind.lstrip(b"\n"), 1))
        self.assertIn(b"ann@b.example", out)
        text = b"hello\nFinal-Recipient: rfc822; ann@b.example\nAction: failed\nX-Long: y\n"
        out = self.measure((text, 1), (b" x\n", 340_000))
        self.assertIn(b"ann@b.example", out)

    def test_line_of_batch(self):
        size = 20 << 20
        text = json.dumps({"id": "long", "text": "x" * size}) + "\n"
        text += json.dumps({"id": "most", "text": PTR + "\0" * (1 << 20)}) + "\n"
        status, out, error = run("--batch", stdin=text)
        self.assertEqual(status, 65)
        self.assertEqual(error, "mxward: line 1 is too long\n")
        self.assertEqual([(r["id"], r["cause"]) for r in map(json.loads, out.splitlines())],
                         [("most", "no_ptr")])

    def test_lies(self):
        for head in ["Content-Type: text/plain; charset=utf-16", "Content-Type: text/plain; "
                     "charset=no-such-thing", "Content-Type: multipart/report",
                     "Content-Type: multipart/report; boundary=\"\"", "Content-Type: ;;;",
                     "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: x-uuencode"]:
            self.measure((f"From: MAILER-DAEMON@b.example\nTo: a@b.example\n{head}\n\n"
                          f"{PTR}\n\0\xff\n".encode("latin-1"), 1))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
