"""Callouts as mail brings them about, through a real Postfix: about whom a server is asked, and about
whom not; which one; what is said of each outcome, word for word; how long it is known.
"""
import json
import re

from bed.callee import Callee
from bed.daemon import Mxward, run_command
from bed.place import wait_for
from case import MxwardCase
from test_callout import ZONE, Asked
from test_redis import Redis
from test_verdicts import CASE, OK, SITE, milter_reply, policy_reply
from world import C

SAID = {"policy": policy_reply, "milter": milter_reply}
FIX = ("send with an address that can be answered, or have the administrator of callee.example let its mail "
       "server accept MAIL FROM:<> and that recipient")
SERVER = "mx.callee.example [127.0.0.9]"
HOUR = 3600


class Numbered(Asked):
    number = 0
    zone = ZONE + "".join("%s.callee.example. 300 IN MX 10 mx.callee.example.\n" % name
                          for name in ("all", "null", "policy", "milter", "all0", "all1", "null0", "null1"))

    def fresh(self, domain="callee.example"):
        Numbered.number += 1
        return "m%d@%s" % (Numbered.number, domain)

    def kept(self):
        """What the store knows by callouts, of an address or of a domain."""
        status, out, err = run_command(self.mxward.binary, "callout", "cache", "list", "--json", "-c",
                                       self.mxward.conf)
        self.assertEqual((status, err), (0, ""))
        return {r.get("address") or r["domain"]: r for r in map(json.loads, out.splitlines())}

    def told(self, way, sender, client="no_ptr"):
        return CASE.sub("Case ID", str(self.ask(way, C[client], sender=sender)))


class Band(Numbered):
    """As it is when it is turned on and nothing else is said: from = 3, the profile refuses at 8."""

    @classmethod
    def make_sections(cls, b):
        text = super().make_sections(b).replace("from = 0\n", "").replace("callout_refused = reject\n", "")
        return text.replace("rdns spf callout", "rdns helo spf callout") + "[exempt]\n192.0.2.21 = callout\n"

    def test_where_it_may_matter(self):
        for client, points, asked in (("good", -2, False), ("no_ptr", 4, True), ("no_ptr_bare", 7, True),
                                      ("no_ptr_localhost", 8, False)):
            for way in ("policy", "milter"):
                with self.subTest(client=client, way=way):
                    before, sender = len(self.callee.sessions), self.fresh()
                    reply = self.told(way, sender, client)
                    self.assertEqual(len(self.callee.sessions) - before, asked)
                    score = points + 5 * asked
                    self.assertIn(" score=%d " % score,
                                  self.mxward.wait_log("event=decision", "from=%s " % sender))
                    self.assertEqual(reply == OK, score < 8, reply)

    def test_what_it_adds_up_to(self):
        for way in ("policy", "milter"):
            with self.subTest(way):
                sender = self.fresh()
                # Postfix turns a sender's 5.1.7 into 5.1.3 where it answers RCPT.
                code = "5.1.3" if way == "policy" else "5.1.7"
                self.assertEqual(self.told(way, sender), SAID[way](
                    550, code, "mail for the sender <%s> is refused by the mail server of its own domain, "
                    "%s: 550 5.1.1 <%s>: who is that?: %s" % (sender, SERVER, sender, FIX),
                    "Score 9: no reverse name +4, sender's mail server refuses mail for him +5", "Case ID"))

    def test_who_is_spared(self):
        self.assertEqual(self.told("policy", self.fresh(), "mismatch"), OK)     # exempt
        for way in ("policy", "milter"):
            self.assertEqual(str(self.ask(way, C["no_ptr"], self.fresh(), LOGIN="ann")), OK)
        self.assertEqual(self.callee.sessions, [])


class Provider(Numbered):
    """Whom a large provider sends for, by SPF, that provider knows; about its other mail it is asked."""

    zone = ZONE + """11.2.0.192.in-addr.arpa. 300 IN PTR mail-a.google.com.
mail-a.google.com. 300 IN A 192.0.2.11
customer.example. 300 IN TXT "v=spf1 ip4:192.0.2.11 -all"
customer.example. 300 IN MX 10 mx.callee.example.
"""

    @classmethod
    def make_sections(cls, b):
        return super().make_sections(b).replace("from = 0", "from = -9")

    def test_customer(self):
        for sender, asked in (("joe@customer.example", 0), ("ann@callee.example", 1)):
            with self.subTest(sender):
                self.callee.sessions.clear()
                self.assertEqual(self.told("policy", sender, "good2"), OK)
                self.assertEqual(len(self.callee.sessions), asked)


