#!/usr/bin/env python3
"""What mxward costs, beside servers that do nothing: run.py [--build DIR] [--quick] [--only NAME]

Each comparison runs the same transactions against both, in turns (A B, B A, A B ...), with warm
caches; of the ratio or difference in each round the median counts.  Machines are noisy: wall time
and the floor itself differ by a factor of two between runs, so the bars are ratios within one run
and CPU time from the kernel's books, not transactions per second.  DNS is NSD behind unbound,
Postfix a private instance, all on loopback; nothing outside a temporary folder is written and no
process outlives the run.

Exit status: 0 all bars held, 1 one did not, 2 it could not be measured.
"""
import argparse
import contextlib
import ctypes
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
from collections import Counter, namedtuple

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "tests", "e2e")]
sys.dont_write_bytecode = True

import workload                                                         # noqa: E402
from bed.callee import Callee                                           # noqa: E402
from bed.daemon import Mxward, address_text, daemon_folder              # noqa: E402
from bed.dns import Nsd, Unbound                                        # noqa: E402
from bed.place import BedError, Missing, Place, can_connect, wait_for   # noqa: E402
from bed.postfix import Postfix                                         # noqa: E402

CLIENTS = 4000
IDLE = 10000
MIB = 1024
# Postfix takes the resolver from /etc/resolv.conf, which knows no ports.
SYSTEM_RESOLVER = "127.86.25.53"
SETTINGS = "[networks]\nours =\n[daemon]\nworkers = 1\n"
MONITOR = "[policy]\nprofile = monitor\n"
ALL = "[policy]\nchecks = all\n" + "".join(
    "[dnsbl %s]\n127.0.0.2 = score 4\nkind = %s\n" % (zone, "ip" if zone[0] == "b" else "domain")
    for zone in workload.LISTS)
# Also about mail that has a good name.
CALLOUTS = ("[policy]\nchecks = rdns helo spf callout\n[dns]\nzone = %s\n[callout]\nenabled = yes\nfrom = -9\n"
            "helo = probe.example\naddress4 = 127.0.0.7\n")
BUILT_IN = ("reject_unknown_client_hostname, reject_invalid_helo_hostname, "
            "reject_non_fqdn_helo_hostname, reject_unknown_helo_hostname")

Server = namedtuple("Server", "label endpoint pids log")
# ok: True, False, or None for what has no bar.
Row = namedtuple("Row", "what floor ours relation bar ok")


