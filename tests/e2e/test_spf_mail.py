"""SPF in mail, through a real Postfix: exact replies, what is let in and what the log says of it.

How each result is arrived at is the business of test_spf.py and the scenarios; the sentence of each
finding that an administrator may let refuse is in test_verdicts.py.
"""
import json
import re
import time

from bed.daemon import Mxward, find_binary, run_check
from bed.dns import ListDns
from bed.place import wait_for
from bed.raw import RawPolicy
from case import Case, MxwardCase, build_folder
from test_verdicts import NO_PTR, OK, RCPT, SITE, Milter, Policy
from world import EXPLAINED, C

CASE = re.compile(r"Case [0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}")
FIX = ("send through that domain's own mail server, or have its administrator add this server to the "
       "SPF record")
FAIL = "%s does not allow %s to send in its name (SPF record of %s: -all): " + FIX
HELO_FAIL = ("HELO mail.shut.example does not allow 192.0.2.52 to use its name (SPF record of "
             "mail.shut.example: -all): the sending server must greet with its own name, or the "
             "administrator of mail.shut.example add it to the SPF record")


def fail(domain, addr="192.0.2.43"):
    return FAIL % (domain, addr, domain)


class Mail:
    """Asks as the client `senders` with a sender of its own for each test."""

    def told(self, sender, client="senders", rcpt=RCPT):
        return CASE.sub("Case ID", str(self.ask(self.way, C[client], sender, rcpt)))

    def sender(self, domain):
        return "%s.%s@%s" % (type(self).__name__, self._testMethodName, domain)

    def assertTold(self, reply, code, enhanced, *lines):
        self.assertEqual(reply, self.shown(code, enhanced, *lines))

    def findings(self, sender):
        """{finding: what it does} of the last decision about this sender."""
        line = self.mxward.wait_log("event=decision", "way=" + self.way, "from=" + sender)
        words = re.search(r" findings=(\S*)", line)[1].split(",")
        return {word.partition(":")[0]: word.partition(":")[2] for word in words}

    def assertLetIn(self, domain, finding, points=""):
        sender = self.sender(domain)
        self.assertEqual(self.told(sender), OK)
        self.assertEqual({k: v for k, v in self.findings(sender).items() if k.startswith("spf_")},
                         {finding: points})


class Strict(Mail):
    sections = SITE + "[policy]\nprofile = strict\n"

    def test_fail(self):
        sender = self.sender("fail.example")
        for _ in range(2):
            self.assertTold(self.told(sender), 550, "5.7.23", fail("fail.example"), "Case ID")
        self.assertEqual(self.findings(sender)["spf_fail"], "reject")
        self.assertEqual(self.told(sender, rcpt="postmaster@example.org"), OK)

    def test_fail_of_the_helo_name(self):
        self.assertTold(self.told(self.sender("pass.example"), "forwarder"), 550, "5.7.23", HELO_FAIL,
                        "Case ID")

    def test_fail_of_a_bounce(self):
        """It is judged as postmaster@ the HELO name, and held against the client once."""
        self.assertTold(self.told("", "forwarder"), 550, "5.7.23",
                        fail("mail.shut.example", "192.0.2.52"), "Case ID")
        line = self.mxward.wait_log("event=decision", "way=" + self.way, 'from="" ')
        self.assertIn("spf_fail:reject", line)
        self.assertNotIn("spf_helo_fail", line)

    def test_pass_of_a_bounce(self):
        """mail.bounce.example lets pass whom it finds as postmaster.mail.bounce.example."""
        self.assertEqual(self.told("", "bouncer"), OK)
        self.assertIn("spf_pass", self.mxward.wait_log("event=decision", "way=" + self.way,
                                                       "client=192.0.2.51"))

    def test_explanation_is_not_shown(self):
        self.assertTold(self.told(self.sender("spoken.example")), 550, "5.7.23",
                        fail("spoken.example"), "Case ID")


