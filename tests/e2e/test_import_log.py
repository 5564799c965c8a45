"""mxward import-log reads what a real Postfix has logged of real sessions, and rebuilds just these.

The sessions go through listeners that know nothing of mxward: what Postfix would do without it.
"""
import json

from bed.daemon import Mxward, find_binary, run_command
from bed.place import wait_for
from case import Case, build_folder
from world import C

SECTIONS = """[site]
hostname = mx.example.org
domains = example.org second.example
[policy]
profile = strict
"""


class ImportLog(Case):
    def setUp(self):
        super().setUp()
        self.begin = len(self.bed.postfix.log())
        b = self.bed
        self.settings = Mxward(b.place, find_binary(build_folder()), b.unbound.port,
                               sections=SECTIONS, control="")

    def hand_in(self, listener, name, sender, *rcpts, marker=None, **xclient):
        """A whole session; delivered mail is waited for.  Returns the replies to RCPT."""
        smtp = self.connect(listener, C[name], **xclient)
        self.assertEqual(smtp.mail(sender).code, 250)
        replies = [smtp.rcpt(rcpt).code for rcpt in rcpts]
        if marker:
            self.assertEqual(smtp.data("Subject: %s\n\nhello" % marker).code, 250)
            for rcpt, code in zip(rcpts, replies):
                if code == 250:
                    self.bed.postfix.wait_mail(rcpt, marker)
        smtp.quit()
        return replies

    def logged(self):
        return self.bed.postfix.log()[self.begin:]

    def import_log(self, sessions, ends):
        """The report and {(client, helo, from, rcpt): verdict}, once the log has it all."""
        wait_for(lambda: self.logged().count("disconnect from") >= sessions and
                 self.logged().count(": removed") >= ends, 10, "the log of all sessions")
        log = self.bed.place.write("import.log", self.logged())
        out = self.bed.place.path("import.records")
        status, report, error = run_command(
            find_binary(build_folder()), "import-log", "-c", self.settings.conf, "--json", "--rate",
            "1000", "--out", out, log)
        self.assertEqual(error, "")
        seen = {}
        with open(out, encoding="utf-8") as f:
            for line in f:
                record = json.loads(line)
                for rcpt, verdict in zip(record["rcpt"], record["verdicts"]):
                    seen[record["client"]["ip"], record.get("helo"), record.get("from"),
                         rcpt] = verdict["verdict"]
        report = json.loads(report)
        self.assertEqual(status, 1 if report["newly_refused"]["mails"] else 0)
        return report, seen

    def test_sessions_are_rebuilt(self):
        sender = "joe@good.example"
        self.assertEqual(self.hand_in("plain", "good", sender, "user@example.org",
                                      "nobody@example.org", "other@second.example",
                                      marker="import-1"), [250, 550, 250])
        self.assertEqual(self.hand_in("plain", "no_ptr", sender, "user@example.org",
                                      marker="import-2"), [250])
        self.assertEqual(self.hand_in("plain", "no_ptr6", "", "third@example.org",
                                      marker="import-3"), [250])
        self.assertEqual(self.hand_in("plain", "good", sender, "x@far.example"), [554])
        self.assertEqual(self.hand_in("plain", "good", '"a > b"@good.example',
                                      "user@example.org", marker="import-4"), [250])
        self.assertEqual(self.hand_in("plain", "no_ptr", sender, "user@example.org", LOGIN="joe",
                                      marker="import-5"), [250])
        self.assertEqual(self.hand_in("submission", "no_ptr", sender, "user@example.org",
                                      marker="import-6"), [250])
        report, seen = self.import_log(7, 6)
        good, no_ptr, no_ptr6 = C["good"], C["no_ptr"], C["no_ptr6"]
        self.assertEqual(seen, {
            (good.addr, good.helo, sender, "user@example.org"): "accept",
            (good.addr, good.helo, sender, "nobody@example.org"): "accept",
            (good.addr, good.helo, sender, "other@second.example"): "accept",
            (good.addr, good.helo, sender, "x@far.example"): "accept",
            (no_ptr.addr, None, sender, "user@example.org"): "reject",
            (no_ptr6.addr, None, "", "third@example.org"): "reject",
            (good.addr, None, '"a > b"@good.example', "user@example.org"): "accept"})
        log = report["log"]
        self.assertEqual((log["mails"], log["authenticated"], log["submission"], log["cut"],
                          log["unfinished"], log["given_up"]), (7, 1, 1, 0, 0, 0))
        self.assertEqual(report["then_now"], {
            "accepted": {"accepted": 3, "no_answer": 0, "put_off": 0, "refused": 2},
            "put_off": {"accepted": 0, "no_answer": 0, "put_off": 0, "refused": 0},
            "refused": {"accepted": 2, "no_answer": 0, "put_off": 0, "refused": 0}})
        self.assertEqual(report["newly_refused"]["delivered"], 2)
        self.assertIn("554 Relay access denied", report["reasons"])
        self.assertTrue(any("User unknown" in reason for reason in report["reasons"]))

    def test_helo_of_all_mail(self):
        """What the manual says to have the HELO of accepted mail logged."""
        self.assertEqual(self.hand_in("info", "forged", "joe@good.example", "user@example.org",
                                      marker="import-helo"), [250])
        report, seen = self.import_log(1, 1)
        forged = C["forged"]
        self.assertEqual(seen, {(forged.addr, forged.helo, "joe@good.example",
                                 "user@example.org"): "reject"})
        self.assertEqual(report["helo_known"], 1)
        self.assertIn("helo_ours", report["newly_refused"]["findings"])
