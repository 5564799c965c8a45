"""What travels on with a message, through a real Postfix: the fields that it gets to the byte, those
that it loses, tags and the hold queue; and that nothing else of it is changed."""
import dataclasses
import os
import random
import re

from bed.place import wait_for
from case import MxwardCase
from world import C

SITE = """[site]
hostname = mx.example.org
domains = example.org second.example
"""
ENVELOPE = re.compile(r"Return-Path: .*\nX-Original-To: .*\nDelivered-To: .*\n")
RECEIVED = r"Received: from .*\n(?:\t.*\n)+"
CASE = r"[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){2}"
PLAIN = ("Date: Thu, 26 Nov 2026 06:00:00 +0000\nFrom: Ann  <a@good.example>\n"
         "Message-ID: <%s@good.example>\nsubject :  odd \tblanks\nX-Folded: a\n\tb\n   c\n"
         "X-Empty:\n%s\nBody: is\n\n.not a header\n")


def on_the_wire(text):
    return text.replace("\n.", "\n..").replace("\n", "\r\n").encode()


class Travel(MxwardCase):
    listener = "milter"
    serial = 0

    def deliver(self, client, fields="", sender="a@good.example", rcpt=("user@example.org",)):
        """Send PLAIN with these fields added; what arrived, without the envelope's fields."""
        smtp, marker, text = self.send(client, fields, sender, rcpt)
        smtp.quit()
        return ENVELOPE.sub("", self.bed.postfix.wait_mail(rcpt[-1], marker), count=1), text

    def send(self, client, fields, sender, rcpt):
        Travel.serial += 1
        marker = "travel-%d-%d" % (os.getpid(), Travel.serial)
        text = PLAIN % (marker, fields)
        smtp = self.connect(self.listener, C[client])
        self.assertEqual(smtp.mail(sender).code, 250)
        for address in rcpt:
            self.assertEqual(smtp.rcpt(address).code, 250)
        self.reply = smtp.data_bytes(on_the_wire(text))
        self.assertEqual(self.reply.code, 250, self.reply)
        return smtp, marker, text

    def assertGot(self, got, added, text):
        """The message is what was added on top, Postfix's own field, and what was sent."""
        m = re.fullmatch(r"((?:.*\n)*?)" + RECEIVED + r"((?:.*\n)*?)\n*", got)
        self.assertIsNotNone(m, got)
        self.assertRegex(m[1], r"\A%s\Z" % added)
        # Postfix itself takes out blanks before a colon.
        self.assertEqual(m[2], re.sub(r"(?m)^([!-9;-~]+) +:", r"\1:", text))


def results(text):
    return re.escape("Authentication-Results: mx.example.org;\n\t" + text + "\n")


def field(score, findings, verdict):
    return r"X-Mxward: score=%s; findings=%s; case=%s; verdict=%s\n" % (
        re.escape(score), findings, CASE, verdict)


GOOD = ("iprev=pass (mail.good.example) policy.iprev=192.0.2.10;\n\t"
        "spf=%s smtp.mailfrom=%s;\n\tspf=%s smtp.helo=mail.good.example")