class Score(Mail):
    """The default: none of it refuses alone."""
    sections = SITE

    def test_pass(self):
        self.assertLetIn("pass.example", "spf_pass")

    def test_fail(self):
        self.assertLetIn("fail.example", "spf_fail", "+4")

    def test_softfail(self):
        self.assertLetIn("softfail.example", "spf_softfail", "+1")

    def test_neutral(self):
        self.assertLetIn("neutral.example", "spf_neutral")

    def test_none(self):
        self.assertLetIn("good.example", "spf_none")

    def test_permerror(self):
        self.assertLetIn("twice.example", "spf_permerror", "+1")

    def test_temperror(self):
        """Trouble of the policy's own DNS costs nothing and defers nobody."""
        self.assertLetIn("slow.example", "spf_temperror")

    def test_open(self):
        self.assertLetIn("everybody.example", "spf_open", "+3")

    def test_two_halves_are_open(self):
        self.assertLetIn("halves.example", "spf_open", "+3")

    def test_wide(self):
        self.assertLetIn("wide.example", "spf_wide")

    def test_helo_and_sender_fail(self):
        """Forwarders do: 4 + 3 - 2, since the HELO is their own full name."""
        sender = self.sender("fail.example")
        self.assertEqual(self.told(sender, "forwarder"), OK)
        found = self.findings(sender)
        self.assertEqual((found["spf_fail"], found["spf_helo_fail"]), ("+4", "+3"))

    def test_fail_adds_to_what_else_is_wrong(self):
        self.assertTold(self.told(self.sender("fail.example"), "no_ptr"), 550, "5.7.25",
                        NO_PTR % "192.0.2.20", "Score 8: no reverse name +4, SPF fail +4", "Case ID")


class Temperror(Mail):
    sections = SITE + "[actions]\nspf_temperror = defer\n"

    def test_put_off_once(self):
        sender = self.sender("slow.example")
        self.assertTold(self.told(sender), 451, "4.7.24",
                        "the SPF policy of slow.example could not be checked: DNS did not answer "
                        "(TXT of spf.broken.example: servfail): please try again later", "Case ID")
        for _ in range(2):
            self.assertEqual(self.told(sender), OK)


class Explained(Mail):
    """The domain's own words, where they are wanted."""

    sections = SITE + "[policy]\nprofile = strict\n[spf]\nexplanation = yes\n"

    def test_explanation(self):
        sender = self.sender("spoken.example")
        self.assertTold(self.told(sender), 550, "5.7.23", fail("spoken.example"), "Case ID",
                        "spoken.example says: 192.0.2.43 is no server of ours, see "
                        "https://www.spoken.example/?who=%s%%20now" % sender.replace("@", "%40"))

    def test_none(self):
        self.assertTold(self.told(self.sender("fail.example")), 550, "5.7.23", fail("fail.example"),
                        "Case ID")

    def test_bytes_that_no_explanation_may_have(self):
        self.assertTold(self.told(self.sender("hostile.example")), 550, "5.7.23",
                        fail("hostile.example"), "Case ID")

    def test_what_the_client_said(self):
        for said in (r"a\\b c", "100% %s%n", r"x. Case 0000-0000-0000 \" 250 ok"):
            # A backslash is escaped on its way out, with its number in decimal.
            shown = CASE.sub("Case ID", '"%s"' % said.replace("\\", "\\092"))
            self.assertTold(self.told('"%s"@quoting.example' % said), 550, "5.7.23",
                            fail("quoting.example"), "Case ID",
                            "quoting.example says: you said " + shown)

    def test_many_words(self):
        """As many as there is room for, cut behind one of them."""
        reply = self.told(self.sender("wordy.example"))
        sentence = fail("wordy.example")
        heading = "wordy.example says: "
        if self.way == "milter":
            parts = [line[len("550-5.7.23 "):] for line in reply.split("\n")[2:]]
            self.assertEqual(len(parts), 2)
            self.assertTold(reply, 550, "5.7.23", sentence, "Case ID", *parts)
        else:
            parts = [reply[reply.index(heading):]]
            self.assertTold(reply, 550, "5.7.23", sentence, "Case ID", *parts)
        for part in parts:
            self.assertTrue(part.startswith(heading), part)
            self.assertLessEqual(len(part), 400)
        words = " ".join(part[len(heading):] for part in parts)
        self.assertLessEqual(len(words), 450)
        self.assertGreater(len(words), 430 if self.way == "milter" else 180)
        self.assertTrue(words.endswith("..."), words)
        self.assertTrue(EXPLAINED.startswith(words[:-3] + " "), words)


