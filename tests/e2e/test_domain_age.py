"""How old a domain is, by a registry and by a DNS list, through a real Postfix: the first mail is
never held up, and whatever a registry does, it makes no domain new.
"""
import json
import os
import signal
import time

from bed import rdap
from bed.authority import Authority
from bed.daemon import daemon_folder, run_check
from bed.place import wait_for
from bed.raw import RawPolicy
from case import MxwardCase
from test_verdicts import CASE, OK, RCPT, SITE, milter_reply, policy_reply
from world import C

SAID = {"policy": policy_reply, "milter": milter_reply}
FIX = ("nothing is wrong with that, and time mends it; until then write from an older domain, or ask "
       "the postmaster of this site for an exemption")
BAD = ("cert", "garbage", "another", "huge", "deep", "slow", "error", "far", "loop", "file")


class Registry(MxwardCase):
    """Each kind of trouble has a registry of its own, as one that makes trouble is let alone."""

    @classmethod
    def setUpClass(cls):
        cls.registry = rdap.Registry()
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.registry.close()
        cls.untrusted.close()

    @classmethod
    def make_sections(cls, b):
        url = cls.registry.url
        authority = Authority(b.place.path("nobodys-authority"))
        cls.untrusted = rdap.Registry(authority.certify("registry", "IP:127.0.0.1"))
        cls.untrusted.domains["x.cert"] = 1
        cls.registry.domains.update({
            "hour.example": 1, "hour.nice": 1, "days.example": 50, "weeks.example": 300,
            "noptr.example": 1, "mismatch.example": 1, "second.example": 1,
            "old.example": 90000, "senders.example": 90000, "listed.example": 90000,
            "here.moved": rdap.redirect(url + "moved/", 1), "late.limited": rdap.limited(2, 1),
            "x.garbage": rdap.garbage, "x.another": rdap.another, "x.huge": rdap.huge,
            "x.deep": rdap.deep, "x.slow": rdap.slow, "x.error": rdap.error,
            "x.far": rdap.redirect("http://127.0.0.9:1/"), "x.file": rdap.redirect("file:///etc/"),
            "x.loop": rdap.redirect(url + "again/")})
        suffixes = ("example", "nice", "moved", "limited") + BAD
        folder = daemon_folder(b.place.path("store-" + cls.__name__))
        return SITE + """[policy]
checks = domain_age
[domain_age]
rdap = yes
points_1 = 8
[log]
level = debug
[store]
file = %s
[rdap]
rate = 600
rate_all = 6000
timeout = 700ms
%s""" % (os.path.join(folder, "store.db"), "".join(
    "%s = %s\n" % (s, cls.untrusted.url if s == "cert" else url) for s in suffixes))

    def setUp(self):
        super().setUp()
        wait_for(lambda: self.findings("old.example") is not None, 5, "the store")

    def told(self, way, domain):
        return CASE.sub("Case ID", str(self.ask(way, C["senders"], "a@" + domain)))

    def findings(self, domain):
        """{finding: points}, by what the store knows; None: it is not there yet."""
        status, out, err = run_check(self.mxward.binary, "--ip", "192.0.2.43", "--from",
                                     "a@" + domain, "--json", "-c", self.mxward.conf)
        if err:
            return None
        return {f["id"]: f["score"] for f in json.loads(out)["findings"]}

    def wait_known(self, domain):
        wait_for(lambda: self.mxward.log_lines("event=registration ", "domain=" + domain), 5,
                 "the registry's answer about " + domain)
        wait_for(lambda: "domain_age_unknown" not in self.findings(domain), 5, "it in the store")

    def test_refused_from_the_second_mail_on(self):
        for way, domain in (("policy", "hour.example"), ("milter", "hour.nice")):
            with self.subTest(way=way):
                self.assertEqual(self.told(way, domain), OK)
                self.wait_known(domain)
                want = SAID[way](550, "5.7.1", "the domain %s (sender) is new: registered 1 hour ago: "
                                 "%s" % (domain, FIX), "Score 8: new domain +8", "Case ID")
                wait_for(lambda: self.told(way, domain) != OK, 5, "the refusal")
                self.assertEqual(self.told(way, domain), want)
                self.assertEqual(self.registry.asked[domain], 1)
        # A date does not change: neither a restart nor another day asks again.
        self.assertEqual(self.mxward.stop(), 0)
        self.mxward.start()
        wait_for(lambda: self.told("milter", "hour.example") != OK, 5, "the refusal")
        self.assertEqual(self.registry.asked["hour.example"], 1)

    def test_whose(self):
        """Not the sender's domain only."""
        for way, client, domain, whose in (("policy", "no_ptr", "noptr.example", "HELO"),
                                           ("milter", "mismatch", "mismatch.example", "HELO, reverse name")):
            with self.subTest(way=way):
                want = SAID[way](550, "5.7.1", "the domain %s (%s) is new: registered 1 hour ago: %s"
                                 % (domain, whose, FIX), "Score 8: new domain +8", "Case ID")

                def told():
                    return CASE.sub("Case ID", str(self.ask(way, C[client], "a@old.example")))
                self.assertEqual(told(), OK)
                self.mxward.wait_log("event=registration ", "domain=" + domain)
                wait_for(lambda: told() != OK, 5, "the refusal")
                self.assertEqual(told(), want)

    def test_own_domain(self):
        self.assertEqual(self.told("policy", "second.example"), OK)
        self.assertEqual(self.told("policy", "behind.example"), OK)     # asked for after it
        self.mxward.wait_log("event=registration ", "domain=behind.example")
        self.assertEqual(self.registry.asked["second.example"], 0)
        line = self.mxward.wait_log("event=decision", "from=a@second.example")
        for finding in ("domain_new", "domain_first_seen"):
            self.assertNotIn(finding, line)

    def test_grades(self):
        for domain, want in (("days.example", 3), ("weeks.example", 1), ("old.example", None),
                             ("here.moved", 8)):
            with self.subTest(domain):
                self.assertEqual(self.told("policy", domain), OK)
                self.wait_known(domain)
                found = self.findings(domain)
                self.assertEqual(found.get("domain_new"), want, found)
        self.assertEqual(self.registry.asked["here.moved"], 2)

    def test_no_such_domain(self):
        self.assertEqual(self.told("policy", "gone.example"), OK)
        wait_for(lambda: self.mxward.log_lines("event=registration ", "domain=gone.example",
                                               "date=none"), 5, "the answer")
        self.assertNotIn("domain_new", self.findings("gone.example"))
        self.assertEqual(self.findings("gone.example")["domain_age_unknown"], 0)

    def test_let_alone_as_long_as_it_says(self):
        began = time.monotonic()
        self.assertEqual(self.told("policy", "late.limited"), OK)
        wait_for(lambda: self.registry.asked["late.limited"] == 3, 6, "the third question")
        self.assertGreater(time.monotonic() - began, 1.9)
        self.wait_known("late.limited")
        self.assertEqual(self.findings("late.limited")["domain_new"], 8)

    def test_trouble_makes_nobody_new(self):
        for kind in BAD:
            began = time.monotonic()
            self.assertEqual(self.told("policy", "x." + kind), OK)
            self.assertLess(time.monotonic() - began, 1)        # nobody waits
        for kind in BAD:
            with self.subTest(kind):
                self.mxward.wait_log("event=registry_failed ", "domain=x." + kind)
                found = self.findings("x." + kind)
                self.assertNotIn("domain_new", found)
                self.assertEqual(found["domain_age_unknown"], 0)
                self.assertEqual(self.told("milter", "x." + kind), OK)
        self.assertEqual(self.registry.asked["x.loop"], 4)
        self.assertEqual(self.registry.asked["x.slow"], 1)
        self.assertEqual(self.untrusted.asked["x.cert"], 0)

    def test_a_flood_of_forged_domains(self):
        before = sum(self.registry.asked.values())
        with RawPolicy(self.bed.policy_address) as policy:
            began = time.monotonic()
            for i in range(1000):
                self.assertEqual("DUNNO", policy.ask(
                    client_address="192.0.2.43", helo_name="mail.old.example", recipient=RCPT,
                    sender="a@n%d.garbage" % i, instance="f.%d.1" % i))
            seconds = time.monotonic() - began
        # Ten a second are allowed, and one at a time.
        self.assertLess(sum(self.registry.asked.values()) - before, 10 * seconds + 20)

    def test_its_process_dies(self):
        pids = set(self.mxward.pids())
        victim = self.registrar()
        os.kill(victim, signal.SIGKILL)
        self.assertEqual(self.told("policy", "old.example"), OK)
        self.mxward.wait_log("event=keeper_died", "process=registrar")
        wait_for(lambda: len(self.mxward.pids()) == len(pids) and self.registrar() != victim, 5,
                 "another one")
        self.registry.domains["after.example"] = 1
        # A worker finds the new one within a second or two.
        wait_for(lambda: self.told("policy", "after.example") != OK, 8, "the refusal", 0.3)

    def registrar(self):
        """The process of ours that serves no socket: the last child."""
        return max(self.mxward.pids())


