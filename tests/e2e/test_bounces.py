"""Bounces that really came back: real servers send to the guarded Postfix, are refused for each main
reason, and `mxward explain` says of what they then get what is wrong, who has to act, and which
record or setting puts it right.

`--live` asks the tests' Internet, and then one in which everything is repaired.
"""
import dataclasses
import json
import unittest

from bed.daemon import find_binary, run_command
from bed.dns import Nsd, Unbound
from bed.exim import Exim
from bed.place import Missing, wait_for
from bed.postfix import SendingPostfix
from bed.pretend import Pretend
from bed.smtp import Smtp
from case import MxwardCase, build_folder
from test_verdicts import SITE
from world import C, RECORDS

RCPT = "user@example.org"
SETTINGS = SITE + """[policy]
profile = strict
first_defers = no
help_url = https://mx.example.org/causes/en/%i.html?%c
[actions]
helo_bare_ip = reject
helo_not_fqdn = reject
helo_private = reject
helo_unresolvable = reject
helo_not_client = reject
[dnsbl bl.lists.example]
127.0.0.2 = reject ; a trap
text = no
"""


# What DNS says about it, before and after the zone is repaired.
MENDED, SETTING, UNKNOWN = ("still", "fixed"), ("still", "still"), ("unknown", "unknown")


@dataclasses.dataclass(frozen=True)
class Fault:
    """What is wrong with a client of world.py, or with the domain of its sender."""
    client: str
    cause: str
    fixer: str
    step: str                   # what one of the steps has to name
    domain: str = "good.example"
    live: tuple = MENDED        # SETTING: it is none of DNS
    names_client: bool = True   # the reply tells the client's address


def sender(domain, step):
    return Fault("senders", "sender_domain_invalid", "sender_admin", step, domain,
                 names_client=False)


def helo(client, step, live, **more):
    return Fault(client, "helo_invalid", "sender_admin", step, live=live, **more)


FAULTS = {
    "no_ptr": Fault("no_ptr", "no_ptr", "sender_isp",
                    "20.2.0.192.in-addr.arpa. IN PTR mail.noptr.example."),
    "mismatch": Fault("mismatch", "fcrdns_mismatch", "sender_isp",
                      "mail.mismatch.example. IN A 192.0.2.21"),
    "enduser": Fault("enduser", "dynamic_ip", "sender_admin", "relayhost"),
    "bare_ip": helo("bare_ip", "smtp_helo_name", SETTING),
    "one_label": helo("one_label", "primary_hostname", UNKNOWN, names_client=False),
    "localhost": helo("localhost", "confDOMAIN_NAME", UNKNOWN, names_client=False),
    "unresolvable": helo("unresolvable", "nowhere.good.example", UNKNOWN, names_client=False),
    "other_host": helo("other_host", "mail.good.example", MENDED),
    "listed": Fault("listed", "dnsbl_listed", "sender_admin", "bl.lists.example",
                    live=UNKNOWN),      # a list that nobody but this site knows is not asked
    "spf_fail": Fault("senders", "spf_fail", "sender_admin", "dig fail.example TXT",
                      "fail.example"),
    "no_domain": sender("nowhere.example", "dig nowhere.example MX"),
    "null_mx": sender("null.example", "dig null.example MX"),
    "no_mail": sender("empty.example", "dig empty.example MX"),
}

# Where all of that is repaired.  (A sender's domain wants a host outside of the networks that are
# kept for documentation; nobody connects to it.)
REPAIRED = RECORDS
for old, new in [
        ("mail.mismatch.example. A 192.0.2.99", "mail.mismatch.example. A 192.0.2.21"),
        ("77.113.0.203.in-addr.arpa. PTR 203-0-113-77.dsl.dyn.isp.example.",
         "77.113.0.203.in-addr.arpa. PTR mail.home.example."),
        ("70.2.0.192.bl.lists.example. A 127.0.0.2\n", ""),
        ('fail.example. TXT "v=spf1 ip4:192.0.2.1 -all"',
         'fail.example. TXT "v=spf1 ip4:192.0.2.1 ip4:192.0.2.43 -all"'),
        ("null.example. MX 0 .", "null.example. MX 10 mx.repaired.example.")]:
    if old not in REPAIRED:
        raise ValueError(old)
    REPAIRED = REPAIRED.replace(old, new)
REPAIRED += """20.2.0.192.in-addr.arpa. PTR mail.noptr.example.
mail.home.example. A 203.0.113.77
nowhere.good.example. A 192.0.2.33
mail.good.example. A 192.0.2.34
mx.repaired.example. A 193.0.14.129
nowhere.example. MX 10 mx.repaired.example.
empty.example. MX 10 mx.repaired.example.
"""


