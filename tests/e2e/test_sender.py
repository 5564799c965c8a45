"""The check sender through a real Postfix: exact replies, first tries, what is let in."""
import json
import subprocess

from bed.daemon import find_binary, run_check
from case import Case, MxwardCase, build_folder
from test_verdicts import CASE, OK, RCPT, SITE, Milter, Policy
from world import C

NO_DOMAIN = ("the sender's domain gone.example does not exist in DNS: correct the sender's address, "
             "or have the domain's administrator see to its registration and name servers")
NO_MAIL = ("the sender's domain empty.example has neither an MX record nor an address: the domain's "
           "administrator must publish an MX record, or the sender use another address")
NULL_MX = ("the sender's domain null.example says that it takes no mail (MX record \"0 .\"): send "
           "from an address that can be answered, or have the domain's administrator replace that "
           "record")
BOGUS_MX = ("mail to the sender's domain inside.example leads nowhere: its mail server "
            "mail.inside.example has no address on the Internet (10.1.2.3): the domain's "
            "administrator must correct its MX records or the addresses of those hosts")
SYNTAX = ("the sender <root> is no valid address: it has no domain: correct the sender's address in "
          "the program that sent this")
IS_OURS = ("the sender <boss@example.org> is of a domain of this site, but 192.0.2.43 has not logged "
           "in: send through this site's mail server with user name and password, or ask its "
           "administrator to allow that server")
TEMPERROR = ("DNS did not answer for the sender's domain broken.example (MX: servfail): please try "
             "again later")


# What a policy service answers at RCPT, Postfix takes to be about the recipient: of the sender's codes
# it makes the recipient's (5.1.2 bad domain, 5.1.3 bad syntax).  A milter's reply stays as it is.
AS_RECIPIENT = {"1.7": "1.3", "1.8": "1.2"}


class Senders:
    """Each test has a sender of its own: the daemon remembers who was put off."""

    client = "senders"

    def told(self, sender, rcpt=RCPT):
        reply = str(self.ask(self.way, C[self.client], sender, rcpt))
        return CASE.sub("Case ID", reply)

    def findings(self, sender):
        """The findings of the last decision about this sender."""
        line = self.mxward.wait_log("event=decision", "way=" + self.way, "from=" + sender)
        return [word[9:] for word in line.split() if word.startswith("findings=")][0]

    def enhanced(self, code):
        return code[:2] + AS_RECIPIENT.get(code[2:], code[2:]) if self.way == "policy" else code

    def assertTold(self, sender, code, enhanced, *lines):
        enhanced = self.enhanced(enhanced)
        self.assertEqual(self.told(sender), self.shown(code, enhanced, *lines, "Case ID"))


class Strict(Senders):
    sections = SITE + """[policy]
profile = strict
[actions]
sender_bogus_mx = reject
sender_syntax = reject
sender_is_ours = reject
"""

    def test_no_domain_is_put_off_once_then_refused(self):
        sender = self.way + "@gone.example"
        self.assertTold(sender, 451, "4.1.8", NO_DOMAIN)
        self.assertTold(sender, 550, "5.1.8", NO_DOMAIN)
        self.assertTold(sender, 550, "5.1.8", NO_DOMAIN)
        # Another recipient is another message; some are always reachable.
        self.assertEqual(self.told(sender, "other@example.org")[:3], "451")
        self.assertEqual(self.told(sender, "postmaster@example.org"), OK)

    def test_no_mail_is_put_off_once_then_refused(self):
        sender = self.way + "@empty.example"
        self.assertTold(sender, 451, "4.1.8", NO_MAIL)
        self.assertTold(sender, 550, "5.1.8", NO_MAIL)

    def test_null_mx(self):
        self.assertTold("joe@null.example", 550, "5.7.27", NULL_MX)

    def test_mail_server_inside(self):
        self.assertTold("joe@inside.example", 550, "5.1.8", BOGUS_MX)

    def test_no_address(self):
        self.assertTold("root", 550, "5.1.7", SYNTAX)

    def test_our_own_domain(self):
        self.assertTold("boss@example.org", 550, "5.7.1", IS_OURS)
        smtp = self.connect(self.way, C[self.client], LOGIN="boss")
        self.assertEqual(smtp.mail("boss@example.org").code, 250)
        self.assertEqual(str(smtp.rcpt(RCPT)), OK)

    def test_dns_failure_puts_off_once_then_lets_in(self):
        sender = self.way + "@broken.example"
        self.assertTold(sender, 451, "4.1.8", TEMPERROR)
        self.assertEqual(self.told(sender), OK)

    def test_another_refusal_does_not_wait(self):
        """What no waiting mends is refused at once, whatever the sender's domain is."""
        reply = self.ask(self.way, C["no_ptr"], self.way + "@gone.example")
        self.assertEqual((reply.code, reply.enhanced), (550, "5.7.25"))

    # let in -------------------------------------------------------------------------------------

    def test_null_sender(self):
        self.assertEqual(self.told(""), OK)
        self.assertNotIn("sender_", self.findings('""'))

    def test_good_domain(self):
        sender = "good.%s@good.example" % self.way
        self.assertEqual(self.told(sender), OK)
        self.assertIn("sender_ok", self.findings(sender).split(","))

    def test_domain_without_mx(self):
        sender = "%s@old.example" % self.way
        self.assertEqual(self.told(sender), OK)
        self.assertIn("sender_ok", self.findings(sender).split(","))

    def test_address_literal(self):
        sender = "%s@[192.0.2.43]" % self.way
        self.assertEqual(self.told(sender), OK)
        self.assertIn("sender_ok", self.findings(sender).split(","))

    def test_quoted_local_part(self):
        """Postfix shows it to the policy service without its quotation marks."""
        for local in ("joe public", "joe@home", "joe..public", 'joe \\"x\\" public'):
            self.assertEqual(self.told('"%s"@good.example' % local), OK)


