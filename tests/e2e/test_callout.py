"""Senders verified by callout: who is asked, what is made of the answers, that hostile servers cost
nothing but time, and that no flood of forged senders makes us ask more than is allowed.
"""
import json
import os
import threading
import time

from bed.callee import Callee
from bed.daemon import daemon_folder, run_command
from bed.place import wait_for
from bed.raw import RawPolicy
from case import MxwardCase
from test_verdicts import OK, SITE
from world import C

ZONE = """probe.example.org. 300 IN A 127.0.0.7
7.0.0.127.in-addr.arpa. 300 IN PTR probe.example.org.
callee.example. 300 IN MX 10 mx.callee.example.
mx.callee.example. 300 IN A 127.0.0.9
private.example. 300 IN MX 10 mx.private.example.
mx.private.example. 300 IN A 10.1.2.3
loop.example. 300 IN MX 10 probe.example.org.
nomail.example. 300 IN MX 0 .
noptr.callee.example. 300 IN MX 10 mx.callee.example.
"""
SERVERS = 200
FLOOD = "".join("f%d.example. 300 IN MX 10 m%d.f.example.\n" % (i, i % SERVERS) for i in range(3000))
FLOOD += "".join("m%d.f.example. 300 IN A 127.0.1.%d\n" % (i, i + 1) for i in range(SERVERS))
FLOOD += "".join("one%d.callee.example. 300 IN MX 10 mx.callee.example.\n" % i for i in range(1000))

SECTIONS = SITE + """[policy]
checks = rdns spf callout
[dns]
zone = %(zone)s
[callout]
enabled = yes
from = 0
helo = probe.example.org
address4 = 127.0.0.7
port = %(port)d
unreachable = 10.0.0.0/8
timeout = 1s
%(more)s
[actions]
callout_refused = reject
callout_unverifiable = tag
[store]
file = %(store)s
[log]
level = info
"""


class Asked(MxwardCase):
    more, zone, servers = "per_server = 100\nper_minute = 1000", ZONE, 0

    @classmethod
    def make_sections(cls, b):
        cls.port = b.place.port()
        cls.folder = daemon_folder(b.place.path("callout-" + cls.__name__))
        return SECTIONS % {"zone": b.place.write("zone-" + cls.__name__, cls.zone),
                           "port": cls.port, "more": cls.more,
                           "store": os.path.join(cls.folder, "store.db")}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.callee = Callee(("127.0.0.9", cls.port), *[
            ("127.0.1.%d" % (i + 1), cls.port) for i in range(cls.servers)], known={"ann@callee.example"})
        cls.callee.use_certificate(cls.folder)
        cls.mxward.wait_log("callouts_on", "IPv4", seconds=10)

    @classmethod
    def tearDownClass(cls):
        cls.callee.stop()
        super().tearDownClass()

    def setUp(self):
        super().setUp()
        self.callee.mode = "polite"
        self.callee.sessions.clear()

    def outcome(self, sender):
        """The log line of the callout that this sender brings about."""
        self.ask("policy", C["no_ptr"], sender=sender)
        return self.mxward.wait_log("callout ", "address=%s " % sender)


