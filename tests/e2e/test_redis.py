"""Two MX hosts that share a store in Redis, through a real Postfix: what one learns the other knows,
and a Redis that is stopped, killed or emptied costs no mail.

One host is asked over the policy protocol, the other as a milter.
"""
import json
import re
import signal
import socket
import time

from bed.daemon import Mxward, find_binary, run_command
from bed.dns import find_program
from bed.place import can_connect, wait_for
from case import Case, build_folder
from test_verdicts import OK, SITE
from world import C

AT_ONCE = 1.0       # seconds until a host knows what another was told
NO_LONGER = 1.0     # seconds for a reply while Redis does not answer, Postfix and DNS included
CASE_ID = re.compile(r"Case ([0-9A-Z-]{14})")

SECTIONS = SITE + """[policy]
profile = strict
checks = rdns generic_rdns helo spf sender
[store]
redis = inet:127.0.0.1:%d
"""


class Redis:
    """A server of our own on loopback, without persistence."""

    def __init__(self, place):
        self.place, self.port = place, place.port()
        self.program = find_program("redis-server")
        self.start()

    def start(self):
        self.process = self.place.start("redis", [
            self.program, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "",
            "--appendonly", "no", "--dir", self.place.mkdir("redis")])
        self.process.wait_ready(lambda: can_connect(("127.0.0.1", self.port)))

    def kill(self):
        self.process.signal_all(signal.SIGKILL)
        self.process.popen.wait()

    def say(self, line):
        with socket.create_connection(("127.0.0.1", self.port), 5) as s:
            s.sendall(line.encode() + b"\r\n")
            return s.recv(65536)