class MilterFields(Travel):
    sections = SITE + "[actions]\nhelo_alias = tag\nhelo_bare_ip = quarantine\n" \
        "[policy]\nreject_at = 50\n"

    def test_clean(self):
        got, text = self.deliver("good")
        self.assertGot(got, results(GOOD % ("none", "good.example", "none"))
                       + field("-2", "none", "accept"), text)

    def test_tag(self):
        got, text = self.deliver("alias")
        self.assertGot(got, r"Authentication-Results: (?:.*\n\t)*.*\n"
                       + field("0", "helo_alias", "tag"), text)

    def test_null_sender(self):
        got, text = self.deliver("good", sender="")
        self.assertGot(got, results("iprev=pass (mail.good.example) policy.iprev=192.0.2.10;\n\t"
                                    "spf=none smtp.helo=mail.good.example")
                       + field("-2", "none", "accept"), text)

    def test_ipv6(self):
        got, _ = self.deliver("good6")
        self.assertIn('\n\tiprev=pass (mail.good.example) policy.iprev="2001:db8::10";\n', got)

    def test_held(self):
        smtp, marker, text = self.send("bare_ip", "", "a@good.example", ["user@example.org"])
        queue_id = re.search(r"queued as (\w+)", str(self.reply))[1]
        held = self.bed.place.path("queue", "hold", queue_id)
        wait_for(lambda: os.path.exists(held), 5, "message in the hold queue")
        with open(held, "rb") as f:
            content = f.read()
        self.assertIn(marker.encode(), content)
        self.assertRegex(content, rb"X-Mxward: score=[^\n]*verdict=quarantine")
        self.assertIn(queue_id + ": milter-hold: END-OF-MESSAGE from mail.bare.example",
                      self.bed.postfix.log())
        self.assertNotIn(marker, self.bed.postfix.mailbox("user@example.org"))
        self.mxward.wait_log("event=decision", "verdict=quarantine", "findings=", "helo_bare_ip")

    def test_who_has_more_than_one_recipient_to_please(self):
        """What postmaster gets is not held, so for his neighbour it is tagged."""
        got, text = self.deliver("bare_ip", rcpt=("user@example.org", "postmaster@example.org"))
        self.assertRegex(got, field("[-0-9.]+", "[a-z_,]*helo_bare_ip[a-z_,]*", "tag")
                         .replace(re.escape("[-0-9.]+"), "[-0-9.]+"))

    # --- fields that claim to be ours ---

    OURS = ("Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=bank.example",
            "authentication-results : MX.Example.ORG 1;\n\tdkim=pass header.d=bank.example",
            "AUTHENTICATION-RESULTS:\n\t(a (nested) comment)\n mx.example.org (x) ;\n\tnone",
            'Authentication-Results: "mx.example.org"; iprev=pass',
            "Authentication-Results:mx.example.org",
            "Authentication-Results: mx.exam(split)ple.org; spf=pass",
            "X-Mxward: score=-100; findings=none; case=1; verdict=accept",
            "x-mxward : anything")
    FOREIGN = ("Authentication-Results: other.example.net; spf=pass smtp.mailfrom=good.example",
               "authentication-Results : notmx.example.org;\n\tnone",
               "Authentication-Results: mx.example.org.evil.example; none",
               "Authentication-Results:  (mx.example.org)\n\t good.example;  none",
               "X-Mxward-Other: mx.example.org", "Received-SPF: pass (somebody else)")

    def check_forged(self, fields, said=field("-2", "none", "accept")):
        got, text = self.deliver("good", "".join(x + "\n" for x in fields))
        for line in fields:
            if line in self.OURS:
                self.assertIn(line + "\n", text)
                text = text.replace(line + "\n", "", 1)
        self.assertGot(got, results(GOOD % ("none", "good.example", "none")) + said, text)

    def test_forged_in_any_order(self):
        rng = random.Random(1)
        for n in (1, 2, 7, 50, 50):
            self.check_forged([rng.choice(self.OURS if rng.random() < 0.6 else self.FOREIGN)
                               for _ in range(n)])

    def test_all_of_them(self):
        self.check_forged(self.OURS)
        self.check_forged(self.OURS[::-1] + self.FOREIGN)

    def test_hundreds(self):
        rng = random.Random(2)
        self.check_forged([rng.choice(self.OURS if rng.random() < 0.7 else self.FOREIGN)
                           for _ in range(500)], field("0", "header_too_big", "accept"))

    def test_who_is_not_checked_keeps_his(self):
        """Our own servers may have marked it; they are not told anything either."""
        self.send_from_loopback("Authentication-Results: mx.example.org; none\n")

    def send_from_loopback(self, fields):
        Travel.serial += 1
        marker = "travel-%d-%d" % (os.getpid(), Travel.serial)
        text = PLAIN % (marker, fields)
        smtp = self.connect(self.listener, dataclasses.replace(C["localhost"], addr="127.0.0.1"))
        smtp.mail("a@good.example")
        smtp.rcpt("user@example.org")
        self.assertEqual(smtp.data_bytes(on_the_wire(text)).code, 250)
        got = ENVELOPE.sub("", self.bed.postfix.wait_mail("user@example.org", marker), count=1)
        self.assertGot(got, "", text)