class Answers(Asked):
    number = 0

    def fresh(self):
        Answers.number += 1
        return "n%d@callee.example" % Answers.number

    def test_known_sender(self):
        self.assertIn("status=ok", self.outcome("ann@callee.example"))
        verbs = [x.split(" ")[0] for x in self.callee.sessions[0]]
        self.assertEqual(verbs, ["EHLO", "STARTTLS", "EHLO", "MAIL", "RCPT", "RCPT", "RSET", "QUIT"])
        self.assertEqual(self.callee.sessions[0][3], "MAIL FROM:<>")
        self.assertNotIn("ann@", self.callee.sessions[0][4])
        self.assertEqual(self.callee.sessions[0][5], "RCPT TO:<ann@callee.example>")
        # Known from now on.
        self.ask("policy", C["no_ptr"], sender="ann@callee.example")
        self.assertEqual(len(self.callee.sessions), 1)

    def test_refused(self):
        sender = self.fresh()
        reply = self.ask("policy", C["no_ptr"], sender=sender)
        self.assertEqual(reply.code, 550, reply)
        # Postfix turns the sender's 5.1.7 into 5.1.3 where it answers RCPT.
        self.assertIn(
            "5.1.3 <user@example.org>: Recipient address rejected: mail for the sender <%s> is refused "
            "by the mail server of its own domain, mx.callee.example [127.0.0.9]: 550 5.1.1 <%s>: who "
            "is that?" % (sender, sender), str(reply))
        case = str(reply).rpartition("Case ")[2].strip()
        time.sleep(1.5)
        status, out, err = run_command(self.mxward.binary, "case", "-c", self.mxward.conf, case)
        self.assertEqual((status, err), (0, ""))
        self.assertIn("S: 550 5.1.1 <%s>: who is that?" % sender, out)

    def test_what_accuses_nobody(self):
        for mode, status, why in (
                ("all", "accept_all", ""),
                ("greylist", "unverifiable", "refused for now only"),
                ("421 at RCPT", "unverifiable", "the server ends the session"),
                ("421 at greeting", "unverifiable", "the server ends the session"),
                ("554 at greeting", "unverifiable", "refused by a policy"),
                ("injection", "unverifiable", "spoke before it was asked"),
                ("broken TLS", "unverifiable", "no TLS after all"),
                ("reset at MAIL", "unverifiable", "connection reset"),
                ("reset at greeting", "unverifiable", ""),
                ("endless banner", "unverifiable", "a line that does not end"),
                ("endless reply", "unverifiable", "no SMTP reply"),
        ):
            with self.subTest(mode):
                self.callee.mode = mode
                sender = self.fresh()
                if mode == "all":
                    sender = "x@noptr.callee.example"
                line = self.outcome(sender)
                self.assertIn("status=%s " % status, line)
                self.assertIn(why, line)

    def test_silence_after_each_command(self):
        for verb in ("greeting", "EHLO", "STARTTLS", "MAIL", "RCPT"):
            with self.subTest(verb):
                self.callee.mode = "silent at " + verb
                begun = time.monotonic()
                self.assertIn("time is up", self.outcome(self.fresh()))
                self.assertLess(time.monotonic() - begun, 3)

    def test_tarpit(self):
        self.callee.mode = "tarpit"
        begun = time.monotonic()
        self.assertIn("time is up", self.outcome(self.fresh()))
        self.assertLess(time.monotonic() - begun, 3)

    def test_expired_certificate(self):
        self.callee.use_certificate(self.folder, expired=True)
        self.assertIn("status=refused", self.outcome(self.fresh()))
        self.callee.use_certificate(self.folder)

    def test_who_is_never_connected_to(self):
        for sender, why in (("a@private.example", "is not on the Internet"),
                            ("a@loop.example", "is this site itself"),
                            ("a@nomail.example", "takes no mail"),
                            ("a@gone.example", "DNS does not tell")):
            with self.subTest(sender):
                self.assertIn(why, self.outcome(sender))
        self.assertEqual(self.callee.sessions, [])

    def test_nobody_is_asked_about(self):
        for client, sender in (("no_ptr", ""), ("no_ptr", "a@example.org"),
                               ("no_ptr", "a@sub.outlook.com"), ("no_ptr", "a@[127.0.0.9]")):
            self.ask("policy", C[client], sender=sender)
        self.ask("policy", C["no_ptr"], sender=self.fresh(), rcpt="postmaster@example.org")
        self.assertEqual(self.callee.sessions, [])

    def test_by_hand(self):
        status, out, err = run_command(self.mxward.binary, "callout", "-c", self.mxward.conf, "--json",
                                       "bob@callee.example")
        self.assertEqual((status, err), (1, ""))
        got = json.loads(out)
        self.assertEqual((got["status"], got["code"], got["mx"], got["ip"]),
                         ("refused", 550, "mx.callee.example", "127.0.0.9"))
        self.assertEqual(got["said"], "550 5.1.1 <bob@callee.example>: who is that?")
        self.assertEqual(got["transcript"][-1], "S: 221 bye")