class Outcomes(Numbered):
    """Each finding is made to refuse, as far as it can be."""

    @classmethod
    def make_sections(cls, b):
        return super().make_sections(b).replace("callout_unverifiable = tag\n", "").replace(
            "rdns spf callout", "callout") + "[actions]\ncallout_null_refused = reject\n" \
            "callout_unverifiable = defer\n"

    def test_refused(self):
        for way, code in (("policy", "5.1.3"), ("milter", "5.1.7")):
            sender = self.fresh()
            self.assertEqual(self.told(way, sender), SAID[way](
                550, code, "mail for the sender <%s> is refused by the mail server of its own domain, %s: "
                "550 5.1.1 <%s>: who is that?: %s" % (sender, SERVER, sender, FIX), "Case ID"))

    def test_null_refused(self):
        self.callee.mode = "550 at MAIL"
        for way, code in (("policy", "5.1.3"), ("milter", "5.1.7")):
            self.assertEqual(self.told(way, "a@%s.callee.example" % way), SAID[way](
                550, code, "the mail server of the sender's domain, %s, refuses bounces (MAIL FROM:<>): 550 "
                "not now: the administrator of %s.callee.example should let its mail server accept MAIL "
                "FROM:<>, or nobody can tell its users that their mail was not delivered" % (SERVER, way),
                "Case ID"))
        # Of all senders of the domain.
        wait_for(lambda: "policy.callee.example" in self.kept(), 5, "it in the store")
        n = len(self.callee.sessions)
        self.assertIn("refuses bounces", self.told("policy", "b@policy.callee.example"))
        self.assertEqual(len(self.callee.sessions), n)

    def test_unverifiable(self):
        self.callee.mode = "greylist"
        for way, code in (("policy", "4.1.3"), ("milter", "4.1.7")):
            sender = self.fresh()
            self.assertEqual(self.told(way, sender), SAID[way](
                451, code, "the mail server of the sender's domain does not tell whether it takes mail for "
                "<%s>: refused for now only (mx.callee.example, at RCPT TO): please try again later"
                % sender, "Case ID"))

    def test_good(self):
        for way, sender, finding in (("policy", "a@all.callee.example", "callout_accept_all"),
                                     ("milter", "b@all.callee.example", "callout_accept_all"),
                                     ("policy", "ann@callee.example", "callout_ok"),
                                     ("milter", "ann@callee.example", "callout_ok")):
            self.callee.mode = "all" if finding == "callout_accept_all" else "polite"
            with self.subTest(way=way, finding=finding):
                self.assertEqual(self.told(way, sender), OK)
                self.assertIn(" score=0 findings=%s " % finding, self.mxward.wait_log(
                    "event=decision", "way=" + way, "from=%s " % sender))
        # What was learnt is known at once, before it can be read in the store.
        self.assertEqual(len(self.callee.sessions), 2)

    def test_ended_anywhere(self):
        """421 wherever a server can say it; what was learnt before counts."""
        for verb, status in (("greeting", "unverifiable"), ("EHLO", "unverifiable"),
                             ("STARTTLS", "unverifiable"), ("MAIL", "unverifiable"),
                             ("RCPT", "unverifiable"), ("RSET", "refused"), ("QUIT", "refused")):
            for what in ("421", "silent", "reset"):
                with self.subTest(verb=verb, what=what):
                    self.callee.mode = what + " at " + verb
                    line = self.outcome(self.fresh())
                    self.assertIn("status=%s " % status, line)
                    if status == "unverifiable":
                        self.assertIn({"421": "the server ends the session", "silent": "time is up",
                                       "reset": "reset"}[what], line)

    def test_not_about_the_sender(self):
        for mode, why in (("550 5.7.1 at RCPT", "refused by a policy"),
                          ("554 you are blocked at RCPT", "refused by a policy"),
                          ("452 at RCPT", "refused for now only"), ("450 at MAIL", "refused for now only")):
            with self.subTest(mode):
                self.callee.mode = mode
                line = self.outcome(self.fresh())
                self.assertIn("status=unverifiable ", line)
                self.assertIn(why, line)


class Order(Numbered):
    """Which of a domain's mail servers is asked."""

    zone = """probe.example.org. 300 IN A 127.0.0.7
7.0.0.127.in-addr.arpa. 300 IN PTR probe.example.org.
mx.callee.example. 300 IN A 127.0.0.9
mx1.callee.example. 300 IN A 127.0.1.1
mx2.callee.example. 300 IN A 127.0.1.2
dead.callee.example. 300 IN A 127.0.0.10
inside.callee.example. 300 IN A 10.1.2.3
callee.example. 300 IN MX 30 mx2.callee.example.
callee.example. 300 IN MX 10 mx1.callee.example.
callee.example. 300 IN MX 20 mx.callee.example.
later.example. 300 IN MX 10 dead.callee.example.
later.example. 300 IN MX 20 mx2.callee.example.
half.example. 300 IN MX 10 inside.callee.example.
half.example. 300 IN MX 20 mx1.callee.example.
none.example. 300 IN A 127.0.1.2
"""
    servers = 2

    def test_order(self):
        for domain, host in (("callee.example", "127.0.1.1"),       # the one that is preferred
                             ("later.example", "127.0.1.2"),        # where nobody listens at that
                             ("half.example", "127.0.1.1"),         # where that is no address to go to
                             ("none.example", "127.0.1.2")):        # no MX at all
            with self.subTest(domain):
                self.callee.begun.clear()
                line = self.outcome(self.fresh(domain))
                self.assertIn("server=%s status=refused" % host, line)
                self.assertEqual([x for x, _ in self.callee.begun], [host])

    def test_no_other_is_asked_for_its_answer(self):
        """Whoever has spoken has answered, however little that was."""
        self.callee.mode = "421 at greeting"
        self.callee.begun.clear()
        self.assertIn("status=unverifiable", self.outcome(self.fresh()))
        self.assertEqual([x for x, _ in self.callee.begun], ["127.0.1.1"])

    def test_helo(self):
        self.callee.mode = "502 at EHLO"
        self.assertIn("status=refused", self.outcome(self.fresh()))
        self.assertEqual([x.split(" ")[0] for x in self.callee.sessions[0]],
                         ["EHLO", "HELO", "MAIL", "RCPT", "RCPT", "RSET", "QUIT"])


