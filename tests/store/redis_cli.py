#!/usr/bin/env python3
"""The command `mxward store` with a store in Redis: what it prints, where, and its exit status.

Usage: redis_cli.py MXWARD WRITER
"""
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

from redis_server import SKIP, Server, resp, there

MXWARD, WRITER = sys.argv[1:3]
EX_UNAVAILABLE, EX_NOINPUT, EX_DATAERR, EX_CANTCREAT, EX_CONFIG = 69, 66, 65, 73, 78


class Redis(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.server.say("FLUSHALL")
        self.place = tempfile.TemporaryDirectory(prefix="mxward-redis-")
        self.conf = pathlib.Path(self.place.name, "mxward.conf")
        self.set(f"redis = unix:{self.server.path}")

    def tearDown(self):
        self.place.cleanup()

    def set(self, *lines):
        self.conf.write_text("[store]\n" + "".join(x + "\n" for x in lines))

    def fill(self, n):
        subprocess.run([WRITER, "fill", f"unix:{self.server.path}", str(n)], check=True)

    def run_store(self, *args):
        return subprocess.run([MXWARD, "store", args[0], "-c", self.conf, *map(str, args[1:])],
                              capture_output=True, text=True, timeout=30)

    def good(self, *args):
        done = self.run_store(*args)
        self.assertEqual((done.returncode, done.stderr), (0, ""), args)
        return done.stdout

    def bad(self, status, part, *args):
        done = self.run_store(*args)
        self.assertEqual((done.returncode, done.stdout), (status, ""), (args, done.stderr))
        self.assertIn(part, done.stderr)
        return done.stderr

    def test_check(self):
        self.assertEqual(self.good("check"), f"unix:{self.server.path}: 0 records, no fault\n")
        self.fill(100)
        self.assertEqual(self.good("check"), f"unix:{self.server.path}: 700 records, no fault\n")

    def test_check_finds_what_is_wrong(self):
        self.fill(10)
        key = "mxward:r0:7"
        before = self.server.say("GETRANGE", key, 40, 40)
        self.server.say("SETRANGE", key, 40, "X" if b"X" not in before else "Y")
        self.server.say("DEL", "mxward:r1:3")
        self.server.say("ZADD", "mxward:t30", "-5", "4")
        self.server.say("ZREM", "mxward:t50", "9")
        self.server.say("DEL", "mxward:w4")
        self.server.say("SET", "mxward:r2:5", "not one of ours")
        self.server.say("DEL", "mxward:r2:6")
        self.server.say("LPUSH", "mxward:r2:6", "nor this")
        said = self.bad(EX_DATAERR, 'record "7" of table case is damaged', "check")
        for part in ('an index of table exempt leads to "3", which is not there',
                     'record "4" of table history is filed with other times than its own',
                     'record "9" of table seen is filed with other times than its own',
                     'record "1" of table counter cannot be found by all of its words',
                     'record "5" of table mailbox is damaged',
                     'record "6" of table mailbox is no record: something else has its key'):
            self.assertIn(part, said)

    def test_stats(self):
        self.fill(50)
        text = self.good("stats")
        self.assertIn(f"redis    unix:{self.server.path}, about ", text)
        self.assertNotIn("free", text)
        self.assertIn("exempt           50 records", text)
        stats = json.loads(self.good("stats", "--json"))
        self.assertEqual(stats["redis"], f"unix:{self.server.path}")
        self.assertEqual({t: x["records"] for t, x in stats["tables"].items()},
                         dict.fromkeys(["case", "exempt", "mailbox", "history", "counter", "seen",
                                        "callout"], 50))
        self.assertEqual(stats["size"], sum(x["bytes"] for x in stats["tables"].values()))

    def test_size_is_about_the_servers_memory(self):
        def used():
            info = self.server.say("INFO", "memory").decode()
            return int(info.split("used_memory_dataset:")[1].split()[0])
        before = used()
        self.fill(3000)
        size, grown = json.loads(self.good("stats", "--json"))["size"], used() - before
        self.assertLess(abs(size - grown), grown / 3, (size, grown))

    def test_backup_says_how(self):
        copy = pathlib.Path(self.place.name, "copy")
        self.bad(EX_CANTCREAT, "BGSAVE", "backup", copy)
        self.assertFalse(copy.exists())

    def test_nobody_there(self):
        self.set("redis = inet:127.0.0.1:1")
        self.bad(EX_UNAVAILABLE, "cannot be reached: Connection refused", "stats")
        self.set("redis = unix:/nowhere")
        self.bad(EX_UNAVAILABLE, "cannot be reached: No such file", "check")

    def test_settings(self):
        for line, lines, part in (
                (3, ["file = /var/lib/x.db", f"redis = unix:{self.server.path}"], "either file or redis"),
                (2, ["redis = redis.example:6379"], "inet:ADDRESS:PORT"),
                (2, ["redis = inet:redis.example:6379"], "is not an address"),
                (1, ["redis_user = ann"], "redis_user is nothing without"),
                (1, ["redis_password_file = secret"], "a path that begins with /"),
                (1, ["redis_prefix = a b"], "printable characters"),
                (2, ["redis_db = -1"], "redis_db"),
                (2, ["redis_timeout = 1ms"], "redis_timeout"),
                (2, ["redis_pasword_file = /x"], 'redis_password_file')):
            self.set(*lines)
            self.assertIn(f"{self.conf}:{line}: ", self.bad(EX_CONFIG, part, "stats"), lines)

    def test_prefix_and_database(self):
        self.fill(5)
        here = f"redis = unix:{self.server.path}"
        self.set(here, "redis_prefix = other*:")
        self.assertIn(": 0 records", self.good("check"))
        self.set(here, "redis_db = 3")
        self.assertIn(": 0 records", self.good("check"))
        self.set(here, "redis_db = 1000")
        self.bad(EX_UNAVAILABLE, "out of range", "check")

    def test_password(self):
        secret = pathlib.Path(self.place.name, "secret")
        here = f"redis = unix:{self.server.path}"
        self.fill(5)
        self.server.say("ACL", "SETUSER", "ann", "on", ">hunter2 and more", "~mxward:*", "+@all")
        self.set(here, "redis_user = ann", f"redis_password_file = {secret}")
        self.bad(EX_NOINPUT, "redis_password_file", "stats")
        secret.write_text("")
        self.bad(EX_NOINPUT, "a line with a password is expected", "stats")
        secret.write_text("wrong\n")
        self.assertNotIn("wrong", self.bad(EX_UNAVAILABLE, "does not accept our name and password",
                                           "stats"))
        secret.write_text("hunter2 and more\n")
        self.assertIn("35 records", self.good("check"))
        self.server.say("CONFIG", "SET", "requirepass", "hunter3")
        try:
            self.set(here)
            self.bad(EX_UNAVAILABLE, "wants a password", "stats")
            secret.write_text("hunter3\n")
            self.set(here, f"redis_password_file = {secret}")
            self.assertIn("35 records", self.good("check"))
        finally:
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(str(self.server.path))
                s.sendall(resp("AUTH", "hunter3") + resp("CONFIG", "SET", "requirepass", ""))
                s.recv(100)

    def test_other_format(self):
        self.server.say("SET", "mxward:format", "2")
        self.bad(EX_UNAVAILABLE, "which is newer", "stats")


if __name__ == "__main__":
    if not there:
        print("redis-server is not installed")
        sys.exit(SKIP)
    sys.argv = sys.argv[:1]
    unittest.main()
