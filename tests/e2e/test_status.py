"""mxward status: what it says is true, and it fails as its manual says."""
import collections
import concurrent.futures
import contextlib
import os
import pty
import pwd
import re
import socket
import stat
import subprocess
import threading
import time

from bed.daemon import Mxward, find_binary, run_status
from bed.dns import SlowResolver
from bed.place import can_connect, wait_for
from bed.raw import RawPolicy
from case import Case, MxwardCase, build_folder
from test_verdicts import SITE
from world import C, CROWD

EX_UNAVAILABLE, EX_PROTOCOL, EX_NOPERM, EX_CONFIG = 69, 76, 77, 78
THREADS, MESSAGES = 6, 60


class StatusCase(MxwardCase):
    def page(self):
        """What people see."""
        status, out, err = run_status(self.mxward.binary, "-c", self.mxward.conf)
        self.assertEqual((status, err), (0, ""))
        self.assertTrue(out.replace("\n", "").isprintable(), out)     # no terminal, no colour
        return out

    def wait_lines(self, n):
        """The log gathers lines for a moment."""
        wait_for(lambda: len(self.mxward.log_lines("event=decision")) == n, 5,
                 "%d decisions in the log" % n)

    def logged(self):
        """(verdicts, findings) counted in the log."""
        verdicts, findings = collections.Counter(), collections.Counter()
        for line in self.mxward.log_lines("event=decision"):
            verdicts[re.search(r" verdict=(\w+)", line)[1]] += 1
            for item in re.search(r" findings=(\S+)", line)[1].strip('"').split(","):
                findings[item.partition(":")[0]] += 1
        del findings[""]
        return dict(verdicts), dict(findings)