class Times(Numbered):
    """How long what is learnt is known."""

    def test_times(self):
        want = {"ann@callee.example": ("ok", 24 * HOUR), "no@callee.example": ("refused", 2 * HOUR),
                "all.callee.example": ("accept_all", 7 * 24 * HOUR),
                "null.callee.example": ("null_refused", 3 * HOUR),
                "later@callee.example": ("unverifiable", HOUR // 2)}
        for mode, sender in (("polite", "ann@callee.example"), ("polite", "no@callee.example"),
                             ("all", "a@all.callee.example"), ("550 at MAIL", "b@null.callee.example"),
                             ("greylist", "later@callee.example")):
            self.callee.mode = mode
            self.outcome(sender)
        wait_for(lambda: set(self.kept()) == set(want), 5, "what was learnt in the store")
        for who, row in self.kept().items():
            status, seconds = want[who]
            self.assertEqual(row["status"], status)
            self.assertLessEqual(row["left"], seconds)
            self.assertGreater(row["left"], seconds - 60)


class TwoHosts(Numbered):
    """They share a store: what one has learnt the other does not ask.  The second is a milter."""

    @classmethod
    def make_sections(cls, b):
        cls.redis = Redis(b.place)
        cls.sections = re.sub("file = .*", "redis = inet:127.0.0.1:%d" % cls.redis.port,
                              super().make_sections(b))
        return cls.sections

    @classmethod
    def make_milter(cls, b):
        return None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        b = cls.bed
        cls.other = Mxward(b.place, cls.mxward.binary, cls.make_resolver(b), milter=b.milter_address,
                           sections=cls.sections).start()
        cls.other.wait_log("callouts_on", "IPv4", seconds=10)

    @classmethod
    def tearDownClass(cls):
        cls.other.stop()
        super().tearDownClass()
        cls.redis.process.stop()

    def test_shared(self):
        for i, ways in enumerate((("policy", "milter"), ("milter", "policy"))):
            for mode, sender, elsewhere, who in (
                    ("polite", "joe%d@callee.example", "joe%d@callee.example", "joe%d@callee.example"),
                    ("550 at MAIL", "a@null%d.callee.example", "b@null%d.callee.example",
                     "null%d.callee.example"),
                    ("all", "a@all%d.callee.example", "b@all%d.callee.example", "all%d.callee.example")):
                with self.subTest(mode=mode, first=ways[0]):
                    self.callee.mode = mode
                    self.callee.sessions.clear()
                    first = self.told(ways[0], sender % i)
                    self.assertEqual(len(self.callee.sessions), 1)
                    wait_for(lambda: who % i in self.kept(), 5, "it in the store")
                    second = self.told(ways[1], elsewhere % i)
                    self.assertEqual(len(self.callee.sessions), 1)
                    self.assertEqual(first[:3], "550" if mode == "polite" else "250")
                    self.assertEqual(second[:3], first[:3])


class NotAsked(MxwardCase):
    """Unless it is turned on there is no process for it, and nobody is asked."""

    @classmethod
    def make_sections(cls, b):
        cls.port = b.place.port()
        zone = b.place.write("zone-not-asked", "callee.example. 300 IN MX 10 mx.callee.example.\n"
                             "mx.callee.example. 300 IN A 127.0.0.9\n")
        return SITE + ("[policy]\nchecks = rdns helo spf callout\n[dns]\nzone = %s\n[callout]\nport = %d\nfrom = -9\n"
                       "unreachable =\naddress4 = 127.0.0.7\n" % (zone, cls.port))

    def test_not_asked(self):
        callee = Callee(("127.0.0.9", self.port))
        self.addCleanup(callee.stop)
        self.assertEqual(len(self.mxward.pids()), 2)        # the parent and a worker
        for way in ("policy", "milter"):
            self.assertEqual(str(self.ask(way, C["no_ptr"], "joe@callee.example")), OK)
        self.assertEqual(callee.begun, [])