class Bench:
    """The workload, DNS, servers and load generators of one run."""

    def __init__(self, place, build, quick, system_resolver):
        self.place, self.build, self.quick = place, os.path.abspath(build), quick
        for name in ("mxward", "bench/policy_load"):
            if not os.access(os.path.join(self.build, name), os.X_OK):
                raise BedError("no %s in %s: build it first (make bench)" % (name, self.build))
        clients = workload.Workload(CLIENTS, 1)
        clients.add_forged()
        self.tx, self.tx_each = workload.write_transactions(clients, place.dir, 20000)
        self.nsd = Nsd(place, clients.zone(), apex=workload.APEX)
        more = " cache-max-negative-ttl: %d\n" % workload.TTL
        if system_resolver:
            more += " interface: %s@53\n" % SYSTEM_RESOLVER
        self.unbound = Unbound(place, self.nsd, more)
        self.started, self.runs = Counter(), []

    def count(self, full, quick):
        return quick if self.quick else full

    def tcp(self):
        return ("127.0.0.1", self.place.port())

    def unix(self, name):
        return self.place.path(name)

    def _name(self, name):
        self.started[name] += 1
        return "%s-%d" % (name, self.started[name])

    def noop(self, stack, kind, address):
        process = self.place.start(self._name("noop_" + kind), [
            os.path.join(self.build, "bench", "noop_" + kind), address_text(address)],
            env={"BENCH_DIR": self.place.dir})      # by which the place's guard finds it
        stack.callback(process.stop)
        process.wait_ready(lambda: can_connect(address))
        return Server("no-op", address_text(address), [process.pid], process.log_path)

    def daemon(self, stack, kind, address, settings=SETTINGS):
        daemon = Mxward(self.place, os.path.join(self.build, "mxward"), self.unbound.port,
                        sections=settings, **{kind: address}).start()
        stack.callback(daemon.stop)
        return daemon, Server("mxward", address_text(address), [daemon.process.pid],
                              daemon.process.log_path)

    def mxward(self, stack, kind, address, settings=SETTINGS):
        return self.daemon(stack, kind, address, settings)[1]

    def pair(self, stack, kind, settings=SETTINGS, unix=False):
        where = [self.unix(self._name("s")) if unix else self.tcp() for _ in range(2)]
        return [self.noop(stack, kind, where[0]), self.mxward(stack, kind, where[1], settings)]

    def command(self, kind, server, transactions=None, **options):
        """The command line of a load generator."""
        argv = [os.path.join(self.build, "bench", kind + "_load"), "--to", server.endpoint,
                "--transactions", transactions or self.tx]
        for pid in server.pids:
            argv += ["--pid", str(pid)]
        for key, value in options.items():
            argv += ["--" + key] + ([] if value is True else [str(value)])
        return argv

    def load(self, kind, server, transactions=None, **options):
        """One run of a load generator; its report.  The server's log is emptied afterwards."""
        argv = self.command(kind, server, transactions, **options)
        done = subprocess.run(argv, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL)
        if not done.stdout:
            raise BedError("%s: %s\n%s" % (server.label, done.stderr.strip(), tail(server.log)))
        report = json.loads(done.stdout)
        report["server"] = server.label
        self.runs.append(report)
        if report["errors"]:
            raise BedError("%s broke %d of %d transactions\n%s" % (
                server.label, report["errors"], report["transactions"], tail(server.log)))
        os.truncate(server.log, 0)
        return report

    def compare(self, kind, servers, count, **options):
        """Warm caches, then rounds in turns: {label: [report]}."""
        reports = {s.label: [] for s in servers}
        for server in servers:
            self.load(kind, server, self.tx_each, count=CLIENTS, **options)
        for i in range(self.count(11, 3)):
            for server in servers if i % 2 == 0 else reversed(servers):
                if sys.stderr.isatty():
                    print("  round %d: %s          " % (i + 1, server.label), end="\r",
                          file=sys.stderr, flush=True)
                reports[server.label].append(
                    self.load(kind, server, count=count, warmup=count // 10, **options))
        return reports


def tail(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()[-2000:]


def cpu_us(report, servers=slice(None)):
    """CPU of the servers for one transaction, in microseconds."""
    return 1e6 * sum(s["cpu_s"] for s in report["servers"][servers]) / report["transactions"]


def median(reports, value):
    return statistics.median(value(r) for r in reports)


def shares(reports):
    """Verdicts in a hundred transactions: a server that never refuses was not at work."""
    total = Counter()
    for report in reports:
        total.update({k: n for k, n in report["verdicts"].items()
                      if k not in ("ok", "connect c", "helo c", "mail c", "data c")})
    whole = sum(r["transactions"] for r in reports)
    return ", ".join("%s: %.0f" % (k, 100 * n / whole) for k, n in total.most_common(6))


def paired(floor, ours, value, relate):
    """Medians of both, and of what relates them in each round: slow drift of the machine drops
    out."""
    pairs = [(value(f), value(o)) for f, o in zip(floor, ours)]
    return (statistics.median(f for f, _ in pairs), statistics.median(o for _, o in pairs),
            statistics.median(relate(f, o) for f, o in pairs))


def ratio_row(what, floor, ours, value, limit):
    f, o, ratio = paired(floor, ours, value, lambda x, y: y / x)
    bar, ok = ("", None) if limit is None else ("<= %g x" % limit, ratio <= limit)
    return Row(what, "%.1f us" % f, "%.1f us" % o, "%.2f x" % ratio, bar, ok)


def difference_row(what, floor, ours, value, limit):
    f, o, more = paired(floor, ours, value, lambda x, y: y - x)
    bar, ok = ("", None) if limit is None else ("<= %+d us" % limit, more <= limit)
    return Row(what, "%.0f us" % f, "%.0f us" % o, "%+.0f us" % more, bar, ok)


def compared(title, reports, cpu_limit, p99_limit):
    """The rows of one comparison of mxward with a floor."""
    floor, ours = reports["no-op"], reports["mxward"]
    yield ratio_row(title + ": CPU", floor, ours, cpu_us, cpu_limit)
    for name, limit in (("p50", None), ("p99", p99_limit)):
        yield ratio_row(title + ": " + name, floor, ours,
                        lambda r, name=name: r["transaction_us"][name], limit)
    yield "mxward in 100 transactions: " + shares(ours)
    yield "transactions a second: no-op %.0f, mxward %.0f" % tuple(
        median(r, lambda x: x["per_second"]) for r in (floor, ours))
    if "negotiated" in ours[0] and ours[0]["negotiated"] != floor[0]["negotiated"]:
        yield "not the same packets: negotiated %s, the no-op %s" % (
            ours[0]["negotiated"], floor[0]["negotiated"])


def policy(bench, stack):
    """A policy request over TCP."""
    reports = bench.compare("policy", bench.pair(stack, "policy"), bench.count(50000, 20000))
    yield from compared("policy", reports, 2, 2)


def policy_unix(bench, stack):
    """The same over a unix socket."""
    servers = bench.pair(stack, "policy", unix=True)
    yield from compared("policy, unix socket",
                        bench.compare("policy", servers, bench.count(50000, 20000)), 2, 2)


def policy_all(bench, stack):
    """A request with every check: SPF with up to 6 includes, six DNS lists, the sender's domain."""
    servers = bench.pair(stack, "policy", SETTINGS + ALL)
    cold = bench.load("policy", servers[1], bench.tx_each, count=CLIENTS)
    yield from compared("policy, all checks",
                        bench.compare("policy", servers, bench.count(50000, 20000)), 2, 2)
    cost = cpu_us(cold)
    yield Row("policy, all checks, cold: CPU", "", "%.0f us" % cost, "", "<= 500 us", cost <= 500)


def callout(bench, stack):
    """A request with callouts, whose answers are known already."""
    zone = bench.place.write("zone-callout", "probe.example. 300 IN A 127.0.0.7\n"
                             "7.0.0.127.in-addr.arpa. 300 IN PTR probe.example.\n")
    floor = bench.noop(stack, "policy", bench.tcp())
    daemon, ours = bench.daemon(stack, "policy", bench.tcp(), SETTINGS + CALLOUTS % zone)
    servers = [floor, ours]
    wait_for(lambda: "event=callouts_on family=IPv4" in tail(servers[1].log), 10, "callouts")
    reports = bench.compare("policy", servers, bench.count(50000, 20000))
    yield from compared("policy, callouts known", reports, 2, 2)
    status = daemon.status()
    known = sum(n for f, n in status["findings"].items() if f.startswith("callout_"))
    yield "callouts told something in %.0f of 100" % (100 * known / sum(status["decisions"].values()))


def domain_age(bench, stack):
    """A request whose domains' ages are looked for, in the store and on a list, beside the same without
    that: at full speed, and with two requests at a time."""
    servers = []
    for label, check, more in (("without", "", ""), ("mxward", " domain_age", (
            "[dnsbl ages.lists.example]\nkind = domain\nage = 7d 127.2.0.2\ntest_every = 0\n"))):
        folder = daemon_folder(bench.place.path(bench._name("store")))
        daemon, server = bench.daemon(
            stack, "policy", bench.tcp(), SETTINGS + "[policy]\nchecks = rdns helo spf history%s\n[store]\n"
            "file = %s/store.db\n%s" % (check, folder, more))
        servers.append(server._replace(label=label, pids=children(server.pids[0])[:1]))
    fast = bench.compare("policy", servers, bench.count(50000, 20000))
    calm = bench.compare("policy", servers, bench.count(10000, 5000), inflight=2)
    yield ratio_row("domain_age: worker's CPU", fast["without"], fast["mxward"], cpu_us, 1.5)
    for name, limit in (("p50", None), ("p99", 2)):
        yield ratio_row("domain_age: %s, two at a time" % name, calm["without"], calm["mxward"],
                        lambda r, name=name: r["transaction_us"][name], limit)
    status = daemon.status()
    told = sum(n for f, n in status["findings"].items() if f.startswith("domain_age_"))
    yield "an age was wanted, and not known, in %.0f of 100" % (
        100 * told / sum(status["decisions"].values()))


FLOOD_RATE, FLOW_RATE = 1000, 500


def beside_flood(bench, server, forged, seconds):
    """A flow of ordinary mail, alone, or with a file of forged mail beside it, FLOOD_RATE a second: the
    report on the flow."""
    flood = None
    if forged:
        # It begins first, and ends last.
        flood = subprocess.Popen(bench.command(
            "policy", server._replace(pids=[]), forged, connections=100, rate=FLOOD_RATE,
            count=FLOOD_RATE * (seconds + 2)), stdout=subprocess.PIPE, text=True,
            stdin=subprocess.DEVNULL)
    report = bench.load("policy", server, count=FLOW_RATE * seconds, warmup=FLOW_RATE, rate=FLOW_RATE)
    if flood:
        report["flood"] = json.loads(flood.communicate()[0])
        if report["flood"]["errors"] or report["flood"]["per_second"] < 0.95 * FLOOD_RATE:
            raise BedError("the flood was none: %s" % report["flood"])
    return report


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(x) for x in f.read().split()]


def callout_flood(bench, stack):
    """500 ordinary requests a second, whose callouts are known, and beside them 1,000 a second with forged
    senders, each of another domain whose mail server could be asked; floor: the same flood where
    callouts are off."""
    zone = bench.place.write("zone-flood", "probe.example. 300 IN A 127.0.0.7\n"
                             "7.0.0.127.in-addr.arpa. 300 IN PTR probe.example.\n")
    port = bench.place.port()
    callee = Callee(*[(a, port) for a in workload.FORGED_SERVERS], delay=0.2)
    stack.callback(callee.stop)
    settings = SETTINGS + CALLOUTS % zone + (
        "port = %d\nunreachable = 192.0.2.0/24 198.18.0.0/15\n" % port)
    servers = {}
    for name, text in (("off", settings.replace("enabled = yes", "enabled = no")), ("on", settings)):
        store = "[store]\nfile = %s/store.db\n" % daemon_folder(bench.place.path("store-" + name))
        server = bench.mxward(stack, "policy", bench.tcp(), text + store)
        servers[name] = server._replace(label=name, pids=children(server.pids[0]))
    wait_for(lambda: "event=callouts_on family=IPv4" in tail(servers["on"].log), 10, "callouts")
    for server in servers.values():
        bench.load("policy", server, bench.tx_each, count=CLIENTS)
    seconds, rounds = bench.count(10, 6), bench.count(7, 3)
    forged = iter(workload.write_forged(bench.place.dir, 2 * rounds, FLOOD_RATE * (seconds + 2)))
    kinds = ("alone", "off", "on")
    reports = {kind: [] for kind in kinds}
    for i in range(rounds):
        for kind in kinds if i % 2 == 0 else reversed(kinds):
            reports[kind].append(beside_flood(
                bench, servers["off" if kind == "off" else "on"],
                next(forged) if kind != "alone" else None, seconds))
    for floor, what, limit in (("off", "flow, flooded", 1.5), ("alone", "flow, flooded beside not", None)):
        for name in ("p50", "p99"):
            yield ratio_row("%s: %s" % (what, name), reports[floor], reports["on"],
                            lambda r, name=name: r["transaction_us"][name],
                            limit if name == "p99" else None)
    for kind, some in reports.items():
        yield "%-5s CPU %s %%; the flow's p99 %s us%s" % (
            kind, " + ".join("%.1f" % median(some, lambda r, i=i: 100 * r["servers"][i]["cpu_s"] /
                                             r["seconds"]) for i in range(len(some[0]["servers"]))),
            ", ".join("%d" % r["transaction_us"]["p99"] for r in some),
            "" if kind == "alone" else "; the flood's %s us" % ", ".join(
                "%d" % r["flood"]["transaction_us"]["p99"] for r in some))
    yield "%d callouts at %d servers, of %d forged senders" % (
        len(callee.begun), len({h for h, _ in callee.begun}),
        sum(r["flood"]["transactions"] for r in reports["on"]))
    of_server, of_all = callee.busiest(59)
    for what, n, most in (("to one server at a time", callee.most, 1),
                          ("to one server within a minute", of_server, 6),
                          ("within a minute", of_all, 60)):
        yield Row("callouts " + what, "", "%d" % n, "", "<= %d" % most, 0 < n <= most)


def policy_rcpts(bench, stack):
    """Five requests of one message."""
    servers = bench.pair(stack, "policy")
    yield from compared("policy, 5 recipients", bench.compare(
        "policy", servers, bench.count(10000, 4000), rcpts=5), 2, 2)


def milter(bench, stack):
    """A milter session up to RCPT."""
    servers = bench.pair(stack, "milter")
    yield from compared("milter to RCPT",
                        bench.compare("milter", servers, bench.count(10000, 5000)), 1.5, 2)


def milter_message(bench, stack):
    """A milter session with the whole message; nothing is refused, so that both see it all."""
    servers = bench.pair(stack, "milter", SETTINGS + MONITOR)
    yield from compared("milter, message", bench.compare(
        "milter", servers, bench.count(10000, 5000), message=True), 1.5, 2)


def milter_keep(bench, stack):
    """Sessions to RCPT on kept connections (QUIT_NC): the work without the connecting."""
    servers = bench.pair(stack, "milter")
    yield from compared("milter, kept", bench.compare(
        "milter", servers, bench.count(20000, 10000), keep=True), None, None)


@contextlib.contextmanager
def dropped(daemon):
    """What became of the changes that the store was given meanwhile: a list of (dropped, all)."""
    def counted():
        store = daemon.status()["store"]
        return {k: store[k] for k in ("dropped", "lost", "changes")}

    before, out = counted(), []
    yield out
    more = {k: n - before[k] for k, n in counted().items()}
    if more["lost"]:
        raise BedError("the store's process died: %d changes are lost" % more["lost"])
    out.append((more["dropped"], more["changes"] + more["dropped"]))


def dropped_row(what, counted, limit):
    """In percent."""
    n, whole = counted[0]
    share = 100 * n / whole
    bar, ok = ("", None) if limit is None else ("<= %g %%" % limit, share <= limit)
    return Row(what, "", "%.1f %%" % share, "of %d" % whole, bar, ok)


def store(bench, stack):
    """A policy request with everything that is written to a store and asked there, beside the same
    without a store: at full speed, with two requests at a time, and with 3,000 a second."""
    folder = daemon_folder(bench.place.path(bench._name("store")))
    plain = bench.mxward(stack, "policy", bench.tcp())._replace(label="without")
    daemon, ours = bench.daemon(stack, "policy", bench.tcp(),
                                SETTINGS + "[store]\nfile = %s/store.db\n" % folder)
    with open("/proc/%d/task/%d/children" % (ours.pids[0], ours.pids[0])) as f:
        processes = [int(x) for x in f.read().split()]      # worker, keeper, reader
    servers = [plain, ours._replace(pids=processes)]
    with dropped(daemon) as of_fast:
        fast = bench.compare("policy", servers, bench.count(30000, 10000))
    calm = bench.compare("policy", servers, bench.count(10000, 5000), inflight=2)
    wait_for(lambda: daemon.status()["store"]["waiting"] == 0, 30, "the store to write")
    with dropped(daemon) as of_even:
        bench.load("policy", servers[1], count=bench.count(36000, 9000), rate=3000)
    yield ratio_row("store: worker's CPU", fast["without"], fast["mxward"],
                    lambda r: cpu_us(r, slice(0, 1)), None)
    for i, name in ((1, "keeper"), (2, "reader")):
        yield Row("store: %s's CPU" % name, "", "%.1f us" % median(
            fast["mxward"], lambda r, i=i: cpu_us(r, slice(i, i + 1))), "", "", None)
    for name, limit in (("p50", None), ("p99", 2)):
        yield ratio_row("store: %s, two at a time" % name, calm["without"], calm["mxward"],
                        lambda r, name=name: r["transaction_us"][name], limit)
    speed = median(fast["mxward"], lambda r: r["per_second"])
    yield Row("store: requests a second", "%.0f" % median(
        fast["without"], lambda r: r["per_second"]), "%.0f" % speed, "", ">= 3000", speed >= 3000)
    yield dropped_row("store: changes dropped, full speed", of_fast, None)
    yield dropped_row("store: the same, 3,000 requests a second", of_even, 0)
    yield "with a store in 100 transactions: " + shares(fast["mxward"])
    yield "%.1f MB in files after %d requests" % (
        sum(os.path.getsize(os.path.join(folder, n)) for n in os.listdir(folder)) / 1e6,
        sum(r["transactions"] for r in bench.runs if r["server"] == "mxward"))


def kib(report, key):
    return sum(s[key] for s in report["servers"])


def idle_row(what, report, limit):
    before, after = kib(report, "pss_kib_idle"), kib(report, "pss_kib")
    each = 1024 * (after - before) / IDLE
    return Row(what, "%.1f MiB" % (before / MIB), "%.1f MiB" % (after / MIB),
               "%.0f B each" % each, "<= %d B" % limit if limit else "",
               each <= limit if limit else None)


def memory(bench, stack):
    """At the start, and for 10,000 connections (before, with them)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < IDLE + 500:
        raise Missing("%d open files are allowed, too few for %d connections" % (hard, IDLE))
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, IDLE + 500), hard))
    for what, kind, options, limit in (
            ("10,000 idle, policy", "policy", {}, 4096),
            ("10,000 idle, milter", "milter", {"keep": True}, 4096),
            ("10,000 after HELO, milter", "milter", {"hold": "helo"}, None)):
        daemon = bench.mxward(stack, kind, bench.tcp())
        start = kib(bench.load(kind, daemon, bench.tx_each, count=CLIENTS), "pss_kib_idle")
        crowd = bench.load(kind, daemon, connections=IDLE, inflight=50, count=IDLE, **options)
        if limit:
            yield Row("memory at start, " + kind, "", "%.1f MiB" % (start / MIB), "", "< 20 MB",
                      start * 1024 < 20e6)
        yield idle_row(what, crowd, limit)


def soak(bench, stack):
    """Memory after 100,000 and after a million transactions."""
    for kind, options in (("policy", {}), ("milter", {"keep": True})):
        daemon = bench.mxward(stack, kind, bench.tcp())
        first, rest = bench.count((100000, 900000), (50000, 150000))
        before = kib(bench.load(kind, daemon, count=first, **options), "pss_kib")
        for _ in range(9):
            after = kib(bench.load(kind, daemon, count=rest // 9, **options), "pss_kib")
        yield Row("%s, %d transactions" % (kind, first + rest), "%.2f MiB" % (before / MIB),
                  "%.2f MiB" % (after / MIB), "%+d KiB" % (after - before), "<= 256 KiB",
                  after - before <= 256)


def local_lists(bench, _stack):
    """Lists of a million entries: memory, and look-ups of what is there (of what is not)."""
    done = subprocess.run([os.path.join(bench.build, "bench", "list_bench")], capture_output=True,
                          text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise BedError("list_bench: %s" % done.stderr.strip())
    for report in map(json.loads, done.stdout.splitlines()):
        bench.runs.append(report)
        yield "%(list)s: %(entries)d entries, read in %(read_cpu_s).2f s of CPU" % report
        yield Row("list of %(list)s, memory" % report, "", "%.1f MB" % (report["bytes"] / 1e6),
                  "%.1f at most" % (report["peak_bytes"] / 1e6), "< 64 MB", report["bytes"] < 64e6)
        yield Row("list of %(list)s, a look-up" % report, "", "%d ns" % report["hit_ns"],
                  "(%d ns)" % report["miss_ns"], "< 1 us",
                  max(report["hit_ns"], report["miss_ns"]) < 1000)


def rules(bench, _stack):
    """Exemptions and mailbox switches: look-ups where there are none, and 100,000 of each."""
    done = subprocess.run([os.path.join(bench.build, "bench", "rules_bench")], capture_output=True,
                          text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise BedError("rules_bench: %s" % done.stderr.strip())
    none, many = map(json.loads, done.stdout.splitlines())
    bench.runs += [none, many]
    for what in ("address", "name", "recipient"):
        key = what + "_ns"
        yield Row("%d rules, by %s" % (many["entries"], what), "%d ns" % none[key],
                  "%d ns" % many[key], "", "< 3 us", many[key] < 3000 and none[key] < 100)


NAMES = {"smtpd_peername_lookup": "yes"}


def smtp_variants(bench, stack, proxy):
    """[(label, settings of an smtpd, server or None)]

    In the policy family everybody is refused in the end: a recipient that is accepted opens a queue
    file, which costs more than any check, so the variants must not differ in that.  The milters are
    asked about accepted recipients only: there nobody is refused.
    """
    def refusing(*restrictions, **more):
        return dict(more, smtpd_recipient_restrictions=", ".join(restrictions + ("reject",)))
    variants = [("bare, refusing", refusing(), None),
                ("built-in", refusing(BUILT_IN, **(NAMES if proxy else {})), None)]
    for server in bench.pair(stack, "policy"):
        check = "check_policy_service " + server.endpoint
        variants.append((server.label + " policy", refusing(check), server))
        if proxy and server.label == "mxward":
            variants.append(("mxward policy, and names", refusing(check, **NAMES), server))
    variants.append(("bare, accepting", {}, None))
    for server in bench.pair(stack, "milter", SETTINGS + MONITOR):
        variants.append((server.label + " milter", {"smtpd_milters": server.endpoint}, server))
    return variants


def smtp_servers(bench, stack, proxy):
    """One private Postfix with an smtpd for each variant, as servers to compare."""
    common = {"virtual_mailbox_maps": "static:somebody", "max_use": "1000000"}
    if proxy:
        common["smtpd_upstream_proxy_protocol"] = "haproxy"
    variants = smtp_variants(bench, stack, proxy)
    postfix = Postfix(bench.place, {label.replace(" ", "-").replace(",", ""):
                                    dict(common, **settings) for label, settings, _ in variants})
    stack.callback(postfix.process.stop)
    log = bench.place.path("mail.log")
    return [Server(label, "inet:127.0.0.1:%d" % port,
                   [bench.unbound.process.pid, postfix.process.pid] + (s.pids if s else []), log)
            for (label, _, s), port in zip(variants, postfix.ports.values())]


def smtp_rows(bench, stack, identity, policy_limit, milter_limit):
    """CPU is Postfix' and the server's together, without the resolver's."""
    servers = smtp_servers(bench, stack, identity == "proxy")
    reports = bench.compare("smtp", servers, bench.count(1500, 1000), identity=identity)

    def cpu(report):
        return cpu_us(report, slice(1, None))
    for label, runs in reports.items():
        yield "%-25s %5.0f us a session, resolver %3.0f; p50 %5.1f ms, p99 %5.1f ms; %s" % (
            label, median(runs, cpu), median(runs, lambda r: cpu_us(r, slice(0, 1))),
            median(runs, lambda r: r["transaction_us"]["p50"]) / 1000,
            median(runs, lambda r: r["transaction_us"]["p99"]) / 1000, shares(runs))
    yield difference_row("SMTP session: policy beside built-in", reports["built-in"],
                         reports["mxward policy"], cpu, policy_limit)
    yield difference_row("SMTP session: milter beside no-op", reports["no-op milter"],
                         reports["mxward milter"], cpu, milter_limit)


def smtp(bench, stack):
    """Sessions through Postfix, client by the PROXY protocol: for its own checks Postfix looks up
    the client's name, elsewhere not (but in `and names`, which is Postfix' default)."""
    yield from smtp_rows(bench, stack, "proxy", 0, 100)


def smtp_xclient(bench, stack):
    """The same by XCLIENT, which spares Postfix' own checks the client's name: no bars."""
    yield from smtp_rows(bench, stack, "xclient", None, None)


GROUPS = {f.__name__.replace("_", "-"): f for f in (
    policy, policy_unix, policy_all, callout, callout_flood, domain_age, policy_rcpts, milter,
    milter_message, milter_keep, memory, soak, local_lists, rules, store, smtp, smtp_xclient)}


def own_resolver_settings(place):
    """In a mount namespace of our own, /etc/resolv.conf names our unbound.  False where that is not
    allowed: then Postfix cannot be measured."""
    if os.geteuid() != 0 or ctypes.CDLL(None).unshare(0x00020000) != 0:     # CLONE_NEWNS
        return False
    files = {"/etc/resolv.conf": "nameserver %s\n" % SYSTEM_RESOLVER,
             "/etc/nsswitch.conf": "hosts: files dns\n"}
    commands = [["mount", "--make-rprivate", "/"]]
    for path, text in files.items():
        commands.append(["mount", "--bind", place.write(path.strip("/"), text),
                         os.path.realpath(path)])
    return all(subprocess.run(c, capture_output=True, check=False).returncode == 0
               for c in commands)


def print_rows(rows):
    """Returns whether no bar was missed."""
    held = True
    for row in rows:
        if isinstance(row, str):
            print("    " + row)
            continue
        word = {True: "ok", False: "MISSED", None: ""}[row.ok]
        print("%-42s %12s %12s %12s  %-10s %s" % (
            row.what, row.floor, row.ours, row.relation, row.bar, word))
        held = held and row.ok is not False
        sys.stdout.flush()
    return held


def run_groups(bench, names, can_smtp):
    """{group: True, False, or None for one that could not be measured}"""
    held = {}
    for name in names:
        print("\n" + name + ": " + GROUPS[name].__doc__)
        if name.startswith("smtp") and not can_smtp:
            print("    skipped: needs root and a mount namespace of its own")
            continue
        with contextlib.ExitStack() as stack:
            try:
                held[name] = print_rows(GROUPS[name](bench, stack))
            except Missing as error:
                print("    skipped: %s" % error)
            except BedError as error:
                print("    FAILED: %s" % error)
                held[name] = None
    return held


def interrupted(number, _frame):
    raise KeyboardInterrupt(signal.Signals(number).name)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="folder of the built programs")
    parser.add_argument("--quick", action="store_true", help="fewer transactions and rounds")
    parser.add_argument("--only", action="append", metavar="NAME", choices=list(GROUPS),
                        help="one of: %s; may be given again" % ", ".join(GROUPS))
    parser.add_argument("--json", metavar="FILE", help="every report of the load generators")
    return parser.parse_args()


def main():
    options = parse_arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    names = options.only or list(GROUPS)
    with contextlib.closing(Place()) as place:
        can_smtp = any(n.startswith("smtp") for n in names) and own_resolver_settings(place)
        bench = Bench(place, options.build, options.quick, can_smtp)
        print("%-42s %12s %12s %12s  %s" % ("median of the rounds", "floor", "mxward", "", "bar"))
        held = run_groups(bench, names, can_smtp)
        if options.json:
            with open(options.json, "w") as f:
                json.dump(bench.runs, f, indent=1)
    if None in held.values():
        return 2
    return 0 if all(held.values()) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt as error:
        sys.exit("interrupted %s" % error)
    except BedError as error:
        print("bench: %s" % error, file=sys.stderr)
        sys.exit(2)