class Score(Senders):
    sections = SITE

    def test_no_domain_alone_reaches_the_threshold(self):
        sender = self.way + "@gone.example"
        score = "Score 8: sender's domain does not exist +8"
        self.assertTold(sender, 451, "4.1.8", NO_DOMAIN, score)
        self.assertTold(sender, 550, "5.1.8", NO_DOMAIN, score)

    def test_the_rest_of_the_score_does_not_wait(self):
        """No reverse name and a private HELO are 8 points by themselves."""
        reply = self.ask(self.way, C["no_ptr_localhost"], self.way + "@gone.example")
        self.assertEqual((reply.code, reply.enhanced), (550, self.enhanced("5.1.8")))

    def test_our_own_domain_only_scores(self):
        self.assertEqual(self.told("boss@example.org"), OK)
        self.assertIn("sender_is_ours:+3", self.findings("boss@example.org").split(","))


class AtOnce(Senders):
    sections = SITE + "[policy]\nprofile = strict\nfirst_defers = no\n"

    def test_no_domain_is_refused_at_once(self):
        self.assertTold(self.way + "@gone.example", 550, "5.1.8", NO_DOMAIN)


class Commands(Case):
    """`mxward check` shows what the first try gets, `mxward replay` what a later one does."""

    def setUp(self):
        super().setUp()
        self.binary = find_binary(build_folder())

    def test_check_is_the_first_try(self):
        for _ in range(2):
            status, out, err = run_check(
                self.binary, "--ip", "192.0.2.43", "--helo", "[192.0.2.43]", "--from",
                "joe@gone.example", "--json", "--resolver", "127.0.0.1@%d" % self.bed.unbound.port)
            report = json.loads(out)
            self.assertEqual((status, report["verdict"], report["would"]), (2, "defer", "reject"),
                             err)
            self.assertTrue(report["reply"].startswith("451 4.1.8 " + NO_DOMAIN), report["reply"])

    def test_replay_is_a_later_one(self):
        record = {"v": 1, "id": "x", "client": {"ip": "192.0.2.43"}, "helo": "[192.0.2.43]",
                  "from": "joe@gone.example", "rcpt": [RCPT], "unknown": "none",
                  "facts": [{"q": "dns", "name": "gone.example", "type": "MX",
                             "status": "nxdomain"}]}
        done = subprocess.run([self.binary, "replay"], input=json.dumps(record) + "\n", text=True,
                              capture_output=True, timeout=20, check=True)
        report = json.loads(done.stdout)
        self.assertEqual((report["verdict"], report["code"]), ("reject", 550), report)
        self.assertNotIn("would", report)


class PolicyStrict(Strict, Policy, MxwardCase):
    pass


class MilterStrict(Strict, Milter, MxwardCase):
    pass


class PolicyScore(Score, Policy, MxwardCase):
    pass


class MilterScore(Score, Milter, MxwardCase):
    pass


class PolicyAtOnce(AtOnce, Policy, MxwardCase):
    pass


class MilterAtOnce(AtOnce, Milter, MxwardCase):
    pass
