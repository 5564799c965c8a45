#!/usr/bin/env python3
"""Made-up mail clients: DNS records about them and the transactions they send.

Everything comes from a seed; nothing is taken from the Internet and no packet goes there.  The
clients live in the networks for documentation and benchmarks (RFC 5737, RFC 3849, RFC 2544), the
names below .example (RFC 2606).

Written into a directory:
    root.zone        one zone, the root, with every record: what is not there does not exist
    tx.tsv           transactions, clients drawn by Zipf's law: KIND ADDR NAME RNAME HELO SENDER
    tx-each.tsv      every client once, to warm caches
KIND is what the client's reverse DNS is: `good` (60 %), `none` (15 %), `mismatch` (10 %), or
`enduser` (15 %: it fits, but spells the address).  NAME is the verified name, RNAME the reverse
name; `unknown` where there is none.
"""
import argparse
import ipaddress
import itertools
import os
import random

KINDS = (("good", 0.60), ("none", 0.15), ("mismatch", 0.10), ("enduser", 0.15))
IPV6_SHARE = 0.1
LISTS = ["bl%d.lists.example" % i for i in range(4)] + ["dbl%d.lists.example" % i for i in range(2)]
LISTED_SHARE = 0.1
INCLUDES = 6                    # a domain's SPF record has up to so many
TTL = 86400
# Long-lived also where it says that there is nothing: answers once warm stay warm.
APEX = """. {ttl} SOA ns.root-servers.example. hostmaster.example. 1 3600 900 604800 {ttl}
. {ttl} NS ns.root-servers.example.
ns.root-servers.example. {ttl} A 127.0.0.1
""".format(ttl=TTL)


# Domains that are only forged, any name below so many top-level domains, and their mail servers.
FORGED_SERVERS = ["127.0.1.%d" % (i + 1) for i in range(20)]