class TwoHosts(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        b = cls.bed
        cls.redis = Redis(b.place)
        binary, sections = find_binary(build_folder()), SECTIONS % cls.redis.port
        # The invariants are those of the first; the second has the same.
        cls.mxward = Mxward(b.place, binary, b.unbound.port, policy=b.policy_address,
                            sections=sections).start()
        cls.other = Mxward(b.place, binary, b.unbound.port, milter=b.milter_address,
                           sections=sections).start()
        cls.hosts = {"policy": cls.mxward, "milter": cls.other}

    @classmethod
    def tearDownClass(cls):
        stopped = [host.stop(30) for host in cls.hosts.values() if host.process.alive()]
        cls.redis.process.stop()
        if stopped != [0, 0]:
            raise AssertionError("mxward stopped with %s:\n%s" % (
                stopped, cls.mxward.log()[-2000:] + cls.other.log()[-2000:]))

    def excesses(self):
        return super().excesses() + [
            "process %d: %d KiB" % row[:2] for row in self.other.usage() if row[2] > 512]

    def command(self, way, *args, status=0):
        host = self.hosts[way]
        done = run_command(host.binary, *args, "-c", host.conf)
        self.assertEqual(done[0], status, done)
        return done[1]

    def told(self, way, client="no_ptr"):
        began = time.monotonic()
        reply = self.ask(way, C[client])
        self.took = time.monotonic() - began
        return str(reply) if reply.code == 250 else reply.code

    def becomes(self, want, way, client="no_ptr", seconds=None):
        began = time.monotonic()
        wait_for(lambda: self.told(way, client) == want, 15, "the answer %r, %s" % (want, way))
        limit = seconds or AT_ONCE * (4 if self.mxward.sanitized() else 1)
        self.assertLess(time.monotonic() - began, limit)

    def forget(self, what):
        run_command(self.mxward.binary, "exempt", "remove", "-c", self.mxward.conf, what)
        for way in self.hosts:
            self.becomes(550, way, seconds=15)

    def add(self, way, what):
        self.command(way, "exempt", "add", what, "--reason", "ticket 4711")
        self.addCleanup(self.forget, what)

    def wait_usable(self):
        """Both have found Redis again."""
        for way, host in self.hosts.items():
            wait_for(lambda h=host: h.status()["store"]["usable"], 15, "the store, " + way)

    # what is shared ---------------------------------------------------------------------------

    def test_exemption(self):
        for way in self.hosts:
            self.assertEqual(self.told(way), 550)
        self.add("policy", "192.0.2.20")
        self.becomes(OK, "milter")
        self.becomes(OK, "policy")
        self.command("milter", "exempt", "remove", "192.0.2.20")
        self.becomes(550, "policy")
        self.becomes(550, "milter")

    def test_mailbox_switch(self):
        self.command("policy", "mailbox", "set", "user@example.org", "skip=rdns,helo")
        self.addCleanup(self.forget, "192.0.2.20")      # only waits
        self.addCleanup(run_command, self.mxward.binary, "mailbox", "unset", "-c",
                        self.mxward.conf, "user@example.org")
        self.becomes(OK, "milter")
        self.becomes(OK, "policy")

    def test_cases_are_shared(self):
        """Refused by one host, explained and found on the other."""
        for way, elsewhere in (("policy", "milter"), ("milter", "policy")):
            reply = self.ask(way, C["no_ptr"])
            [case] = CASE_ID.findall(str(reply))
            wait_for(lambda: run_command(self.hosts[elsewhere].binary, "case", case, "-c",
                                         self.hosts[elsewhere].conf)[0] == 0, 5, "case " + case)
            self.assertIn("192.0.2.20", self.command(elsewhere, "case", case))
            found = self.command(elsewhere, "cases", "--client", "192.0.2.0/24", "--json")
            self.assertIn(case, found)

    def test_histories_add_up(self):
        conf = self.bed.place.write("history.conf", "[dns]\nresolver = 127.0.0.1@%d\n" %
                                    self.bed.unbound.port +
                                    (SECTIONS % self.redis.port).replace("checks =", "checks = history"))

        def accepted():
            done = run_command(self.mxward.binary, "check", "--ip", "192.0.2.11", "--helo",
                               "mail.nice.example", "--from", "a@nice.example", "--json", "-c", conf)
            facts = [f for f in json.loads(done[1])["facts"] if f["q"] == "history"]
            return [f.get("n", [0])[0] for f in facts if f["what"] == "client"]
        [before] = accepted()
        for _ in range(10):
            for way in self.hosts:
                self.send(way)
        wait_for(lambda: accepted() == [before + 20], 10, "20 messages")
        time.sleep(0.5)
        self.assertEqual(accepted(), [before + 20])

    def send(self, way):
        """A whole message: one that is given up is nobody's good record."""
        smtp = self.connect(way, C["good2"])
        self.assertEqual(smtp.mail("sender@good.example").code, 250)
        self.assertEqual(str(smtp.rcpt("user@example.org")), OK)
        self.assertEqual(smtp.data("Subject: hello\n\nwell?").code, 250)
        smtp.quit()

    def test_check_and_stats(self):
        self.assertIn("no fault", self.command("policy", "store", "check"))
        self.assertIn("inet:127.0.0.1:%d" % self.redis.port,
                      self.command("milter", "store", "stats"))

    # what costs no mail -----------------------------------------------------------------------

    def judged(self, seconds):
        """Whatever Redis does: the right answers, in time, and an exemption goes on counting."""
        end, slowest = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            for way in self.hosts:
                self.assertEqual(self.told(way, "good"), OK)
                slowest = max(slowest, self.took)
                self.assertEqual(self.told(way, "no_ptr"), OK)      # exempt
                slowest = max(slowest, self.took)
                self.assertEqual(self.told(way, "mismatch"), 550)
                slowest = max(slowest, self.took)
        limit = NO_LONGER * (4 if self.mxward.sanitized() else 1)
        self.assertLess(slowest, limit)

    def outage_of_redis(self, begin, end, said):
        marks = {way: len(host.log_lines("event=store")) for way, host in self.hosts.items()}
        self.add("policy", "192.0.2.20")
        self.becomes(OK, "milter")
        self.becomes(OK, "policy")
        begin()
        try:
            self.judged(4)
            reply = self.ask("policy", C["mismatch"])
            [case] = CASE_ID.findall(str(reply))
        finally:
            end()
        self.wait_usable()
        self.judged(1)
        # What was decided meanwhile is kept.
        wait_for(lambda: run_command(self.mxward.binary, "case", case, "-c",
                                     self.mxward.conf)[0] == 0, 15, "case " + case)
        for way, host in self.hosts.items():
            lines = host.log_lines("event=store")[marks[way]:]
            self.assertEqual(sum("cannot be used" in x for x in lines), 1, lines)
            self.assertEqual(sum("can be used again" in x for x in lines), 1, lines)
            self.assertTrue(any(said in x for x in lines), lines)

    def test_redis_is_stopped(self):
        self.outage_of_redis(lambda: self.redis.process.signal(signal.SIGSTOP),
                             lambda: self.redis.process.signal(signal.SIGCONT),
                             "does not answer within 200 ms")

    def test_redis_is_killed(self):
        """And comes back empty: what an administrator wrote is written again."""
        self.outage_of_redis(self.redis.kill, self.redis.start, "Connection refused")
        self.assertIn(b"192.0.2.20", self.redis.say("KEYS mxward:r1:*"))

    def test_redis_is_a_replica(self):
        self.outage_of_redis(lambda: self.redis.say("REPLICAOF 127.0.0.1 1"),
                             lambda: self.redis.say("REPLICAOF NO ONE"),
                             "is a replica and takes no changes")

    def test_one_connection_for_each_host(self):
        for _ in range(3):
            self.redis.say("CLIENT KILL TYPE normal")
            self.told("policy")
            self.told("milter")
            time.sleep(0.5)
        lines = self.redis.say("CLIENT LIST TYPE normal").splitlines()
        self.assertEqual(len([x for x in lines if x.startswith(b"id=")]), 3, lines)