class Tls(MxwardCase):
    """Registries that speak TLS, each with a certificate that is wrong in its own way, or right."""

    # suffix: its URL's host, whom the certificate is for, and what is said of it
    KINDS = {
        "good": ("rdap.good.test", "DNS:rdap.good.test", None),
        "byaddress": ("127.0.0.1", "IP:127.0.0.1", None),
        "expired": ("rdap.good.test", "DNS:rdap.good.test", "certificate has expired"),
        "misnamed": ("rdap.good.test", "DNS:rdap.other.test",
                     "no alternative certificate subject name matches target host name "
                     "'rdap.good.test'"),
        "stranger": ("rdap.good.test", "DNS:rdap.good.test", "unable to get local issuer certificate"),
    }

    @classmethod
    def make_sections(cls, b):
        cls.authority = Authority(b.place.path("authority"))
        stranger = Authority(b.place.path("stranger"), "Somebody else")
        cls.registries = {}
        for kind, (host, san, _) in cls.KINDS.items():
            certificate = (stranger if kind == "stranger" else cls.authority).certify(
                kind, san, kind == "expired")
            cls.registries[kind] = rdap.Registry(certificate, host)
            cls.registries[kind].domains["x." + kind] = 1
        folder = daemon_folder(b.place.path("store-" + cls.__name__))
        sections = SITE + """[policy]
checks = domain_age
[domain_age]
rdap = yes
points_1 = 8
[dns]
zone = %s
[store]
file = %s
[log]
level = debug
[rdap]
""" % (b.place.write("zone-tls", "rdap.good.test. 300 IN A 127.0.0.1\n"),
            os.path.join(folder, "store.db")) + "".join(
            "%s = %s\n" % (k, r.url) for k, r in cls.registries.items())
        return sections + "ca_file = %s\n" % cls.authority.file

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        for registry in cls.registries.values():
            registry.close()

    def reply(self, kind, way="policy"):
        return CASE.sub("Case ID", str(self.ask(way, C["senders"], "a@x." + kind)))

    def test_trusted(self):
        for kind, way in (("good", "policy"), ("byaddress", "milter")):
            with self.subTest(kind):
                self.assertEqual(self.reply(kind, way), OK)
                self.mxward.wait_log("event=registration ", "domain=x." + kind)
                want = SAID[way](550, "5.7.1", "the domain x.%s (sender) is new: registered 1 hour ago: "
                                 "%s" % (kind, FIX), "Score 8: new domain +8", "Case ID")
                wait_for(lambda: self.reply(kind, way) == want, 5, "the refusal")
                self.assertEqual(self.registries[kind].asked["x." + kind], 1)

    def test_not_trusted(self):
        bad = {kind: said for kind, (_, _, said) in self.KINDS.items() if said}
        for kind, said in bad.items():
            with self.subTest(kind):
                began = time.monotonic()
                self.assertEqual(self.reply(kind), OK)
                self.assertLess(time.monotonic() - began, 1)
                line = self.mxward.wait_log("event=registry_failed ", "domain=x." + kind)
                self.assertIn("level=warn", line)
                self.assertIn("url=%sdomain/x.%s " % (self.registries[kind].url, kind), line)
                self.assertRegex(line, r' text="SSL[^"]*: ?[^"]*%s' % said)
                self.assertEqual(self.reply(kind, "milter"), OK)
                decided = self.mxward.wait_log("event=decision", "from=a@x." + kind, "way=milter")
                self.assertIn(" verdict=accept score=0 findings=domain_first_seen,domain_age_unknown ", decided)
                self.assertEqual(self.registries[kind].asked["x." + kind], 0)


