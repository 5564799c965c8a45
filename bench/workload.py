#!/usr/bin/env python3
"""Made-up mail clients: DNS records about them and the transactions they send.

Everything comes from a seed; nothing is taken from the Internet and no packet goes there.  The
clients live in the networks for documentation and benchmarks (RFC 5737, RFC 3849, RFC 2544), the
names below .example (RFC 2606).

Written into a directory:
    root.zone        one zone, the root, with every record: what is not there does not exist
    nsd.conf         the authoritative server for it
    unbound.conf     the caching resolver that asks only that server
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
TTL = 86400


class Workload:
    """The clients and the zone; the same for the same seed and size."""

    def __init__(self, clients, seed):
        self.rng = random.Random(seed)
        self.records = []
        self.domains = ["%s%d.example" % (self.rng.choice(("acme", "school", "city", "shop")), i)
                        for i in range(max(1, clients // 4))]
        self.isps = ["isp%d.example" % i for i in range(20)]
        for domain in self.domains:
            self.add(domain, "MX", "10 mx." + domain + ".")
            self.add("mx." + domain, "A", "192.0.2.1")
        kinds = self.rng.choices([k for k, _ in KINDS], [w for _, w in KINDS], k=clients)
        self.clients = [self.client(*pair) for pair in zip(kinds, self.addresses())]

    def add(self, owner, rtype, rdata):
        self.records.append("%s. %d IN %s %s" % (owner, TTL, rtype, rdata))

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
        name = host if kind in ("good", "enduser") else "unknown"
        rname = host if kind != "none" else "unknown"
        sender = "" if self.rng.random() < 0.05 else "user%d@%s" % (self.rng.randrange(100), domain)
        return (kind, str(ip), name, rname, self.helo(kind, ip, host, domain), sender)

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
        head = ["$TTL %d" % TTL,
                ". IN SOA ns.example. hostmaster.example. 1 3600 900 604800 %d" % TTL,
                ". IN NS ns.example.",
                "ns.example. IN A 127.0.0.1"]
        return "\n".join(head + sorted(set(self.records))) + "\n"


NSD_CONF = """server:
    ip-address: 127.0.0.1@{auth_port}
    username: ""
    zonesdir: "{dir}"
    database: ""
    pidfile: "{dir}/nsd.pid"
    xfrdfile: "{dir}/nsd.xfrd"
    xfrdir: "{dir}"
    zonelistfile: "{dir}/nsd.zones"
    logfile: "{dir}/nsd.log"
    server-count: 1
    rrl-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: "."
    zonefile: "root.zone"
"""

UNBOUND_CONF = """server:
    {interfaces}
    access-control: 127.0.0.0/8 allow
    chroot: ""
    username: ""
    directory: "{dir}"
    pidfile: ""
    logfile: "{dir}/unbound.log"
    use-syslog: no
    do-daemonize: no
    num-threads: 1
    do-ip6: no
    module-config: "iterator"
    do-not-query-localhost: no
    unblock-lan-zones: yes
    qname-minimisation: no
    msg-cache-size: 64m
    rrset-cache-size: 64m
    cache-max-negative-ttl: {ttl}
remote-control:
    control-enable: no
stub-zone:
    name: "."
    stub-addr: 127.0.0.1@{auth_port}
"""


def write_lines(path, rows):
    with open(path, "w") as f:
        f.writelines("\t".join(row) + "\n" for row in rows)


def write(directory, clients, transactions, seed, auth_port, resolvers):
    """All files; resolvers: where unbound listens, each ADDR@PORT."""
    w = Workload(clients, seed)
    write_lines(os.path.join(directory, "tx.tsv"), w.draw(transactions))
    write_lines(os.path.join(directory, "tx-each.tsv"), w.clients)
    values = {"dir": directory, "auth_port": auth_port, "ttl": TTL,
              "interfaces": "\n    ".join("interface: " + r for r in resolvers)}
    for name, text in (("root.zone", w.zone()), ("nsd.conf", NSD_CONF.format(**values)),
                       ("unbound.conf", UNBOUND_CONF.format(**values))):
        with open(os.path.join(directory, name), "w") as f:
            f.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("directory")
    parser.add_argument("--clients", type=int, default=4000)
    parser.add_argument("--transactions", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--auth-port", type=int, default=5300)
    parser.add_argument("--resolver", action="append", metavar="ADDR@PORT")
    args = parser.parse_args()
    write(os.path.abspath(args.directory), args.clients, args.transactions, args.seed,
          args.auth_port, args.resolver or ["127.0.0.1@5301"])


if __name__ == "__main__":
    main()
