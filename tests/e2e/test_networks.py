"""Two MX hosts in networks of their own, joined by a cable, and the Redis of one of them.

The first is asked by the bed's Postfix over a unix socket, which knows no networks; the second
directly.  DNS is a zone file, as nothing else of the bed can be reached from in there.
"""
import os
import shutil
import subprocess
import unittest

from bed.daemon import Mxward, find_binary, run_command
from bed.dns import find_program
from bed.place import wait_for
from bed.raw import RawPolicy
from case import Case, build_folder
from test_verdicts import OK, SITE
from world import C

REDIS = "10.77.0.1", 6379
ZONE = """10.2.0.192.in-addr.arpa PTR mail.good.example
mail.good.example A 192.0.2.10
good.example MX 10 mail.good.example
mail.noptr.example A 192.0.2.20
"""
AT_ONCE = 1.0       # seconds until a host knows what the other was told


def ip(*arguments):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError("ip %s: %s" % (" ".join(arguments), done.stderr.strip()))


class Network:
    """A network namespace with one cable; both ends are made by the first."""

    def __init__(self, place, number):
        self.name = "mxward%d-%d" % (os.getpid(), number)
        self.cable = "mxw%d" % number
        ip("netns", "add", self.name)
        place.at_close(self.remove)

    def remove(self):
        if self.name:
            ip("netns", "del", self.name)
        self.name = None

    def join(self, other):
        ip("link", "add", self.cable, "netns", self.name, "type", "veth",
           "peer", "name", other.cable, "netns", other.name)

    def up(self, address):
        ip("-n", self.name, "address", "add", address, "dev", self.cable)
        for link in ("lo", self.cable):
            ip("-n", self.name, "link", "set", link, "up")

    def command(self, *argv):
        return ["ip", "netns", "exec", self.name, *argv]


class Host(Mxward):
    """mxward in a network; its commands are given there too."""

    def __init__(self, place, network, policy):
        self.network = network
        super().__init__(place, find_binary(build_folder()), None, policy=policy)

    def configure(self, sections):
        zone = self.place.write(self.name + ".zone", ZONE)
        self.conf = self.place.write(self.name + ".conf", """[listen]
policy = unix:%s
unix_mode = 666
control = unix:%s
[dns]
resolver = none
zone = %s
[store]
redis = inet:%s:%d
[policy]
profile = strict
checks = rdns helo
""" % (self.policy, self.control, zone, *REDIS) + SITE)

    def start(self):
        argv = self.network.command(self.binary, "serve", "-c", self.conf)
        self.process = self.place.start(self.name, argv)
        self.process.wait_ready(lambda: os.path.exists(self.policy) and len(self.pids()) > 2)
        return self

    def run(self, *words):
        return run_command(*self.network.command(self.binary, *words, "-c", self.conf))


class TwoNetworks(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        place = cls.bed.place
        if not shutil.which("ip"):
            raise unittest.SkipTest("iproute2 is not installed: no networks can be made")
        try:
            one, two = Network(place, 1), Network(place, 2)
            one.join(two)
            one.up("10.77.0.1/24")
            two.up("10.77.0.2/24")
        except OSError as error:
            raise unittest.SkipTest("no networks can be made: %s" % error) from error
        cls.networks = one, two
        cls.redis = place.start("networks-redis", one.command(
            find_program("redis-server"), "--bind", REDIS[0], "--port", str(REDIS[1]), "--save", "",
            "--appendonly", "no", "--protected-mode", "no", "--dir", place.mkdir("networks-redis")))
        cls.redis.wait_ready(lambda: "Ready to accept connections" in cls.redis.log())
        cls.mxward = Host(place, one, cls.bed.unix_address).start()
        cls.other = Host(place, two, place.path("other.sock")).start()
        for host in (cls.mxward, cls.other):
            wait_for(lambda h=host: h.status()["store"]["usable"], 10, "the store of " + host.name)

    @classmethod
    def tearDownClass(cls):
        stopped = [host.stop(30) for host in (cls.mxward, cls.other)]
        cls.redis.stop()
        for network in cls.networks:
            network.remove()
        if stopped != [0, 0]:
            raise AssertionError("mxward stopped with %s:\n%s" % (
                stopped, cls.mxward.log()[-2000:] + cls.other.log()[-2000:]))

    def first(self):
        """What the sender without a reverse name reads at the first host, through Postfix."""
        reply = self.ask("unix", C["no_ptr"])
        return str(reply) if reply.code == 250 else reply.code

    def second(self):
        with RawPolicy(self.other.policy) as raw:
            answer = raw.ask(client_address="192.0.2.20", helo_name="mail.noptr.example")
        return OK if answer == "DUNNO" else int(answer.split()[0])

    def becomes(self, want, ask):
        limit = AT_ONCE * (4 if self.mxward.sanitized() else 1)
        wait_for(lambda: ask() == want, limit, "the answer %r" % want, step=0.05)

    def run_on(self, host, *words):
        status, out, err = host.run(*words)
        self.assertEqual((status, err), (0, ""), words)
        return out

    def test_what_one_is_told_the_other_knows(self):
        self.assertEqual((self.first(), self.second()), (550, 550))
        self.run_on(self.other, "exempt", "add", "192.0.2.20")
        self.becomes(OK, self.first)
        self.becomes(OK, self.second)
        self.run_on(self.mxward, "exempt", "remove", "192.0.2.20")
        self.becomes(550, self.second)
        self.becomes(550, self.first)
        self.run_on(self.mxward, "mailbox", "set", "user@example.org", "policy=off")
        self.becomes(OK, self.second)
        self.run_on(self.other, "mailbox", "unset", "user@example.org")
        self.becomes(550, self.first)

    def test_cases_of_both_are_found_from_each(self):
        self.first()
        self.second()
        for host in (self.mxward, self.other):
            wait_for(lambda h=host: {"Postfix", "raw"} <= {
                "raw" if "raw@" in row else "Postfix"
                for row in self.run_on(h, "cases", "--verdict", "reject").splitlines()},
                10, "cases of both from " + host.name)

    def test_cut_cable_costs_no_mail(self):
        """The second does not reach the store any more: it judges as before, by what it knew."""
        self.run_on(self.mxward, "exempt", "add", "192.0.2.20")
        self.becomes(OK, self.first)
        self.becomes(OK, self.second)
        cut = self.networks[1]
        ip("-n", cut.name, "link", "set", cut.cable, "down")
        try:
            wait_for(lambda: not self.other.status()["store"]["usable"] or None, 20, "the news")
            self.assertEqual(self.second(), OK)
            self.assertEqual(self.first(), OK)
        finally:
            ip("-n", cut.name, "link", "set", cut.cable, "up")
        wait_for(lambda: self.other.status()["store"]["usable"], 20, "the store again")
        self.run_on(self.mxward, "exempt", "remove", "192.0.2.20")
        self.becomes(550, self.second)
        self.becomes(550, self.first)