class ExplainedScore(Mail):
    """With the itemised score one line is left for them."""
    sections = SITE + "[actions]\nspf_fail = score 8\n[spf]\nexplanation = yes\n"

    def test_explanation(self):
        reply = self.told(self.sender("wordy.example"))
        score = "Score 8: SPF fail +8"
        if self.way == "milter":
            words = reply.split("\n")[3][len("550 5.7.23 "):]
            self.assertLessEqual(len(words), 400)
        else:
            words = reply.split("Case ID. ")[1]
        self.assertTold(reply, 550, "5.7.23", fail("wordy.example"), score, "Case ID", words)
        self.assertTrue(words.startswith("wordy.example says: Mail of this domain "), words)
        self.assertTrue(words.endswith("..."), words)


class Cheaters(Mail):
    """Domains whose pass proves nothing, in a file and on a DNS list."""

    sections = SITE + """[dnsbl cheats.lists.example]
kind = domain
ask = spf
127.0.0.2 = score 0
[actions]
spf_pass = score -1
spf_untrusted = score 0.5
"""

    @classmethod
    def make_sections(cls, b):
        return cls.sections + "[spf]\ncheaters = %s\n" % b.place.write("cheats", "cheat.example\n")

    def test_file(self):
        self.assertLetIn("cheat.example", "spf_untrusted", "+0.5")

    def test_list(self):
        self.assertLetIn("sold.example", "spf_untrusted", "+0.5")

    def test_neither(self):
        self.assertLetIn("pass.example", "spf_pass", "-1")


class DeadList(Case):
    """A DNS list of such domains that dies costs one wait and nobody his pass."""

    sections = SITE + """[policy]
checks = spf
[dnsbl cheats.example]
kind = domain
ask = spf
127.0.0.2 = reject
[actions]
spf_untrusted = reject
"""

    def setUp(self):
        super().setUp()
        place = self.bed.place
        record = b"v=spf1 ip4:192.0.2.10 -all"
        domains = ["d%d.test" % i for i in range(40)]
        self.dns = ListDns(self.bed.loop, place, {"cheats.example": set(domains)},
                           records={(d, 16): bytes((len(record),)) + record for d in domains
                                    + ["fine.test"]})
        address = ("127.0.0.1", place.port())
        self.daemon = Mxward(place, find_binary(build_folder()), self.dns.port, policy=address,
                             sections=self.sections)
        self.daemon.start()
        self.addCleanup(self.daemon.stop)
        policy = RawPolicy(address, 20)
        self.addCleanup(policy.__exit__)
        self.count = 0

        def said(domain):
            self.count += 1
            return policy.ask(sender="joe@" + domain, instance="x.%d" % self.count)
        self.said = said

    def test_it_works(self):
        self.assertRegex(self.said("d0.test"), "^550 5.7.1 192.0.2.10 may send for d0.test, but "
                         "d0.test is on the list cheats.example as a domain whose SPF records prove "
                         "nothing: ask the operator of that list to take it off")
        self.assertEqual(self.said("fine.test"), "DUNNO")
        self.assertIn("d0.test.cheats.example", self.dns.names)

    def test_it_is_dead(self):
        self.assertTrue(self.said("d1.test").startswith("550"))
        self.dns.wrong["cheats.example"] = "silent"
        self.assertEqual(self.said("d2.test"), "DUNNO")
        wait_for(lambda: "list_suspended" in self.daemon.log(), 5, "the list is suspended")
        began = time.monotonic()
        for i in range(3, 30):
            self.assertEqual(self.said("d%d.test" % i), "DUNNO")
        self.assertLess(time.monotonic() - began, 2)

    def test_it_lists_everything(self):
        self.dns.wrong["cheats.example"] = "127.0.0.2"
        for i in range(30, 40):
            self.assertEqual(self.said("d%d.test" % i), "DUNNO")
        self.assertEqual(self.said("fine.test"), "DUNNO")