class BounceCase(MxwardCase):
    sections = SETTINGS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        nsd = Nsd(cls.bed.place, REPAIRED, folder="nsd-repaired")
        cls.repaired = Unbound(cls.bed.place, nsd, folder="unbound-repaired")

    def run_explain(self, text, *args):
        path = self.bed.place.write("bounce-" + self.id(), text)
        status, out, error = run_command(find_binary(build_folder()), "explain", *args, path)
        self.assertEqual((status, error), (0, ""))
        return out

    def explain(self, text, *args, resolver=None):
        if resolver:
            args += ("--live", "--resolver", "127.0.0.1@%d" % resolver.port)
        return json.loads(self.run_explain(text, "--json", *args))

    def check(self, fault, bounce):
        """The cause and what to do, and what DNS says before and after."""
        before = self.explain(bounce, resolver=self.bed.unbound)
        self.assertEqual((before["cause"], before["fixer"]), (fault.cause, fault.fixer), bounce)
        self.assertEqual(before["recipients"], [RCPT])
        self.assertEqual(before["client"], C[fault.client].addr if fault.names_client else None)
        self.assertIs(before["permanent"], True)
        self.assertGreater(before["confidence"], 0.9)
        self.assertIn(fault.step, "\n".join(before["steps"]))
        after = self.explain(bounce, resolver=self.repaired)
        self.assertEqual((before["live"]["state"], after["live"]["state"]), fault.live,
                         (before["live"], after["live"]))


def add_tests(cls):
    for name in FAULTS:
        def test(self, name=name):
            self.check(FAULTS[name], self.bounce(name))
        setattr(cls, "test_" + name, test)
    return cls


class FromPostfix(BounceCase):
    """One Postfix sends all messages, each as another client."""
    way = None

    @classmethod
    def setUpClass(cls):
        if cls.way is None:
            raise unittest.SkipTest("only its subclasses are tests")
        super().setUpClass()
        ways, place = {}, cls.bed.place
        for name, fault in FAULTS.items():
            relay = Pretend(cls.bed.loop, place, cls.bed.postfix.ports[cls.way], C[fault.client])
            ways[cls.address(name)] = C[fault.client].helo, relay.address
        cls.postfix = SendingPostfix(place, "mail.noptr.example", ways,
                                     {fault.domain for fault in FAULTS.values()}, cls.way)
        for name in FAULTS:
            with Smtp(cls.postfix.ports["submit"]) as smtp:
                smtp.ehlo("localhost")
                smtp.mail(cls.address(name))
                smtp.rcpt(RCPT)
                smtp.data("To: %s\nSubject: %s\n\nhello\n" % (RCPT, cls.marker(name)))

    @classmethod
    def tearDownClass(cls):
        cls.postfix.process.stop()
        super().tearDownClass()

    @classmethod
    def address(cls, name):
        return "%s@%s" % (name, FAULTS[name].domain)

    @classmethod
    def marker(cls, name):
        return "%s-%s." % (cls.way, name)

    def bounce(self, name):
        return self.postfix.wait_bounce(self.marker(name))


@add_tests
class PostfixPolicy(FromPostfix):
    way = "policy"

    def test_log(self):
        """What stands in the sender's log is explained as well, with the help page in it."""
        self.bounce("no_ptr")
        line = next(x for x in self.postfix.log().splitlines()
                    if "status=bounced" in x and "192.0.2.20" in x)
        self.assertIn("https://mx.example.org/causes/en/no_ptr.html?", line)
        found = self.explain(line + "\n")
        self.assertEqual((found["cause"], found["kind"]), ("no_ptr", "log"))

    def test_page(self):
        """For people, in both languages."""
        bounce, step = self.bounce("no_ptr"), FAULTS["no_ptr"].step
        english = " ".join(self.run_explain(bounce, "--lang", "en").split())
        self.assertIn("did not take the message to user@example.org: the sending address has no "
                      "reverse name", english)
        german = " ".join(self.run_explain(bounce, "--lang", "de").split())
        self.assertIn("hat die Nachricht an user@example.org nicht angenommen: Die IP-Adresse des "
                      "sendenden Servers hat keinen Reverse-Namen", german)
        for text in (english, german):
            self.assertIn(step, text)


@add_tests
class PostfixMilter(FromPostfix):
    way = "milter"


@add_tests
class EximMilter(BounceCase):
    """An Exim for each client, called what the client is called."""

    def bounce(self, name):
        fault, b = FAULTS[name], self.bed
        client = C[fault.client]
        relay = Pretend(b.loop, b.place, b.postfix.ports["milter"], client)
        try:
            exim = Exim(b.place, client.helo, relay.address, [fault.domain])
        except Missing as error:
            self.skipTest(str(error))
        exim.submit("%s@%s" % (name, fault.domain), [RCPT], "Subject: exim-%s\n\nhello\n" % name)
        return exim.wait_bounce("exim-" + name)


del FromPostfix