class Workload:
    """The clients and the zone; the same for the same seed and size."""

    def __init__(self, clients, seed):
        self.rng = random.Random(seed)
        self.records = []
        self.domains = ["%s%d.example" % (self.rng.choice(("acme", "school", "city", "shop")), i)
                        for i in range(max(1, clients // 4))]
        self.isps = ["isp%d.example" % i for i in range(20)]
        for i in range(20):
            self.add("spf%d.host.example" % i, "TXT", '"v=spf1 ip4:10.%d.0.0/24 ~all"' % i)
        for domain in self.domains:
            self.add(domain, "MX", "10 mx." + domain + ".")
            self.add("mx." + domain, "A", "192.0.2.1")
        for zone in LISTS:
            self.add(("2.0.0.127." if zone.startswith("bl") else "test.") + zone, "A", "127.0.0.2")
        self.senders = {d: [] for d in self.domains}
        kinds = self.rng.choices([k for k, _ in KINDS], [w for _, w in KINDS], k=clients)
        self.clients = [self.client(*pair) for pair in zip(kinds, self.addresses())]
        for domain, addresses in self.senders.items():
            self.policy(domain, addresses)

    def add(self, owner, rtype, rdata):
        self.records.append("%s. %d IN %s %s" % (owner, TTL, rtype, rdata))

    def add_forged(self):
        for i, address in enumerate(FORGED_SERVERS):
            self.add("*.forged%d" % i, "MX", "10 mx%d.forged.example." % i)
            self.add("mx%d.forged.example" % i, "A", address)

    def addresses(self):
        """Endless, each once."""
        nets = [ipaddress.ip_network(n) for n in
                ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15")]
        v4 = [ip for net in nets[:3] for ip in net.hosts()]
        v4 += [nets[3][n] for n in self.rng.sample(range(1, 2 ** 17), 100000)]
        self.rng.shuffle(v4)
        v4 = iter(v4)
        for i in itertools.count(1):
            if self.rng.random() < IPV6_SHARE:
                yield ipaddress.ip_address("2001:db8:%x:%x::25" % (i, self.rng.randrange(65536)))
            else:
                yield next(v4)

    def point(self, name, ip):
        self.add(name, "A" if ip.version == 4 else "AAAA", str(ip))

    def client(self, kind, ip):
        domain = self.rng.choice(self.domains)
        host = "%s%d.%s" % (self.rng.choice(("mail", "smtp", "out", "relay", "mta")),
                            len(self.records), domain)
        if kind == "enduser":
            host = self.enduser_name(ip)
        if kind != "none":
            self.add(ip.reverse_pointer, "PTR", host + ".")
        if kind in ("good", "enduser"):
            self.point(host, ip)
        elif kind == "mismatch" and self.rng.random() < 0.7:
            self.add(host, "A", "192.0.2.2")
        if self.rng.random() < LISTED_SHARE:
            self.list_somewhere(ip, domain)
        self.senders[domain].append(ip)
        name = host if kind in ("good", "enduser") else "unknown"
        rname = host if kind != "none" else "unknown"
        sender = "" if self.rng.random() < 0.05 else "user%d@%s" % (self.rng.randrange(100), domain)
        return (kind, str(ip), name, rname, self.helo(kind, ip, host, domain), sender)

    def policy(self, domain, addresses):
        """An SPF record with 0 to 6 includes before the domain's own addresses, of which most of
        its clients are some: so all includes are read first."""
        terms = ["include:spf%d.host.example" % i
                 for i in self.rng.sample(range(20), self.rng.randrange(INCLUDES + 1))]
        terms += ["ip%d:%s" % (a.version, a) for a in addresses if self.rng.random() < 0.8][:8]
        text = " ".join(["v=spf1"] + terms + [self.rng.choice(("-all", "~all", "?all"))])
        strings = " ".join('"%s"' % text[i:i + 250] for i in range(0, len(text), 250))
        self.add(domain, "TXT", strings)

    def list_somewhere(self, ip, domain):
        if ip.version == 4:
            name = ip.reverse_pointer[:-len(".in-addr.arpa")]
        else:
            name = ip.reverse_pointer[:-len(".ip6.arpa")]
        for zone in self.rng.sample(LISTS[:4], self.rng.randrange(1, 3)):
            self.add("%s.%s" % (name, zone), "A", "127.0.0.2")
        if self.rng.random() < 0.2:
            self.add("%s.%s" % (domain, self.rng.choice(LISTS[4:])), "A", "127.0.0.2")

    def enduser_name(self, ip):
        """A name that an access provider gives a line, spelling the address."""
        isp = self.rng.choice(self.isps)
        if ip.version == 6:
            return "%s.dyn.v6.%s" % (ip.exploded.replace(":", "-"), isp)
        a, b, c, d = ip.packed
        return self.rng.choice((
            "cpe-%d-%d-%d-%d.%s" % (a, b, c, d, isp),
            "%d.%d.%d.%d.dynamic.%s" % (d, c, b, a, isp),
            "pool%03d%03d%03d%03d.dsl.%s" % (a, b, c, d, isp),
            "host%02x%02x%02x%02x.cable.%s" % (a, b, c, d, isp)))

    def helo(self, kind, ip, host, domain):
        """Mostly right for good clients, mostly wrong for the others."""
        choice = self.rng.random()
        if kind == "good" and choice < 0.85:
            return host
        if choice < 0.3:
            own = "helo%d.%s" % (len(self.records), domain)
            self.point(own, ip)
            return own
        if choice < 0.5:
            return "mx." + domain
        if choice < 0.7:
            return "nowhere%d.%s" % (len(self.records), domain)
        if choice < 0.9:
            return "WIN-%08X" % self.rng.randrange(2 ** 32)
        return "[%s%s]" % ("IPv6:" if ip.version == 6 else "", ip)

    def draw(self, count):
        """Transactions: a few clients send most of the mail."""
        weights = [1 / rank for rank in range(1, len(self.clients) + 1)]
        return self.rng.choices(self.clients, weights, k=count)

    def zone(self):
        """The records of the clients, without the zone's own (APEX)."""
        return "\n".join(sorted(set(self.records))) + "\n"


def write_lines(path, rows):
    with open(path, "w") as f:
        f.writelines("\t".join(row) + "\n" for row in rows)


def write_forged(directory, files, count):
    """So many files of so many lines, from one client with a good name, each line with a sender of
    another domain; their paths."""
    paths = [os.path.join(directory, "tx-forged-%d.tsv" % n) for n in range(files)]
    for n, path in enumerate(paths):
        write_lines(path, [("good", "127.0.0.7", "probe.example", "probe.example", "probe.example",
                            "x@d%d.forged%d" % (i, i % len(FORGED_SERVERS)))
                           for i in range(n * count, (n + 1) * count)])
    return paths


def write_transactions(workload, directory, count):
    """Both files; returns their paths."""
    paths = [os.path.join(directory, name) for name in ("tx.tsv", "tx-each.tsv")]
    write_lines(paths[0], workload.draw(count))
    write_lines(paths[1], workload.clients)
    return paths


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("directory")
    parser.add_argument("--clients", type=int, default=4000)
    parser.add_argument("--transactions", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    workload = Workload(args.clients, args.seed)
    write_transactions(workload, args.directory, args.transactions)
    with open(os.path.join(args.directory, "root.zone"), "w") as f:
        f.write(APEX + workload.zone())


if __name__ == "__main__":
    main()
