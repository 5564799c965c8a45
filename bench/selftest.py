#!/usr/bin/env python3
"""Are the instruments right?  selftest.py BUILD: the load generators against the servers that do
nothing, with a bystander on the wire, and against servers that misbehave.  No figures are judged.
"""
import json
import os
import socket
import struct
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "tests", "e2e")]
sys.dont_write_bytecode = True

import workload                                                         # noqa: E402
from bed.daemon import address_text                                     # noqa: E402
from bed.place import Place, can_connect, wait_for                      # noqa: E402
from bed.tap import Loop, NoopMilter, NoopPolicy, milter_tap, policy_tap    # noqa: E402

BUILD = "build"
# Postfix 3.7, in its order.
ATTRIBUTES = """request protocol_state protocol_name client_address client_name client_port
    reverse_client_name server_address server_port helo_name sender recipient recipient_count
    queue_id instance size etrn_domain stress sasl_method sasl_username sasl_sender ccert_subject
    ccert_issuer ccert_fingerprint ccert_pubkey_fingerprint encryption_protocol encryption_cipher
    encryption_keysize policy_context""".split()
NR_ALL_BUT_RCPT = 0x80 | 0x1000 | 0x2000 | 0x4000 | 0x10000 | 0x40000 | 0x80000


def program(name):
    return os.path.join(BUILD, "bench", name)


class Instruments(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = Place()
        cls.addClassCleanup(cls.place.close)
        cls.loop = Loop(cls.place)
        cls.tx = workload.write_transactions(workload.Workload(200, 7), cls.place.dir, 300)[0]

    def address(self):
        return ("127.0.0.1", self.place.port())

    def noop(self, kind):
        address = self.address()
        server = self.place.start("noop_" + kind, [program("noop_" + kind), address_text(address)],
                                  env={"BENCH_DIR": self.place.dir})
        server.wait_ready(lambda: can_connect(address))
        return address, server.pid

    def load(self, kind, address, *options, status=0):
        done = subprocess.run(
            [program(kind + "_load"), "--to", address_text(address), "--transactions", self.tx,
             *options], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout)

    def settled(self, tap, count):
        """The exchanges, when all have been seen."""
        wait_for(lambda: len([x for x in tap.exchanges if x.answer]) == count, 5,
                 "%d exchanges" % count)
        self.assertEqual(tap.problems, [])
        return tap.exchanges

    def test_policy(self):
        target, pid = self.noop("policy")
        tap = policy_tap(self.loop, self.address(), target)
        report = self.load("policy", tap.address, "--count", "100", "--warmup", "50", "--rcpts",
                           "3", "--pid", str(pid))
        asked = [x.request for x in self.settled(tap, 450)]
        self.assertEqual([report[k] for k in ("transactions", "answers", "errors", "verdicts")],
                         [100, 300, 0, {"DUNNO": 300}])
        self.assertGreater(report["servers"][0]["cpu_s"], 0)
        self.assertGreater(report["servers"][0]["pss_kib"], 0)
        self.assertEqual(list(asked[0]), ATTRIBUTES)
        self.assertEqual(len({r["instance"] for r in asked}), 150)
        self.assertEqual(len({(r["instance"], r["recipient"]) for r in asked}), 450)

    def test_milter(self):
        target, pid = self.noop("milter")
        tap = milter_tap(self.loop, self.address(), target)
        report = self.load("milter", tap.address, "--count", "50", "--rcpts", "2", "--message",
                           "--pid", str(pid))
        kinds = [x.kind for x in self.settled(tap, 50 * 6)]
        self.assertEqual({k: kinds.count(k) for k in kinds},
                         {"OPTNEG": 50, "CONNECT": 50, "HELO": 50, "RCPT": 100, "BODYEOB": 50})
        self.assertEqual(report["verdicts"]["rcpt c"], 100)
        self.assertEqual(tap.connections, 50)
        self.load("milter", tap.address, "--count", "50", "--keep", "--connections", "5")
        self.settled(tap, 50 * 6 + 5 + 50 * 3)

    def test_milter_that_refuses(self):
        replies = {"R": [b"y550 5.7.25 no reverse name\0"]}
        address = self.address()
        NoopMilter(self.loop, address, lambda command, data: replies.get(command, [b"c"]))
        report = self.load("milter", address, "--count", "20", "--message")
        self.assertEqual(report["verdicts"], {"connect c": 20, "helo c": 20, "mail c": 20,
                                              "rcpt y 550 5.7.25": 20})

    def test_milter_that_answers_only_recipients(self):
        seen = []

        def answer(command, data):
            seen.append(command)
            return {"R": [b"c"], "E": [b"h" + b"X-A\0b\0", b"c"]}.get(command, [])
        address = self.address()
        NoopMilter(self.loop, address, answer, protocol=NR_ALL_BUT_RCPT | 0x2)     # no HELO
        report = self.load("milter", address, "--count", "5", "--message", "--connections", "1")
        self.assertEqual(report["verdicts"], {"rcpt c": 5, "eom c": 5})
        self.assertEqual("".join(seen[:15]), "CMRT" + 10 * "L" + "N")

    def test_errors_are_counted(self):
        address = self.address()
        NoopPolicy(self.loop, address, lambda attributes: b"action\n\n")
        report = self.load("policy", address, "--count", "30", status=1)
        self.assertEqual((report["errors"], report["answers"]), (30, 0))

    def converse(self, kind, data, size):
        """Sends data byte by byte and reads so many bytes; then the end must come after QUIT."""
        with socket.create_connection(self.noop(kind)[0], 5) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for i in range(len(data)):
                s.send(data[i:i + 1])
            got = b""
            while len(got) < size:
                got += s.recv(4096) or self.fail("closed after %r" % got)
            s.settimeout(0.2)
            try:
                return got, s.recv(1)
            except socket.timeout:
                return got, None

    def test_noop_policy_in_pieces(self):
        self.assertEqual(self.converse("policy", b"a=b\nc=\n\na=\n\nrequest=x\n", 28),
                         (2 * b"action=DUNNO\n\n", None))

    def test_noop_milter_in_pieces(self):
        def frame(data):
            return struct.pack("!I", len(data)) + data
        asked = [b"O" + struct.pack("!III", 6, 0x21, 0x10), b"DCj\0mx\0", b"Ca\0" + b"U",
                 b"L" + 300 * b"x" + b"\0y\0", b"N", b"A", b"E", b"Q"]
        answers = frame(b"O" + struct.pack("!III", 6, 0x21, 0x10)) + 4 * frame(b"c")
        self.assertEqual(self.converse("milter", b"".join(map(frame, asked)), len(answers)),
                         (answers, b""))


if __name__ == "__main__":
    BUILD = sys.argv.pop(1)
    unittest.main()
