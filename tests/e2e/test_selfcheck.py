"""mxward selfcheck over real DNS: NSD accepts the records that it prints, and with them published all
is well."""
import json

from bed.daemon import find_binary, run_command
from bed.dns import Nsd, Unbound
from case import Case, build_folder

CONF = "[sender]\nunreachable = 10.0.0.0/8\n[dnsbl bl.lists.example]\n127.0.0.2 = score 6\n"
# Nothing about the servers is as it should be, except that they are there.
PARTNERS = " ".join("ip4:198.51.100.%d" % i for i in range(0, 32))
BEFORE = {
    "shop.example. MX": "shop.example. MX 10 mx.shop.example.",
    "mx.shop.example. A": "mx.shop.example. A 203.0.113.5",
    "out.shop.example. A": "out.shop.example. A 203.0.113.9",
    "shop.example. TXT": 'shop.example. TXT "v=spf1 %s" "%s" "%s -all"' % (
        PARTNERS[:200], PARTNERS[200:400], PARTNERS[400:]),
    "6.113.0.203.in-addr.arpa. PTR": "6.113.0.203.in-addr.arpa. PTR 203-0-113-6.dsl.isp.example.",
    "2.0.0.127.bl.lists.example. A": "2.0.0.127.bl.lists.example. A 127.0.0.2",
}
SERVERS = ("--ip", "203.0.113.5", "--helo", "mx.shop.example",
           "--ip", "203.0.113.6", "--helo", "out.shop.example",
           "--ip", "2001:db8::6", "--helo", "out.shop.example")


class Records(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.conf = cls.bed.place.write("selfcheck.conf", CONF)
        cls.before = cls.serve("before", BEFORE)

    @classmethod
    def serve(cls, name, records):
        nsd = Nsd(cls.bed.place, "\n".join(records.values()) + "\n", ["broken.example"],
                  folder="nsd-selfcheck-" + name)
        return Unbound(cls.bed.place, nsd, folder="unbound-selfcheck-" + name)

    def selfcheck(self, resolver, *args):
        status, out, error = run_command(
            find_binary(build_folder()), "selfcheck", *args, "-c", self.conf, "--json",
            "--resolver", "127.0.0.1@%d" % resolver.port, seconds=40)
        self.assertEqual(error, "")
        return status, [json.loads(line) for line in out.splitlines()]

    def states(self, rows):
        return {(r["subject"], r["item"]): r["state"] for r in rows if r["type"] == "item"}

    def test_what_it_prints_mends_it(self):
        status, rows = self.selfcheck(self.before, "shop.example", *SERVERS)
        self.assertEqual(status, 2)
        states = self.states(rows)
        for subject, item in [("203.0.113.5", "ptr"), ("203.0.113.6", "name"),
                              ("203.0.113.6", "fcrdns"), ("2001:db8::6", "ptr"),
                              ("203.0.113.5", "spf"), ("2001:db8::6", "spf")]:
            self.assertEqual(states[subject, item], "fail", (subject, item))
        published = dict(BEFORE)
        for line in (r["line"] for r in rows if r["type"] == "record"):
            owner, _, kind, _ = line.split(" ", 3)
            key = owner + " " + kind
            # Several addresses stand beside each other; of all else here there is one.
            published[line if kind in ("A", "AAAA") else key] = line
        self.assertIn("2001:db8::6", "".join(published))
        self.assertGreater(len(published["shop.example. TXT"]), 600)
        status, rows = self.selfcheck(self.serve("after", published), "shop.example", *SERVERS)
        states = self.states(rows)
        self.assertNotIn("fail", states.values(), states)
        self.assertNotIn("unknown", states.values(), states)
        self.assertEqual([r for r in rows if r["type"] == "record"], [])
        self.assertEqual(status, 1)     # a first DMARC record asks for nothing yet
        self.assertEqual(states["shop.example", "dmarc_policy"], "warn")

    def test_a_broken_zone_accuses_nobody(self):
        status, rows = self.selfcheck(self.before, "mail.broken.example", "--ip", "203.0.113.5",
                                      "--helo", "mx.shop.example")
        states = self.states(rows)
        for item in ("mx", "spf_record"):
            self.assertEqual(states["mail.broken.example", item], "unknown")
        self.assertEqual(states["203.0.113.5", "spf"], "unknown")