class Kept(Asked):
    """What was learnt outlives a restart."""

    def test_restart(self):
        self.assertIn("status=refused", self.outcome("bob@callee.example"))
        time.sleep(1)
        self.assertEqual(self.mxward.stop(), 0)
        self.mxward.start()
        self.mxward.wait_log("callouts_on", "IPv4", seconds=10)
        wait_for(lambda: self.mxward.status()["store"]["usable"], 10, "the store")
        time.sleep(1.2)     # each process looks for it once a second, at least
        self.callee.sessions.clear()
        reply = self.ask("policy", C["no_ptr"], sender="bob@callee.example")
        self.assertEqual(reply.code, 550, reply)
        self.assertIn("who is that?", str(reply))
        self.assertEqual(self.callee.sessions, [])
        self.assertIn("bob@callee.example  refused, ", self.cache("list"))
        self.assertEqual(json.loads(self.cache("list", "--json"))["status"], "refused")
        self.cache("drop", "bob@callee.example")
        self.assertEqual(self.cache("list"), "Nothing is known from callouts.\n")
        status, _, err = run_command(self.mxward.binary, "callout", "cache", "drop", "nobody@x.example",
                                     "-c", self.mxward.conf)
        self.assertEqual((status, err), (66, "mxward: nothing is known of nobody@x.example\n"))

    def cache(self, *words):
        status, out, err = run_command(self.mxward.binary, "callout", "cache", *words, "-c",
                                       self.mxward.conf)
        self.assertEqual((status, err), (0, ""))
        return out


class Capped(Asked):
    """A flood of forged senders, each of another domain; it is counted what comes at their servers."""
    more, zone, servers = "", ZONE + FLOOD, SERVERS

    def flood(self, senders):
        client = C["no_ptr"]
        with RawPolicy(self.bed.policy_address) as policy:
            for sender in senders:
                answer = policy.ask(client_address=client.addr, helo_name=client.helo, sender=sender,
                                    recipient="user@example.org")
                self.answers.append(answer)

    def test_flood(self):
        self.answers, self.callee.delay = [], 0.1
        # Four at a time: one of them has all its domains at one server.
        threads = [threading.Thread(target=self.flood, args=(senders,)) for senders in (
            ["forged@f%d.example" % i for i in range(0, 1000)],
            ["forged@f%d.example" % i for i in range(1000, 2000)],
            ["forged@f%d.example" % i for i in range(2000, 3000)],
            ["forged@one%d.callee.example" % i for i in range(1000)])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # Who cannot be asked is not refused for that.
        self.assertEqual(len(self.answers), 4000)
        refused = [a for a in self.answers if not a.startswith(("DUNNO", "PREPEND"))]
        begun = len(self.callee.begun)
        of_server, of_all = self.callee.busiest(59)     # what is begun may come a little later
        self.assertLessEqual(len(refused), begun)
        self.assertEqual(self.callee.most, 1)
        self.assertLessEqual(of_server, 6)
        self.assertEqual(of_all, 60)
        self.assertEqual(len(self.mxward.log_lines("event=callout ", "server=127.")), begun)


class Off(MxwardCase):
    """Our own name does not pass our own checks: nobody is asked, and it is said why."""

    @classmethod
    def make_sections(cls, b):
        zone = b.place.write("zone-off", "mx.callee.example. 300 IN A 127.0.0.9\n"
                             "callee.example. 300 IN MX 10 mx.callee.example.\n")
        return SITE + ("[dns]\nzone = %s\n[callout]\nenabled = yes\nfrom = 0\naddress4 = 127.0.0.7\n"
                       "unreachable =\nport = %d\n" % (zone, b.place.port()))

    def test_off(self):
        line = self.mxward.wait_log("callouts_off", "IPv4", seconds=10)
        self.assertIn("127.0.0.7", line)
        self.assertEqual(str(self.ask("policy", C["good"], sender="ann@callee.example")), OK)
        self.assertEqual(self.mxward.log_lines("callout "), [])