class FirstSeen(MxwardCase):
    """What the store alone knows."""

    score = ""

    @classmethod
    def make_sections(cls, b):
        folder = daemon_folder(b.place.path("store-" + cls.__name__))
        return SITE + "[policy]\nchecks = rdns spf history domain_age\n[store]\nfile = %s\n%s" % (
            os.path.join(folder, "store.db"), cls.score)

    def setUp(self):
        super().setUp()
        wait_for(lambda: self.mxward.status()["store"]["usable"], 10, "the store")
        time.sleep(1.2)     # each process looks for it once a second, at least

    def said_of(self, sender):
        return self.mxward.wait_log("event=decision", "from=" + sender + " ")

    def test_seen_once(self):
        """One message is enough, where it is certain whose it was; one that is given up is not."""
        self.assertTrue(self.is_first(1))
        time.sleep(1.5)
        self.assertTrue(self.is_new())
        self.assertTrue(self.is_first(2, "Subject: hello\n\nwell?"))
        wait_for(lambda: not self.is_new(), 5, "the domain to be known")
        # A worker keeps for a while what the store has said: another one asks anew.
        self.assertEqual(self.mxward.stop(), 0)
        self.mxward.start()
        self.setUp()
        self.assertFalse(self.is_first(3))

    def is_new(self):
        """Is it first seen, by what the store has?"""
        _, out, err = run_check(self.mxward.binary, "--ip", "192.0.2.10", "--helo", "mail.good.example",
                                "--from", "a@good.example", "--json", "-c", self.mxward.conf)
        self.assertEqual(err, "")
        return "domain_first_seen" in [f["id"] for f in json.loads(out)["findings"]]

    def is_first(self, n, message=None):
        smtp, sender = self.connect("milter", C["good"]), "m%d@good.example" % n
        self.assertEqual(smtp.mail(sender).code, 250)
        self.assertEqual(smtp.rcpt(RCPT).code, 250)
        if message:
            self.assertEqual(smtp.data(message).code, 250)
        smtp.quit()
        return "domain_first_seen" in self.said_of(sender)

    def test_own_domain(self):
        self.assertEqual(str(self.ask("policy", C["senders"], "me@second.example")), OK)
        self.assertNotIn("domain_", self.said_of("me@second.example"))


