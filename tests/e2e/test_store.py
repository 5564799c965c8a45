"""The process that owns the store: without it mail is judged as before, a store that cannot be used
is said once, and one that is killed again and again costs the last second of what was written.
"""
import os
import signal
import threading
import time

from bed.daemon import daemon_folder, run_command, run_status
from bed.place import wait_for
from bed.raw import RawPolicy
from case import MxwardCase
from test_verdicts import OK, SITE
from world import C, CROWD

KILLS = 6
RATE_MS = 10


class Broken(MxwardCase):
    """A daemon whose store cannot be opened; subclasses say why."""

    said = None

    @classmethod
    def setUpClass(cls):
        if cls is Broken:
            cls.skipTest(cls, "")
        super().setUpClass()

    @classmethod
    def make_sections(cls, b):
        folder = b.place.path("store-" + cls.__name__)
        os.makedirs(folder, exist_ok=True)
        return SITE + "[actions]\nrdns_none = reject\n[store]\nfile = %s\n" % cls.prepare(folder)

    def check(self):
        for way in ("policy", "milter"):
            with self.subTest(way=way):
                # For a moment nobody is refused for good: somebody might be exempt.
                wait_for(lambda: self.ask(way, C["no_ptr_localhost"]).code == 550, 10, "a refusal")
                self.assertEqual(str(self.ask(way, C["good"])), OK)
        time.sleep(3)
        errors = self.mxward.log_lines("event=store", "level=error")
        self.assertEqual(len(errors), 1, errors)
        self.assertIn("there is no store for now: cannot", errors[0])
        self.assertIn(self.said, errors[0])
        page = run_status(self.mxward.binary, "-c", self.mxward.conf)[1]
        self.assertRegex(page, r"(?m)^store +\S+/store.db: cannot be used, see the log")
        store = self.mxward.status()["store"]
        self.assertFalse(store["usable"])
        self.assertEqual((store["dropped"], store["lost"]), (0, 0))
        self.assertGreater(store["waiting"], 0)     # until it can be written


class NoFolder(Broken):
    said = "No such file or directory"

    @classmethod
    def prepare(cls, folder):
        cls.folder = os.path.join(folder, "later")
        return os.path.join(cls.folder, "store.db")

    def test_serves(self):
        self.check()
        daemon_folder(self.folder)
        # Tried again after 1, 2, 4 ... seconds.
        wait_for(lambda: self.mxward.status()["store"]["usable"], 30, "the store")
        wait_for(lambda: self.mxward.status()["store"]["waiting"] == 0, 5, "the writes")
        self.mxward.wait_log("event=store", "the store can be used again")


class NotOurs(Broken):
    said = "Permission denied"

    @classmethod
    def prepare(cls, folder):
        if os.geteuid() != 0:
            cls.skipTest(cls, "needs root")
        os.chmod(folder, 0o700)
        return os.path.join(folder, "store.db")

    def test_serves(self):
        self.check()


class ReadOnly(Broken):
    said = "cannot open"

    @classmethod
    def prepare(cls, folder):
        if os.geteuid() != 0:
            cls.skipTest(cls, "needs root")
        path = os.path.join(folder, "store.db")
        with open(path, "wb"):
            pass
        os.chmod(path, 0o444)
        os.chmod(folder, 0o755)
        return path

    def test_serves(self):
        self.check()


class Killed(MxwardCase):
    @classmethod
    def make_sections(cls, b):
        folder = daemon_folder(b.place.path("store-" + cls.__name__))
        cls.store = os.path.join(folder, "store.db")
        return SITE + "[daemon]\nworkers = 1\n[store]\nfile = %s\n" % cls.store

    def one_thread(self, number):
        slowest = 0
        with RawPolicy(self.bed.policy_address) as raw:
            while not self.stop:
                client = CROWD[self.asked % len(CROWD)]
                began = time.monotonic()
                raw.ask(client_address=client.addr, helo_name=client.helo,
                        sender="k%d@good.example" % (self.asked % 97),
                        instance="%d.%d" % (number, self.asked))
                slowest = max(slowest, time.monotonic() - began)
                self.asked += 1
                time.sleep(RATE_MS / 1000)
        self.slowest.append(slowest)

    def keepers(self):
        """The pids of worker, keeper and reader, in the order of their start."""
        status = self.mxward.status()
        keeper = status["store"]["keeper"]
        rest = [p for p in self.mxward.pids() if p not in (self.mxward.process.pid, status["pid"])]
        if not keeper or len(rest) != 2 or keeper["pid"] not in rest:
            return None
        return keeper["pid"], [p for p in rest if p != keeper["pid"]][0]

    def wait_keepers(self):
        wait_for(lambda: self.mxward.status()["store"]["usable"] and self.keepers(), 15,
                 "keeper and reader")
        return self.keepers()

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.mxward.status()["pid"]))

    def test_keeper_comes_behind(self):
        """Whatever the daemon's own priority is, as of this run under nice(1)."""
        worker, (keeper, reader) = self.mxward.status()["pid"], self.wait_keepers()
        nice = [os.getpriority(os.PRIO_PROCESS, pid) for pid in (worker, reader, keeper)]
        self.assertEqual(nice[0], nice[1])
        self.assertGreater(nice[2], nice[0])

    def test_kills_cost_a_second(self):
        self.stop, self.asked, self.slowest = False, 0, []
        worker = self.mxward.status()["pid"]
        threads = [threading.Thread(target=self.one_thread, args=(i,)) for i in range(3)]
        self.wait_keepers()
        for thread in threads:
            thread.start()
        try:
            time.sleep(1)
            before = self.descriptors()
            for i in range(KILLS):
                pids = self.wait_keepers()
                time.sleep(1.5)
                earlier = self.mxward.status()["store"]
                time.sleep(1)
                now = self.mxward.status()["store"]
                os.kill(pids[0], signal.SIGKILL)
                if i & 1:
                    os.kill(pids[1], signal.SIGKILL)
                wait_for(lambda: not self.mxward.status()["store"]["usable"]
                         or self.keepers() not in (None, pids), 5, "the end of the keeper")
                lost = self.mxward.status()["store"]["lost"] - now["lost"]
                self.assertLessEqual(lost, (now["changes"] - earlier["changes"]) * 1.5 + 50)
            self.wait_keepers()
            after = self.descriptors()
        finally:
            self.stop = True
            for thread in threads:
                thread.join()
        self.assertEqual(len(self.slowest), len(threads))   # every request was answered
        self.assertLess(max(self.slowest), 2)
        self.assertLessEqual(after, before + 2)
        status = self.mxward.status()
        self.assertEqual(status["pid"], worker)
        self.assertEqual(sum(status["decisions"].values()), self.asked)
        self.assertEqual(status["store"]["dropped"], 0)
        wait_for(lambda: self.mxward.status()["store"]["waiting"] == 0, 5, "the writes")
        self.assertEqual(len(self.mxward.log_lines("event=keeper_died")), KILLS + KILLS // 2)
        self.assertEqual(self.mxward.log_lines("event=store", "level=error"), [])
        done = run_command(self.mxward.binary, "store", "check", "-c", self.mxward.conf)
        self.assertEqual(done[0], 0, done)
        left = [n for n in os.listdir(os.path.dirname(self.store)) if "corrupt" in n]
        self.assertEqual(left, [])
