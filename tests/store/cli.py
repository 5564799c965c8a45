#!/usr/bin/env python3
"""The command `mxward store` from outside: what it prints, where, and its exit status.

Usage: cli.py MXWARD WRITER
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

MXWARD, WRITER = sys.argv[1:3]
EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_CANTCREAT, EX_NOPERM, EX_CONFIG = 64, 65, 66, 73, 77, 78
TABLES = ["case", "exempt", "mailbox", "history", "counter", "seen", "callout"]
RECORDS = "%d records" % (200 * len(TABLES))


class Store(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.TemporaryDirectory(prefix="mxward-store-")
        cls.full = pathlib.Path(cls.dir.name, "full.db")
        subprocess.run([WRITER, "fill", str(cls.full), "200"], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.dir.cleanup()

    def setUp(self):
        self.place = tempfile.TemporaryDirectory(prefix="mxward-store-")
        self.path = pathlib.Path(self.place.name, "store.db")
        shutil.copy(self.full, self.path)

    def tearDown(self):
        self.place.cleanup()

    def run_store(self, *args, **more):
        return subprocess.run([MXWARD, "store", *map(str, args)], capture_output=True, text=True,
                              timeout=30, **more)

    def good(self, *args):
        done = self.run_store(*args)
        self.assertEqual((done.returncode, done.stderr), (0, ""), args)
        return done.stdout

    def bad(self, status, part, *args, **more):
        done = self.run_store(*args, **more)
        self.assertEqual((done.returncode, done.stdout), (status, ""), (args, done.stderr))
        self.assertIn(part, done.stderr)

    def test_help(self):
        self.assertIn("mxward store backup", self.good("--help"))
        self.assertIn("store", subprocess.run([MXWARD, "--help"], capture_output=True,
                                              text=True).stdout)

    def test_command_line(self):
        self.bad(EX_USAGE, "check, backup or stats")
        self.bad(EX_USAGE, 'did you mean "stats"', "stat")
        self.bad(EX_USAGE, "where to", "backup", "--file", self.path)
        self.bad(EX_USAGE, "unexpected", "check", "--file", self.path, "more")
        self.bad(EX_USAGE, "wrong option", "check", "--fix")
        self.bad(EX_USAGE, "--json is for stats", "check", "--json", "--file", self.path)

    def test_settings_name_the_file(self):
        conf = pathlib.Path(self.place.name, "mxward.conf")
        conf.write_text(f"[store]\nfile = {self.path}\n")
        self.assertIn(RECORDS, self.good("check", "-c", conf))
        conf.write_text("[store]\nkeep_refused = 90d\n")
        self.bad(EX_CONFIG, "there is no store", "check", "-c", conf)
        conf.write_text("[store]\nfile = store.db\n")
        self.bad(EX_CONFIG, f"{conf}:1: file = store.db: a path", "check", "-c", conf)
        conf.write_text("[store]\nkeep_accepted = 5m\n")
        self.bad(EX_CONFIG, f"{conf}:2: ", "check", "-c", conf)

    def test_check(self):
        before = self.path.read_bytes()
        self.assertEqual(self.good("check", "--file", self.path),
                         f"{self.path}: {RECORDS}, no fault\n")
        self.assertEqual(self.path.read_bytes(), before)

    def test_check_finds_damage_and_repairs_nothing(self):
        data = bytearray(self.path.read_bytes())
        at = data.index(b"199 000")
        data[at] ^= 1
        self.path.write_bytes(data)
        self.bad(EX_DATAERR, 'record "199" of table', "check", "--file", self.path)
        self.assertEqual(self.path.read_bytes(), data)
        data[4096 * 3:4096 * 4] = bytes(4096)
        self.path.write_bytes(data)
        self.bad(EX_DATAERR, str(self.path), "check", "--file", self.path)
        self.path.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 40)
        self.bad(EX_DATAERR, str(self.path), "check", "--file", self.path)
        self.assertEqual([p.name for p in self.path.parent.iterdir() if "corrupt" in p.name], [])

    def test_files_that_are_none(self):
        for verb in ["check"], ["stats"], ["backup", self.path.with_name("copy")]:
            self.bad(EX_NOINPUT, "No such file", verb[0], "--file", "/nonexistent/x", *verb[1:])
            self.bad(EX_DATAERR, "no store of mxward", verb[0], "--file", "/etc/passwd", *verb[1:])
        self.path.write_bytes(b"")
        self.bad(EX_DATAERR, "no store of mxward", "check", "--file", self.path)
        self.assertEqual(self.path.stat().st_size, 0)
        if os.getuid() == 0:
            os.chmod(self.place.name, 0o755)
            os.chmod(self.path, 0o600)
            self.bad(EX_NOPERM, "Permission denied", "check", "--file", self.path, user=65534)

    def test_stats(self):
        o = json.loads(self.good("stats", "--json", "--file", self.path))
        self.assertEqual(list(o["tables"]), TABLES)
        self.assertEqual([t["records"] for t in o["tables"].values()], [200] * len(TABLES))
        self.assertEqual((o["size"], o["file"]), (self.path.stat().st_size, str(self.path)))
        self.assertTrue(all(0 <= t["newest_s"] <= t["oldest_s"] < 600 for t in o["tables"].values()))
        text = self.good("stats", "--file", self.path)
        for table in TABLES:
            self.assertRegex(text, rf"(?m)^{table} +200 records, [\d.]+ KiB, changed last \d+ \w+ ")
        self.assertNotIn("wall clock", text)

    def test_backup(self):
        copy = self.path.with_name("copy.db")
        self.assertEqual(self.good("backup", "--file", self.path, copy), "")
        self.assertEqual(copy.stat().st_mode & 0o777, 0o600)
        self.assertIn(RECORDS, self.good("check", "--file", copy))
        before = copy.read_bytes()
        self.bad(EX_CANTCREAT, "exists already", "backup", "--file", self.path, copy)
        self.assertEqual(copy.read_bytes(), before)
        self.bad(EX_CANTCREAT, "No such file", "backup", "--file", self.path, "/nonexistent/copy")
        self.assertEqual([p.name for p in self.path.parent.iterdir() if "part" in p.name], [])

    def test_while_it_is_written(self):
        path = self.path.with_name("busy.db")
        writer = subprocess.Popen([WRITER, "run", str(path)], stdout=subprocess.PIPE)
        try:
            while not writer.stdout.readline().startswith(b"a"):
                pass
            os.set_blocking(writer.stdout.fileno(), False)
            for i in range(5):
                writer.stdout.read()
                began = time.monotonic()
                copy = path.with_name(f"copy{i}.db")
                self.good("backup", "--file", path, copy)
                self.assertIn("no fault", self.good("check", "--file", path))
                self.good("stats", "--file", path)
                # A copy is as of one moment: exactly the numbers up to a last one.
                look = subprocess.run([WRITER, "verify", str(copy)], capture_output=True, text=True)
                self.assertEqual((look.returncode, look.stderr), (0, ""))
                self.assertLess(time.monotonic() - began, 20)
                self.assertIsNone(writer.poll())
        finally:
            writer.kill()
            writer.wait()
            writer.stdout.close()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