class FirstSeenCounts(FirstSeen):
    score = "[actions]\ndomain_first_seen = score 8\n"
    test_seen_once = None

    def test_reply(self):
        for way in ("policy", "milter"):
            reply = CASE.sub("Case ID", str(self.ask(way, C["senders"], "a@never-%s.test" % way)))
            self.assertEqual(reply, SAID[way](
                550, "5.7.1", "no mail that was certainly of the sender's domain never-%s.test came here "
                "before: nothing is wrong with that: it becomes known by what it sends" % way,
                "Score 8: domain never seen here before +8", "Case ID"))


class Off(MxwardCase):
    """Without the setting there is no such process, and nobody is asked."""

    sections = SITE + "[policy]\nchecks = domain_age\n"

    def test_nothing(self):
        self.assertEqual(len(self.mxward.pids()), 2)        # the parent and a worker
        self.assertEqual(str(self.ask("policy", C["senders"], "a@hour.example")), OK)


class List(MxwardCase):
    """Hours in the answers of a DNS list, and days as they are declared."""

    @classmethod
    def make_sections(cls, b):
        zone = b.place.write("ages.zone", """hours.test.ages.example. A 127.0.2.5
week.test.ages.example. A 127.2.0.2
wrong.test.ages.example. A 127.0.2.255
error.test.ages.example. A 127.255.255.254
""")
        return SITE + """[dns]
zone = %s
[policy]
checks = domain_age
[domain_age]
points_1 = 8
[dnsbl ages.example]
kind = domain
age = hours 127.0.2.2-127.0.2.24, 7d 127.2.0.2
test_every = 0
""" % zone

    def test_hours(self):
        for way in ("policy", "milter"):
            reply = CASE.sub("Case ID", str(self.ask(way, C["senders"], way + "@hours.test")))
            self.assertEqual(reply, SAID[way](
                550, "5.7.1", "the domain hours.test (sender) is new: 5 hours old at most, says the "
                "list ages.example: " + FIX, "Score 8: new domain +8", "Case ID"))

    def test_others(self):
        for domain, found in (("week", "domain_new:+1"), ("wrong", "domain_age_unknown"),
                              ("error", "domain_age_unknown"), ("fine", "domain_age_unknown")):
            with self.subTest(domain):
                self.assertEqual(str(self.ask("policy", C["senders"], "a@%s.test" % domain)), OK)
                line = self.mxward.wait_log("event=decision", "from=a@%s.test" % domain)
                self.assertIn("findings=" + found, line)
