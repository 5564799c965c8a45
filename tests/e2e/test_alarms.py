"""When decisions can no longer be believed, they are not: alarm and accept."""
from bed.raw import RawPolicy
from case import MxwardCase
from test_verdicts import SITE
from world import CROWD

STRICT = SITE + "[policy]\nprofile = strict\n"


class Alarms(MxwardCase):
    sections = STRICT

    def ask_all(self, addresses):
        """The answers to one message of each, in turn, by one policy connection."""
        with RawPolicy(self.bed.policy_address) as raw:
            return [raw.ask(client_address=addr, instance="alarm.%d" % i,
                            sender="alarm%d@good.example" % i, helo_name="mail.alarm.example")
                    for i, addr in enumerate(addresses)]


class LostAddresses(Alarms):
    def test_all_clients_share_one_private_address(self):
        answers = self.ask_all(["172.17.0.1"] * 80)
        self.assertTrue(answers[0].startswith("550 "), answers[0])
        self.assertEqual(set(answers[60:]), {"DUNNO"})
        self.mxward.wait_log("172.17.0.1", "alarm=")
        self.assertEqual(len(self.mxward.log_lines("172.17.0.1", "alarm=")), 1)
        other, = self.ask_all(["192.0.2.20"])
        self.assertTrue(other.startswith("550 "), other)


class Surge(Alarms):
    def test_one_finding_refuses_nearly_everybody(self):
        """As with a resolver that invents NXDOMAIN: good clients for long, then none."""
        good = self.ask_all([c.addr for c in CROWD])
        self.assertEqual(set(good), {"DUNNO"})
        bad = self.ask_all(["198.18.0.%d" % i for i in range(200)])
        self.assertTrue(bad[0].startswith("550 "), bad[0])
        self.assertEqual(set(bad[150:]), {"DUNNO"})
        self.mxward.wait_log("finding=rdns_none", "alarm=")
        self.assertEqual(len(self.mxward.log_lines("finding=rdns_none", "alarm=")), 1)