class Load(StatusCase):
    sections = SITE + """[policy]
temperror_again = 1d
[actions]
rdns_none = reject
helo_bare_ip = tag
[exempt]
192.0.2.24 = rdns generic_rdns
"""
    # Accepted; refused; marked; put off once for each sender, then accepted.
    play = ("good", "no_ptr", "bare_ip", "dns_failure")

    def wait_quiet(self):
        def quiet():
            now = self.mxward.status()
            return (now["streams"], now["visits"]) == (0, 0)
        wait_for(quiet, 3, "no connection and no message")

    def one_thread(self, number):
        with RawPolicy(self.bed.policy_address) as raw:
            for i in range(MESSAGES):
                for name in self.play:
                    raw.ask(client_address=C[name].addr, helo_name=C[name].helo,
                            sender="t%d@good.example" % number,
                            instance="%d.%d.%s" % (number, i, name))
                    client = CROWD[(number * MESSAGES + i) % len(CROWD)]
                    raw.ask(client_address=client.addr, helo_name=client.helo,
                            sender="crowd@good.example", instance="%d.%d.c" % (number, i))

    def test_counts_under_load(self):
        stop, seen, total = threading.Event(), [], THREADS * MESSAGES
        before = self.mxward.status()
        lines = sum(before["decisions"].values())
        self.wait_lines(lines)

        def watch():
            while not stop.is_set():
                seen.append(self.mxward.status())
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(self.one_thread, range(THREADS)))
        finally:
            stop.set()
            watcher.join()
        self.wait_lines(lines + 8 * total)
        now, (verdicts, findings) = self.mxward.status(), self.logged()
        self.assertEqual(
            {name: now["decisions"][name] - n for name, n in before["decisions"].items()},
            {"accept": 6 * total - THREADS, "tag": total, "quarantine": 0, "defer": THREADS, "reject": total})
        self.assertEqual({k: n for k, n in now["decisions"].items() if n}, verdicts)
        self.assertEqual(now["findings"], findings)
        self.assertEqual(now["findings"]["rdns_none"], total)
        # Nothing ever went back, and the connections were seen.
        sums = [sum(s["decisions"].values()) for s in seen]
        self.assertEqual(sums, sorted(sums))
        self.assertGreater(len(seen), 3)
        self.assertIn(max(s["streams"] for s in seen), range(1, THREADS + 1))
        self.check_dns(now)
        self.wait_quiet()
        page = self.page()
        self.assertIn("decisions %d: accept %d, tag %d, quarantine 0, defer %d, reject %d\n" % (
            lines + 8 * total, verdicts["accept"], total, THREADS, total), page)
        self.assertRegex(page, r"\n(findings)? +%d  rdns_none\n" % total)

    def check_dns(self, now):
        dns, cache = now["dns"], now["cache"]
        self.assertGreater(dns["asked"], 200)
        self.assertEqual(dns["asked"], dns["answered"] + dns["failed"] + dns["in_flight"]
                         + dns["waiting"])
        self.assertGreater(dns["failed"], 0)            # the broken zone
        self.assertEqual(dns["servers"], [
            {"address": "127.0.0.1@%d" % self.bed.unbound.port, "state": "healthy"}])
        self.assertGreater(cache["hits"], cache["misses"])
        self.assertGreater(cache["entries"], 200)
        self.assertGreater(cache["bytes"], 20000)

    def test_an_open_message_is_seen(self):
        self.wait_quiet()
        with RawPolicy(self.bed.policy_address) as raw:
            raw.ask(client_address=C["good"].addr, instance="open.1")
            now = self.mxward.status()
            self.assertEqual((now["streams"], now["visits"]), (1, 1))
        self.wait_quiet()

    def test_who_and_since_when(self):
        now = self.mxward.status()
        workers = [p for p in self.mxward.pids() if p != self.mxward.process.pid]
        self.assertEqual(([now["pid"]], now["worker"], now["workers"]), (workers, 1, 1))
        self.assertEqual(now["settings"], self.mxward.conf)
        began = time.mktime(time.strptime(now["started"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
        self.assertLess(abs(time.time() - began - now["uptime_s"]), 3)
        self.assertIn("worker 1 of 1\n", self.page())
        self.assertEqual(now["lists"], [])
        self.assertEqual(now["log_dropped"], 0)


class DeadResolver(StatusCase):
    sections = SITE

    @classmethod
    def make_resolver(cls, b):
        return SlowResolver(b.loop, b.place, 0, None).port

    def test_it_is_shown_as_dead(self):
        self.assertEqual(self.mxward.status()["dns"]["servers"][0]["state"], "healthy")
        for i in range(2):
            with RawPolicy(self.bed.policy_address) as raw:
                raw.ask(client_address=CROWD[i].addr, helo_name=CROWD[i].helo)
        wait_for(lambda: self.mxward.status()["dns"]["servers"][0]["state"] == "dead", 8,
                 "the resolver to be dead")
        dns = self.mxward.status()["dns"]
        self.assertGreaterEqual(dns["timeouts"], 3)
        self.assertEqual((dns["answered"], dns["asked"]),
                         (0, dns["failed"] + dns["in_flight"] + dns["waiting"]))
        self.assertIn("\n          127.0.0.1@%d dead\n" % self.mxward.resolver_port, self.page())


class Health(StatusCase):
    sections = SITE + "[policy]\nprofile = strict\n[health]\nsuspend = 10m\n"

    def ask_all(self, addresses):
        with RawPolicy(self.bed.policy_address) as raw:
            return [raw.ask(client_address=addr, instance="health.%d" % i,
                            sender="h%d@good.example" % i, helo_name="mail.alarm.example")
                    for i, addr in enumerate(addresses)]

    def test_suspended_finding_and_lost_address(self):
        self.assertEqual(self.mxward.status()["health"],
                         {"client_address_lost": False, "suspended": []})
        self.assertIn("health    no alarm\n", self.page())
        self.ask_all([c.addr for c in CROWD])
        self.ask_all(["198.18.0.%d" % i for i in range(200)])
        left = {one["finding"]: one["seconds_left"]
                for one in self.mxward.status()["health"]["suspended"]}
        self.assertTrue(590 <= left["rdns_none"] <= 600, left)
        self.assertNotIn("rdns_ok", left)
        self.assertRegex(self.page(),
                         r"health    rdns_none is suspended for another (10 min|9 min \d+ s):")
        self.ask_all(["172.17.0.1"] * 100)
        health = self.mxward.status()["health"]
        self.assertEqual((health["client_address_lost"], health["lost_behind"]),
                         (True, "172.17.0.1"))
        page = self.page()
        self.assertIn("health    client addresses are lost: nearly all clients are 172.17.0.1", page)
        self.assertIn("\n          rdns_none is suspended", page)
        # A reload forgets what was learnt under the old settings.
        self.mxward.reload()
        wait_for(lambda: self.mxward.status()["generation"] == 2, 5, "the new settings")
        self.assertIn("health    no alarm\n", self.page())


class Workers(StatusCase):
    sections = SITE + "[daemon]\nworkers = 3\n"

    def test_each_answers_for_itself(self):
        pids = {}
        for _ in range(20):
            now = self.mxward.status()
            self.assertEqual(now["workers"], 3)
            self.assertIn(now["worker"], (1, 2, 3))
            self.assertEqual(pids.setdefault(now["worker"], now["pid"]), now["pid"])
        self.assertRegex(self.page(), r", worker [123] of 3 \(each counts for itself\)\n")


class Reload(StatusCase):
    sections = SITE

    def test_generation(self):
        self.assertEqual(self.mxward.status()["generation"], 1)
        self.mxward.reload()
        wait_for(lambda: self.mxward.status()["generation"] == 2, 5, "the second generation")
        with open(self.mxward.conf) as f:
            text = f.read()
        self.mxward.place.write(self.mxward.name + ".conf", text + "[nonsense]\n")
        self.mxward.reload()
        self.mxward.wait_log("event=reload_failed")
        # The file cannot be read, but the daemon can be asked.
        done = run_status(self.mxward.binary, "-c", self.mxward.conf)
        self.assertEqual(done[:2], (EX_CONFIG, ""))
        self.assertIn("[nonsense]", done[2])
        self.assertIn("--socket", done[2])
        status, out, _ = run_status(self.mxward.binary, "--socket", self.mxward.control)
        self.assertEqual(status, 0)
        self.assertIn("generation 2\n", out)
        self.mxward.place.write(self.mxward.name + ".conf", text)


def daemon_user():
    """(uid, gid) that a daemon started by us serves as."""
    if os.geteuid():
        return os.geteuid(), os.getegid()
    for name in ("mxward", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise KeyError("no user for the daemon")


class Socket(Case):
    """The socket itself; each test has daemons of its own."""

    def setUp(self):
        super().setUp()
        place, self.binary = self.bed.place, find_binary(build_folder())
        # As systemd makes /run/mxward: it belongs to the daemon's user.
        self.dir = place.mkdir("run-" + self.id().rpartition(".")[2])
        if os.geteuid() == 0:
            os.chown(self.dir, *daemon_user())
        self.path = os.path.join(self.dir, "control")
        self.daemons = []

    def tearDown(self):
        for daemon in self.daemons:
            if daemon.process and daemon.process.alive():
                daemon.stop()
        super().tearDown()

    def daemon(self, start=True, control=None, sections=""):
        place = self.bed.place
        d = Mxward(place, self.binary, self.bed.unbound.port, sections=sections,
                   control=self.path if control is None else control,
                   policy=("127.0.0.1", place.port()))
        self.daemons.append(d)
        return self.start(d) if start else d

    def start(self, daemon):
        """Until a worker serves: its sockets are there before it is."""
        daemon.start()
        if daemon.control:
            daemon.status()
        return daemon

    def start_in_vain(self, daemon):
        daemon.process = self.bed.place.start(
            daemon.name, [self.binary, "serve", "-c", daemon.conf])
        self.assertEqual(daemon.process.popen.wait(10), EX_UNAVAILABLE)

    def assertFails(self, done, status, *words):
        self.assertEqual(done[:2], (status, ""), done[2])
        self.assertEqual(done[2].count("\n"), 1, done[2])
        for word in words:
            self.assertIn(word, done[2])

    def ask(self, *arguments, **more):
        return run_status(self.binary, *(arguments or ("--socket", self.path)), **more)

    def test_owner_and_permissions(self):
        self.daemon()
        st = os.stat(self.path)
        self.assertEqual(stat.S_IMODE(st.st_mode), 0o600)
        self.assertEqual((st.st_uid, st.st_gid), daemon_user())

    def test_control_mode(self):
        self.daemon(sections="[listen]\ncontrol_mode = 660\n")
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o660)
        self.assertEqual(self.ask()[0], 0)

    def test_stop_removes_it(self):
        d = self.daemon()
        self.assertEqual(self.ask()[0], 0)
        self.assertEqual(d.stop(), 0)
        self.assertFalse(os.path.lexists(self.path))
        self.assertFails(self.ask(), EX_UNAVAILABLE, "no daemon answers at " + self.path)

    def test_a_silent_client_does_not_hold_up_the_stop(self):
        d = self.daemon()
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.path)
            began = time.monotonic()
            self.assertEqual(d.stop(), 0)
            self.assertLess(time.monotonic() - began, 3)

    def test_stale_socket_is_replaced(self):
        d = self.daemon()
        d.kill()
        self.assertTrue(os.path.lexists(self.path))
        self.assertFails(self.ask(), EX_UNAVAILABLE, "Connection refused")
        self.start(d)
        self.assertEqual(self.ask()[0], 0)

    def test_live_socket_is_not_stolen(self):
        first, second = self.daemon(), self.daemon(start=False)
        self.start_in_vain(second)
        self.assertIn(self.path + " is in use by another process", second.log())
        self.assertFalse(can_connect(second.policy))
        self.assertEqual(first.status()["settings"], first.conf)
        self.assertEqual(first.status()["decisions"]["accept"], 0)

    def test_explicit_path_that_cannot_be(self):
        self.path = os.path.join(self.dir, "missing", "control")
        d = self.daemon(start=False)
        self.start_in_vain(d)
        self.assertIn(self.path, d.log())

    def test_default_path_that_cannot_be(self):
        if os.path.exists("/run/mxward"):
            self.skipTest("/run/mxward is there, and not ours to use")
        d = self.daemon(control="")
        with open(d.conf) as f:
            self.assertNotIn("control", f.read())
        (line,) = d.log_lines("/run/mxward/control")
        self.assertIn("level=warn", line)
        with RawPolicy(d.policy) as raw:
            self.assertEqual(raw.ask(), "DUNNO")
        self.assertFails(self.ask("-c", d.conf), EX_UNAVAILABLE, "/run/mxward/control")

    def test_none_is_configured(self):
        d = self.daemon(control="", sections="[listen]\ncontrol =\n")
        self.assertEqual(d.log_lines("control"), [])
        self.assertFails(self.ask("-c", d.conf), EX_UNAVAILABLE, "[listen] control is empty")

    def test_wrong_path(self):
        self.daemon()
        self.assertFails(self.ask("--socket", self.path + "x"), EX_UNAVAILABLE,
                         "no daemon answers at %sx: No such file" % self.path)
        self.assertFails(self.ask("--socket", "/etc/passwd"), EX_UNAVAILABLE, "/etc/passwd")
        self.assertFails(self.ask("--socket", "/" + "x" * 200), EX_UNAVAILABLE, "too long")

    def test_no_permission(self):
        self.daemon()
        more = {}
        if os.geteuid() == 0:
            more = {"user": 12345, "group": 12345, "extra_groups": []}
        else:
            os.chmod(self.path, 0)
        try:
            done = self.ask("--socket", self.path, **more)
        except PermissionError:
            self.skipTest("another user cannot reach the binary")
        self.assertFails(done, EX_NOPERM, "may not ask at " + self.path)

    def test_unreadable_settings(self):
        if os.geteuid():
            self.skipTest("needs another user")
        d = self.daemon()
        os.chmod(d.conf, 0o600)
        try:
            done = self.ask("-c", d.conf, user=12345, group=12345, extra_groups=[])
        except PermissionError:
            self.skipTest("another user cannot reach the binary")
        self.assertFails(done, EX_NOPERM, "may not read " + d.conf, "--socket")

    def test_frozen_daemon(self):
        d = self.daemon()
        d.freeze()
        try:
            began = time.monotonic()
            self.assertFails(self.ask(), EX_UNAVAILABLE, "did not answer within 5 s")
            self.assertTrue(4.5 < time.monotonic() - began < 7)
        finally:
            d.thaw()
        self.assertEqual(self.ask()[0], 0)

    @contextlib.contextmanager
    def impostor(self, answer):
        """Whatever sits at the socket, and says this."""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path)
            listener.listen()

            def serve():
                s, _ = listener.accept()
                with s:
                    s.recv(100)
                    with contextlib.suppress(OSError):
                        s.sendall(answer)
            thread = threading.Thread(target=serve)
            thread.start()
            try:
                yield
            finally:
                thread.join()
                os.unlink(self.path)

    def test_answers_that_are_none(self):
        for answer, status, word in (
                (b"", EX_UNAVAILABLE, "without an answer"),
                (b"{}", EX_PROTOCOL, "no mxward"),
                (b"[]\n", EX_PROTOCOL, "no mxward"),
                (b"null\n", EX_PROTOCOL, "no mxward"),
                (b"{\"a\":1\n", EX_PROTOCOL, "no mxward"),
                (b"220 mail.example ESMTP\r\n", EX_PROTOCOL, "no mxward"),
                (b"{\"version\":\"\033[2J\"}\n", EX_PROTOCOL, "no mxward"),
                (b"{\"version\":\"\xc2\x9b2J\"}\n", EX_PROTOCOL, "no mxward"),
                (b" " * 300000 + b"{}\n", EX_PROTOCOL, "no mxward"),
                (b"{\"error\":\"no \\u001b[2J\"}\n", EX_UNAVAILABLE, "says: no \\027[2J\n")):
            for form in ((), ("--json",)):
                with self.subTest(answer[:40], form=form), self.impostor(answer):
                    self.assertFails(self.ask("--socket", self.path, *form), status, word)

    def test_hostile_answer_is_escaped(self):
        evil = b"\\u001b[2J\\u009b\\u0007"
        answer = (b'{"version":"EVIL","settings":"EVIL","started":"EVIL","pid":-5,"worker":"EVIL",'
                  b'"workers":9223372036854775807,"uptime_s":9223372036854775807,'
                  b'"decisions":{"EVIL":9223372036854775807,"b":9223372036854775807},'
                  b'"findings":{"EVIL":1,"x":"EVIL"},"dns":{"servers":[{"address":"EVIL",'
                  b'"state":"EVIL"},7,null]},"cache":{"hits":9223372036854775807,'
                  b'"misses":9223372036854775807,"bytes":9223372036854775807},'
                  b'"health":{"client_address_lost":true,"lost_behind":"EVIL","suspended":'
                  b'[{"finding":"EVIL"},[]]},"lists":[{"list":"EVIL","state":"EVIL","text":'
                  b'"EVIL"},{"list":"zen.example","tested_s":61}]}\n').replace(b"EVIL", evil)
        with self.impostor(answer):
            status, out, err = self.ask()
        self.assertEqual((status, err), (0, ""))
        self.assertTrue(out.isascii() and out.replace("\n", "").isprintable(), out)
        self.assertIn("settings  \\027[2J\\194\\155\\007, generation 0\n", out)
        self.assertRegex(out, "\n          zen.example , tested 1 ?m[^\n]* ago\n")
        with self.impostor(answer):
            self.assertEqual(self.ask("--socket", self.path, "--json"), (0, answer.decode(), ""))

    def test_an_answer_that_says_little(self):
        """An older or newer daemon: what is missing is shown as nothing."""
        with self.impostor(b"{}\n"):
            status, out, err = self.ask()
        self.assertEqual((status, err), (0, ""))
        self.assertIn("decisions 0\n", out)

    def on_terminal(self, **environment):
        """What a terminal gets."""
        ours, theirs = pty.openpty()
        environment = {**os.environ, **environment}
        with self.impostor(b"{}\n"), os.fdopen(theirs, "w") as out:
            subprocess.run([self.binary, "status", "--socket", self.path], stdout=out,
                           stdin=subprocess.DEVNULL, env=environment, check=True, timeout=20)
        got = b""
        with contextlib.suppress(OSError):      # EIO: the other end is closed
            while part := os.read(ours, 4096):
                got += part
        os.close(ours)
        return got.decode()

    def test_colour_on_a_terminal(self):
        self.assertIn("health    \033[1;32mno alarm\033[0m", self.on_terminal(NO_COLOR=""))
        self.assertNotIn("\033", self.on_terminal(NO_COLOR="1"))

    def test_wrong_command_line(self):
        for arguments in (("x",), ("--sock",), ("--nonsense",), ("-c",)):
            status, out, err = self.ask(*arguments)
            self.assertEqual((status, out), (64, ""), arguments)
            self.assertIn("--help", err)
        status, out, err = self.ask("--help")
        self.assertEqual((status, err), (0, ""))
        self.assertIn("Usage: mxward status", out)
