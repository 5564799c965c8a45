"""The process that makes callouts: it is killed, and it gets new settings, in the midst of it; no mail
goes without its answer for that, and nobody is asked more than is allowed.
"""
import os
import signal
import socket
import threading
import time

from bed.place import wait_for
from bed.raw import RawPolicy
from test_callout import Asked
from world import C


class Killed(Asked):
    """Who makes callouts dies.  Without a store its only other process is the worker."""
    more = "per_server = 600\nper_minute = 6000"

    @classmethod
    def make_sections(cls, b):
        return super().make_sections(b).partition("[store]")[0]

    def caller(self):
        worker = self.mxward.status()["pid"]
        return [p for p in self.mxward.pids() if p not in (worker, self.mxward.process.pid)]

    def kill(self):
        """Kill it; another has taken its place, and knows that it may ask."""
        pids, times = self.caller(), len(self.mxward.log_lines("callouts_on", "IPv4"))
        self.assertEqual(len(pids), 1)
        os.kill(pids[0], signal.SIGKILL)
        wait_for(lambda: self.caller() not in ([], pids), 10, "another caller")
        self.mxward.wait_log("callouts_on", "IPv4", seconds=10, after=times)

    def keep_asking(self, k):
        client, n = C["no_ptr"], 0
        with RawPolicy(self.bed.policy_address) as policy:
            while not self.enough:
                begun = time.monotonic()
                n += 1
                policy.ask(client_address=client.addr, helo_name=client.helo,
                           sender="k%d.%d@callee.example" % (k, n), recipient="user@example.org")
                self.times.append(time.monotonic() - begun)
        self.ended += 1

    def test_under_load(self):
        self.enough, self.times, self.ended, worker = False, [], 0, self.mxward.status()["pid"]
        before = len(self.mxward.log_lines("event=keeper_died", "caller"))
        threads = [threading.Thread(target=self.keep_asking, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(4):
                time.sleep(0.4)
                self.kill()
        finally:
            self.enough = True
            for thread in threads:
                thread.join()
        self.assertEqual(self.ended, len(threads))      # each request had its answer
        self.assertLess(max(self.times), 4)
        self.assertEqual(self.mxward.status()["pid"], worker)
        died = self.mxward.log_lines("event=keeper_died", "caller")[before:]
        self.assertEqual([x for x in died if "signal=9" not in x], [])
        self.assertEqual(len(died), 4)
        time.sleep(0.5)
        self.assertIn("status=ok", self.outcome("ann@callee.example"))

    def test_too_much_is_told(self):
        times = len(self.mxward.log_lines("setting_high"))
        self.mxward.wait_log("event=setting_high", "[callout] per_server = 600 is more than 6")
        self.mxward.reload()
        self.mxward.wait_log("event=setting_high", "per_minute = 6000", after=times // 2)

    def test_silent_server_while_killed(self):
        """A mail that waits for its answer does not wait for longer."""
        self.callee.mode = "silent at MAIL"
        asked = threading.Thread(target=self.keep_asking, args=(9,))
        self.enough, self.times, self.ended = False, [], 0
        asked.start()
        wait_for(lambda: self.callee.sessions, 5, "a callout")
        self.enough = True
        self.kill()
        asked.join()
        self.assertEqual(self.ended, 1)
        self.assertLess(max(self.times), 3)


class Spent(Killed):
    """Whoever takes its place may do no more than what is left."""
    more = "per_server = 600\nper_minute = 5"
    test_under_load = test_silent_server_while_killed = test_too_much_is_told = None

    def test_budget_outlives_it(self):
        for _ in range(2):
            for n in range(10):
                self.ask("policy", C["no_ptr"], sender="s%d.%d@callee.example" % (self.caller()[0], n))
            self.kill()
        self.assertEqual(len(self.callee.begun), 5)


class Reloaded(Asked):
    """New settings while a callout waits for DNS, or for a server."""
    more = "timeout = 600ms"

    @classmethod
    def make_sections(cls, b):
        return super().make_sections(b).replace("timeout = 1s\n", "").replace(
            "[dns]\n", "[dns]\ntimeout = 500ms\n").replace("rdns spf callout", "callout")

    @classmethod
    def make_resolver(cls, b):
        """One that hears and says nothing."""
        cls.dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        cls.dns.bind(("127.0.0.1", 0))
        cls.dns.settimeout(5)
        return cls.dns.getsockname()[1]

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.dns.close()

    def test_waiting_for_dns(self):
        times = len(self.mxward.log_lines("reloaded"))
        asked = threading.Thread(target=self.ask, args=("policy", C["no_ptr"]),
                                 kwargs={"sender": "ann@silent.example"})
        asked.start()
        wait_for(lambda: b"\6silent\7example\0\0\x0f" in self.dns.recv(512), 5, "its MX")
        self.mxward.reload()
        line = self.mxward.wait_log("callout ", "address=ann@silent.example ")
        self.assertIn("DNS does not tell the domain's mail server in time", line)
        asked.join()
        self.mxward.wait_log("reloaded", after=times)
        self.assertEqual(self.mxward.log_lines("keeper_died"), [])

    def test_waiting_for_a_server(self):
        self.callee.mode = "silent at MAIL"
        asked = threading.Thread(target=self.ask, args=("policy", C["no_ptr"]),
                                 kwargs={"sender": "bob@callee.example"})
        asked.start()
        wait_for(lambda: self.callee.sessions, 10, "a callout")
        self.mxward.reload()
        self.assertIn("time is up",
                      self.mxward.wait_log("callout ", "address=bob@callee.example "))
        asked.join()
        self.assertEqual(self.mxward.log_lines("keeper_died"), [])
