"""Whole SMTP sessions: several recipients, several messages, TLS, logins, exemptions.

Each test runs by both ways in; the profile is strict, so that a client without reverse name is
refused.  OK and REFUSED are what Postfix says to RCPT.
"""
from case import MxwardCase
from test_verdicts import OK, SITE, Milter, Policy
from world import C

SECTIONS = SITE + """[policy]
profile = strict
[networks]
ours = 192.0.2.29 198.51.100.128/25
[exempt]
203.0.113.0/24 = rdns generic_rdns helo ; a partner behind DSL, ticket 4711
partner.example = rdns helo
"""


class Transactions:
    sections = SECTIONS

    def begin(self, name, sender="a@good.example", **xclient):
        smtp = self.connect(self.way, C[name], **xclient)
        self.assertEqual(str(smtp.mail(sender)), "250 2.1.0 Ok")
        return smtp

    def assertRefused(self, reply):
        self.assertEqual((reply.code, reply.enhanced), (550, "5.7.25"), reply)

    def assertAccepted(self, reply):
        self.assertEqual(str(reply), OK)

    # recipients of one message ------------------------------------------------------------------

    def test_postmaster_gets_what_the_user_does_not(self):
        smtp = self.begin("no_ptr")
        self.assertRefused(smtp.rcpt("user@example.org"))
        self.assertAccepted(smtp.rcpt("postmaster@example.org"))
        self.assertRefused(smtp.rcpt("other@second.example"))
        marker = "postmaster-only-" + self.way
        self.assertEqual(smtp.data("Subject: %s\n\nhelp" % marker).code, 250)
        self.bed.postfix.wait_mail("postmaster@example.org", marker)
        self.assertNotIn(marker, self.bed.postfix.mailbox("user@example.org"))
        self.assertNotIn(marker, self.bed.postfix.mailbox("other@second.example"))

    def test_postmaster_first(self):
        smtp = self.begin("no_ptr")
        self.assertAccepted(smtp.rcpt("postmaster@example.org"))
        self.assertRefused(smtp.rcpt("user@example.org"))
        self.assertAccepted(smtp.rcpt("abuse@example.org"))

    def test_postmaster_and_abuse_in_any_case_and_domain(self):
        smtp = self.begin("no_ptr")
        for rcpt in ("PostMaster@Example.ORG", "ABUSE@second.example"):
            self.assertAccepted(smtp.rcpt(rcpt))

    def test_refused_recipients_only(self):
        smtp = self.begin("no_ptr")
        for rcpt in ("user@example.org", "other@example.org", "third@second.example"):
            self.assertRefused(smtp.rcpt(rcpt))
        self.assertEqual(str(smtp.data("Subject: x\n\nx")),
                         "554 5.5.1 Error: no valid recipients")

    def test_recipient_that_postfix_refuses_changes_nothing(self):
        smtp = self.begin("good")
        self.assertAccepted(smtp.rcpt("user@example.org"))
        self.assertRegex(str(smtp.rcpt("nobody@example.org")), r"^550 5\.1\.1 .*User unknown")
        self.assertAccepted(smtp.rcpt("other@example.org"))

    def test_a_hundred_recipients(self):
        smtp = self.begin("good")
        replies = smtp.pipeline(*["RCPT TO:<user@example.org>"] * 100)
        self.assertEqual({str(r) for r in replies}, {OK})

    # several messages, RSET, second EHLO --------------------------------------------------------

    def test_accepted_mail_arrives(self):
        smtp = self.begin("good")
        self.assertAccepted(smtp.rcpt("user@example.org"))
        marker = "arrives-" + self.way
        self.assertEqual(smtp.data("Subject: %s\n\nhello" % marker).code, 250)
        self.bed.postfix.wait_mail("user@example.org", marker)

    def test_rset_then_another_message(self):
        smtp = self.begin("good")
        self.assertAccepted(smtp.rcpt("user@example.org"))
        self.assertEqual(str(smtp.rset()), "250 2.0.0 Ok")
        self.assertEqual(smtp.mail("b@nice.example").code, 250)
        self.assertAccepted(smtp.rcpt("other@example.org"))
        marker = "after-rset-" + self.way
        self.assertEqual(smtp.data("Subject: %s\n\nhello" % marker).code, 250)
        self.bed.postfix.wait_mail("other@example.org", marker)
        self.assertNotIn(marker, self.bed.postfix.mailbox("user@example.org"))

    def test_rset_after_a_refusal(self):
        smtp = self.begin("no_ptr")
        self.assertRefused(smtp.rcpt("user@example.org"))
        smtp.rset()
        self.assertEqual(smtp.mail("b@nice.example").code, 250)
        self.assertAccepted(smtp.rcpt("postmaster@example.org"))
        self.assertRefused(smtp.rcpt("user@example.org"))

    def test_two_messages_with_different_senders(self):
        smtp = self.begin("good", "first.%s@good.example" % self.way)
        for n, sender in ((1, None), (2, "second.%s@nice.example" % self.way)):
            if sender:
                self.assertEqual(smtp.mail(sender).code, 250)
            self.assertAccepted(smtp.rcpt("user@example.org"))
            marker = "message-%d-%s" % (n, self.way)
            self.assertEqual(smtp.data("Subject: %s\n\nhello" % marker).code, 250)
            self.bed.postfix.wait_mail("user@example.org", marker)
        for sender in ("first.%s@good.example" % self.way, "second.%s@nice.example" % self.way):
            self.mxward.wait_log(sender)
            self.assertEqual(len(self.mxward.log_lines(sender)), 1)

    def test_null_sender(self):
        smtp = self.begin("good", "")
        self.assertAccepted(smtp.rcpt("user@example.org"))
        smtp = self.begin("no_ptr", "")
        self.assertRefused(smtp.rcpt("user@example.org"))

    def test_second_ehlo_counts(self):
        smtp = self.connect(self.way, C["forged"])
        self.assertEqual(smtp.ehlo("mail.forger.example").code, 250)
        self.assertEqual(smtp.mail("a@forger.example").code, 250)
        self.assertAccepted(smtp.rcpt("user@example.org"))

    def test_starttls_and_second_ehlo(self):
        for name, check in (("good", self.assertAccepted), ("no_ptr", self.assertRefused)):
            smtp = self.connect(self.way, C[name])
            self.assertEqual(smtp.starttls().code, 220)
            self.assertEqual(smtp.ehlo(C[name].helo).code, 250)
            self.assertEqual(smtp.mail("tls@good.example").code, 250)
            check(smtp.rcpt("user@example.org"))
            self.assertAccepted(smtp.rcpt("abuse@example.org"))

    def test_pipelining(self):
        smtp = self.connect(self.way, C["no_ptr"])
        mail, user, postmaster, data = smtp.pipeline(
            "MAIL FROM:<pipe@good.example>", "RCPT TO:<user@example.org>",
            "RCPT TO:<postmaster@example.org>", "DATA")
        self.assertEqual((mail.code, data.code), (250, 354))
        self.assertRefused(user)
        self.assertAccepted(postmaster)

    # never checked --------------------------------------------------------------------------------

    def test_authenticated(self):
        smtp = self.begin("no_ptr_bare", LOGIN="joe")
        self.assertAccepted(smtp.rcpt("user@example.org"))
        smtp = self.begin("forged", LOGIN="joe")
        self.assertAccepted(smtp.rcpt("user@example.org"))

    def test_own_network(self):
        smtp = self.begin("no_ptr_bare")        # 192.0.2.29
        self.assertAccepted(smtp.rcpt("user@example.org"))

    def test_exempt_network(self):
        smtp = self.begin("enduser")
        self.assertAccepted(smtp.rcpt("user@example.org"))

    def test_exempt_domain_needs_confirmation(self):
        smtp = self.begin("partner")
        self.assertAccepted(smtp.rcpt("user@example.org"))
        smtp = self.begin("false_partner")      # its reverse name claims to be the partner
        self.assertRefused(smtp.rcpt("user@example.org"))

    # no evidence ----------------------------------------------------------------------------------

    def test_dns_failure_defers_once(self):
        triple = ("dns_failure", "once.%s@good.example" % self.way)
        reply = self.begin(*triple).rcpt("user@example.org")
        self.assertEqual((reply.code, reply.enhanced), (451, "4.7.25"), reply)
        for _ in range(3):
            self.assertAccepted(self.begin(*triple).rcpt("user@example.org"))
        self.assertEqual(self.begin(*triple).rcpt("other@example.org").code, 451)

    def test_dns_failure_and_postmaster(self):
        smtp = self.begin("dns_failure2", "pm.%s@good.example" % self.way)
        self.assertAccepted(smtp.rcpt("postmaster@example.org"))
        self.assertEqual(smtp.rcpt("user@example.org").code, 451)