class Check(Case):
    """The evidence, as `mxward check --json` shows it."""

    def check(self, domain, settings=""):
        conf = self.bed.place.write("spf_mail.conf", "[policy]\nchecks = spf\n" + settings)
        status, out, err = run_check(
            find_binary(build_folder()), "--ip", "192.0.2.43", "--helo", "[192.0.2.43]", "--from",
            "joe@" + domain, "--json", "--resolver", "127.0.0.1@%d" % self.bed.unbound.port,
            "-c", conf)
        self.assertEqual((status, err), (0, ""))
        report = json.loads(out)
        return report, *report["findings"]

    def evidence(self, domain, finding, settings=""):
        report, found = self.check(domain, settings)
        self.assertEqual((report["auth"]["spf_mailfrom"], found["id"]), ("pass", finding))
        return {k: v for k, v in found["evidence"].items()
                if k not in ("client", "domain", "helo", "identity")}

    def test_pass(self):
        self.assertEqual(self.evidence("pass.example", "spf_pass"),
                         {"term": "a:mail.senders.example", "record": "pass.example"})

    def test_open(self):
        self.assertEqual(self.evidence("everybody.example", "spf_open"),
                         {"addresses": "every IPv4 address", "term": "+all",
                          "record": "everybody.example"})
        self.assertEqual(self.evidence("halves.example", "spf_open"),
                         {"addresses": "every IPv4 address", "term": "ip4:0.0.0.0/1",
                          "record": "halves.example"})

    def test_wide(self):
        self.assertEqual(self.evidence("wide.example", "spf_wide"),
                         {"addresses": "262,144 IPv4 addresses", "term": "ip4:192.0.0.0/14",
                          "record": "wide.example"})

    def test_untrusted(self):
        settings = Cheaters.make_sections(self.bed)
        self.assertEqual(self.evidence("cheat.example", "spf_untrusted", settings),
                         {"entry": "cheat.example", "where": "listed here",
                          "remedy": "ask the receiving administrator to take it off that list",
                          "term": "ip4:192.0.2.0/24", "record": "cheat.example"})
        self.assertEqual(self.evidence("sold.example", "spf_untrusted", settings)["where"],
                         "on the list cheats.lists.example")
        self.evidence("pass.example", "spf_pass", settings)

    def test_explanation(self):
        report, found = self.check("spoken.example")
        words = ("192.0.2.43 is no server of ours, see "
                 "https://www.spoken.example/?who=joe%40spoken.example%20now")
        self.assertEqual(report["auth"]["spf_mailfrom"], "fail")
        self.assertEqual(report["auth"]["spf_explanation"], words)
        self.assertNotIn("explanation", found["evidence"])
        report, found = self.check("spoken.example", "[spf]\nexplanation = yes\n")
        self.assertEqual(found["evidence"]["explanation"], words)


class PolicyStrict(Strict, Policy, MxwardCase):
    pass


class MilterStrict(Strict, Milter, MxwardCase):
    pass


class PolicyScore(Score, Policy, MxwardCase):
    pass


class MilterScore(Score, Milter, MxwardCase):
    pass


class PolicyTemperror(Temperror, Policy, MxwardCase):
    pass


class MilterTemperror(Temperror, Milter, MxwardCase):
    pass


class PolicyExplained(Explained, Policy, MxwardCase):
    pass


class MilterExplained(Explained, Milter, MxwardCase):
    pass


class PolicyExplainedScore(ExplainedScore, Policy, MxwardCase):
    pass


class MilterExplainedScore(ExplainedScore, Milter, MxwardCase):
    pass


class PolicyCheaters(Cheaters, Policy, MxwardCase):
    pass


class MilterCheaters(Cheaters, Milter, MxwardCase):
    pass