class MilterOtherFields(Travel):
    sections = SITE + "[headers]\nauthserv_id = auth.example.org\nreceived_spf = yes\n" \
        "field = X-Filter\nfield_on = tagged\n[actions]\nhelo_alias = tag\n"

    def test_clean(self):
        got, text = self.deliver("good", "Authentication-Results: mx.example.org; none\n"
                                 "Authentication-Results: auth.example.org; none\n"
                                 "X-Filter: forged\nX-Mxward: not ours\n")
        text = text.replace("Authentication-Results: auth.example.org; none\n", "")
        text = text.replace("X-Filter: forged\n", "")
        self.assertGot(got, re.escape(
            "Authentication-Results: auth.example.org;\n\t"
            + GOOD % ("none", "good.example", "none") +
            "\nReceived-SPF: none\n\t(mx.example.org: domain of a@good.example says nothing certain "
            "about 192.0.2.10)\n\tidentity=mailfrom;\n\tclient-ip=192.0.2.10;\n\t"
            "receiver=mx.example.org;\n\thelo=mail.good.example;\n\t"
            'envelope-from="a@good.example"')
            + r"(?:;\n\t[a-z]+=.*)*\n", text)

    def test_tag(self):
        got, _ = self.deliver("alias")
        self.assertRegex(got, "(?m)^X-Filter: score=.*; findings=helo_alias; .*; verdict=tag$")


class MilterNone(Travel):
    sections = SITE + "[headers]\nauth_results = no\nfield_on = none\nremove_forged = no\n" \
        "[policy]\nchecks = rdns helo\n"

    def test_nothing_is_changed(self):
        got, text = self.deliver("alias", "Authentication-Results: mx.example.org; none\n")
        self.assertGot(got, "", text)


class PolicyFields(Travel):
    listener = "policy_data"
    sections = SITE + "[headers]\nreceived_spf = yes\n" \
        "[actions]\nhelo_alias = tag\nhelo_bare_ip = quarantine\n[policy]\nreject_at = 50\n"

    def test_clean(self):
        got, text = self.deliver("good", rcpt=("other@example.org", "user@example.org"))
        self.assertGot(got, field("-2", "none", "accept") + re.escape(
            "Authentication-Results: mx.example.org; "
            + (GOOD % ("none", "good.example", "none")).replace("\n\t", " ")
            + "\nReceived-SPF: none (mx.example.org: domain of ") + ".*\n", text)
        self.assertEqual([x.answer.split(" ")[0] for x in self.bed.policy.exchanges],
                         ["DUNNO", "DUNNO", "PREPEND", "PREPEND", "PREPEND"])

    def test_tag(self):
        got, text = self.deliver("alias", rcpt=("other@example.org", "user@example.org"))
        self.assertEqual(got.count("X-Mxward: "), 1)
        self.assertRegex(got, r"\A" + field("0", "helo_alias", "tag"))
        self.assertEqual([x.answer.split(" ")[0] for x in self.bed.policy.exchanges],
                         ["PREPEND", "DUNNO", "PREPEND", "PREPEND", "DUNNO"])

    def test_held(self):
        smtp, marker, _ = self.send("bare_ip", "", "a@good.example", ["user@example.org"])
        queue_id = re.search(r"queued as (\w+)", str(self.reply))[1]
        held = self.bed.place.path("queue", "hold", queue_id)
        wait_for(lambda: os.path.exists(held), 5, "message in the hold queue")
        with open(held, "rb") as f:
            self.assertRegex(f.read(), rb"X-Mxward: score=[^\n]*verdict=quarantine")
        self.assertRegex(self.bed.postfix.log(),
                         r"NOQUEUE: hold: RCPT from .*: <\S+>: Recipient address helo_bare_ip: "
                         r"HELO .*; case %s; from=" % CASE)


class PolicyAtRcpt(Travel):
    """As most have it: asked at RCPT only, nothing is added to what is not tagged."""

    listener = "policy"
    sections = SITE + "[actions]\nhelo_alias = tag\n"

    def test_clean(self):
        got, text = self.deliver("good")
        self.assertGot(got, "", text)

    def test_tag(self):
        got, text = self.deliver("alias")
        self.assertGot(got, field("0", "helo_alias", "tag"), text)