class PolicyTransactions(Transactions, Policy, MxwardCase):
    def test_one_set_of_facts_for_all_recipients(self):
        smtp = self.begin("no_ptr")
        for rcpt in ("user@example.org", "other@example.org"):
            smtp.rcpt(rcpt)
        instances = {x.request["instance"] for x in self.bed.policy.exchanges}
        self.assertEqual((len(instances), len(self.bed.policy.exchanges)), (1, 2))

    def test_success_is_dunno_not_ok(self):
        self.ask("policy", C["good"])
        self.assertEqual([x.answer for x in self.bed.policy.exchanges], ["DUNNO"])


class MilterTransactions(Transactions, Milter, MxwardCase):
    def test_nothing_is_refused_before_rcpt(self):
        smtp = self.begin("no_ptr")
        self.assertRefused(smtp.rcpt("user@example.org"))
        early = [x for x in self.bed.milter.exchanges if x.kind in ("CONNECT", "HELO", "MAIL")]
        self.assertIn("CONNECT", {x.kind for x in early})       # some need no answer
        self.assertEqual({x.answer[0] for x in early}, {"c"}, early)


class UnixTransactions(MxwardCase):
    """The policy service at a unix socket, without a tap between: Postfix's user must reach it."""
    sections, unix = SECTIONS, True

    def test_unix_socket(self):
        self.assertEqual(str(self.ask("unix", C["good"])), OK)
        self.assertEqual(self.ask("unix", C["no_ptr"]).code, 550)
