#!/usr/bin/env python3
"""The store in Redis: hosts that share it, servers that fail, and servers that misbehave.

Usage: redis.py TALKER [TEST ...]
"""
import os
import pathlib
import socket
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from redis_server import SKIP, Fake, Server, Store, commands, resp, there  # noqa: E402

TALKER = sys.argv[1]
# What a call may take: 200 ms for each round, and what a busy machine adds.
ROUND_MS, SLACK_MS = 200, 250
NO_HURRY = 5000  # a time-out where time is not what is tested


class Bed(unittest.TestCase):
    def setUp(self):
        self.closing = []

    def tearDown(self):
        for x in reversed(self.closing):
            x()

    def server(self, *options):
        s = Server(*options)
        self.closing.append(s.stop)
        return s

    def fake(self, serve):
        f = Fake(serve)
        self.closing.append(f.stop)
        return f

    def store(self, at, timeout_ms=None):
        s = Store(TALKER, at, timeout_ms)
        self.closing.append(s.close)
        return s

    def until_ok(self, store, line="sync", seconds=15):
        end = time.monotonic() + seconds
        while store.do(line)[0] != "OK":
            self.assertLess(time.monotonic(), end, store.text)
            time.sleep(0.05)


class Shared(Bed):
    """Several hosts, one server."""

    def test_exemption_is_seen_within_a_second(self):
        at = self.server().at
        a, b = self.store(at, NO_HURRY), self.store(at, NO_HURRY)
        a.do("work")
        b.do("work")
        self.assertEqual(b.do("image exempt 192.0.2.1")[0], "NONE")
        for value, want in (("one", ("OK", "one")), ("two", ("OK", "two")), (None, ("NONE", ""))):
            a.do(f"put exempt 192.0.2.1 {value}" if value else "del exempt 192.0.2.1", "sync")
            began = time.monotonic()
            while b.do("image exempt 192.0.2.1") != want:
                b.do("work")
                self.assertLess(time.monotonic() - began, 1)
                time.sleep(0.02)

    def test_sums_add_up(self):
        server = self.server()
        stores = [self.store(server.at, NO_HURRY) for _ in range(3)]
        for s in stores:
            s.send("burst 7 2800")
        for s in stores:
            self.assertEqual(s.answer()[1], "OK", s.text)
        self.assertEqual([stores[0].number(f"b{i}") for i in range(7)], [1200] * 7)
        self.assertEqual(server.clients(), 3)

    def test_last_put_stands_and_words_follow(self):
        at = self.server().at
        a, b = self.store(at, NO_HURRY), self.store(at, NO_HURRY)
        for i in range(30):
            a.do(f"put case k{i % 3} a{i}")
            b.do(f"put case k{i % 3} b{i}")
            a.send("sync")
            b.send("sync")
            self.assertEqual((a.answer()[1], b.answer()[1]), ("OK", "OK"))
        found = [a.do(f"find case {w} {w}~")[1].split() for w in "ab"]
        self.assertEqual(sorted(sum(found, [])), ["k0", "k1", "k2"])
        for w, keys in zip("ab", found):
            for key in keys:
                self.assertEqual(a.do(f"get case {key}")[1][0], w)

    def test_emptied_server(self):
        server = self.server()
        a, b = self.store(server.at, NO_HURRY), self.store(server.at, NO_HURRY)
        a.do("put exempt 192.0.2.1 kept", "put mailbox ann@x.example also", "put case gone x", "sync",
             "work")
        time.sleep(0.6)
        b.do("work")
        server.say("FLUSHALL")
        end = time.monotonic() + 3
        while "mxward:r1:192.0.2.1" not in server.say("KEYS", "*r1*").decode():
            for s in (a, b):
                s.do("work")
                self.assertEqual(s.do("image exempt 192.0.2.1"), ("OK", "kept"))
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)
        for s in (a, b):
            self.until_ok(s)
            self.assertEqual(s.do("get mailbox ann@x.example")[1], "also 0")
            self.assertEqual(s.do("get case gone")[0], "NONE")
        self.assertIn("has lost what was stored there", "\n".join(a.said))


class Failing(Bed):
    """What a real server can do."""

    def test_killed_and_restarted(self):
        options = ("--appendonly", "yes", "--appendfsync", "always")
        server = self.server(*options)
        s = self.store(server.at, NO_HURRY)
        self.until_ok(s, "burst 3 300")
        for _ in range(5):
            server.kill()
            s.do("add b0 10")
            self.assertEqual(s.do("sync")[0], "FAIL")
            self.assertLess(s.ms, SLACK_MS)
            self.assertIn("cannot be reached", s.text)
            self.assertEqual(s.do("get history b0")[0], "FAIL")
            self.assertLess(s.ms, SLACK_MS)
            server.start(*options)
            self.until_ok(s)
            self.assertEqual(server.clients(), 1)
        self.assertEqual(s.number("b0"), 150)
        self.assertEqual(len([x for x in s.said if "cannot be used" in x]), 5, s.said)
        self.assertEqual(len([x for x in s.said if "can be used again" in x]), 5, s.said)

    def test_killed_while_it_writes(self):
        options = ("--appendonly", "yes", "--appendfsync", "always")
        server = self.server(*options)
        s = self.store(server.at, NO_HURRY)
        kills = []

        def kill_now_and_then():
            for _ in range(8):
                time.sleep(0.15)
                server.kill()
                server.start(*options)
                kills.append(1)

        killer = threading.Thread(target=kill_now_and_then)
        killer.start()
        while len(kills) < 8:
            if s.do("burst 3 90")[0] != "OK":
                time.sleep(0.02)
        killer.join()
        self.until_ok(s)
        n = s.do("counters")[1].split()
        written, dropped, failed = (int(n[i]) for i in (1, 3, 5))
        self.assertEqual(dropped, 0)
        self.assertGreater(failed, 0)
        self.assertEqual(sum(s.number(f"b{i}") for i in range(3)), written)

    def test_paused(self):
        """What it reads when it wakes up is done once, whoever asks for it again."""
        server = self.server()
        s = self.store(server.at)
        self.until_ok(s, "burst 1 10")
        for n in range(1, 6):
            server.pause()
            s.do("add b0 100")
            self.assertEqual(s.do("sync")[0], "FAIL")
            self.assertGreaterEqual(s.ms, ROUND_MS - 10)
            self.assertLess(s.ms, ROUND_MS + SLACK_MS)
            self.assertIn("does not answer within 200 ms", s.text)
            # The breaker: nobody waits a second time.
            self.assertEqual(s.do("gets 500")[0], "FAIL")
            self.assertLess(s.ms, SLACK_MS)
            server.go_on()
            self.until_ok(s)
            self.assertEqual(s.number("b0"), 10 + 100 * n)
        self.assertEqual(server.clients(), 1)

    def test_replica(self):
        server = self.server()
        s = self.store(server.at, NO_HURRY)
        s.do("put exempt 192.0.2.1 x", "sync", "work")
        for _ in range(2):
            server.say("REPLICAOF", "127.0.0.1", "1")
            s.do("add n 1")
            self.assertEqual(s.do("sync")[0], "FAIL")
            self.assertIn("is a replica and takes no changes", s.text)
            self.assertEqual(s.do("get exempt 192.0.2.1"), ("OK", "x 0"))
            server.say("REPLICAOF", "NO", "ONE")
            self.until_ok(s)
        self.assertEqual(s.number("n"), 2)
        self.assertEqual(server.clients(), 1)

    def test_cannot_save(self):
        with tempfile.TemporaryDirectory() as gone:
            server = self.server("--dir", gone)
        s = self.store(server.at, NO_HURRY)
        self.until_ok(s)
        server.say("CONFIG", "SET", "save", "3600 1")
        server.say("BGSAVE")
        end = time.monotonic() + 10
        while b"rdb_last_bgsave_status:err" not in server.say("INFO", "persistence"):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        s.do("add n 1")
        self.assertEqual(s.do("sync")[0], "FAIL")
        self.assertIn("takes no changes because it cannot save", s.text)
        server.say("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
        self.until_ok(s)
        self.assertEqual(s.number("n"), 1)

    def test_no_memory(self):
        server = self.server()
        s = self.store(server.at, NO_HURRY)
        s.do("put exempt 192.0.2.1 x", "sync")
        server.say("CONFIG", "SET", "maxmemory", "1")
        s.do("add n 1")
        self.assertEqual(s.do("sync")[0], "FAIL")
        self.assertIn("has no memory left", s.text)
        self.assertEqual(s.do("get exempt 192.0.2.1"), ("OK", "x 0"))
        server.say("CONFIG", "SET", "maxmemory", "0")
        self.until_ok(s)
        self.assertEqual(s.number("n"), 1)

    def test_loading(self):
        server = self.server()
        s = self.store(server.at, NO_HURRY)
        self.until_ok(s, "burst 1000 1000")
        server.say("SAVE")
        server.kill()
        server.start("--key-load-delay", "2000", "--loading-process-events-interval-bytes", "1024",
                     wait=False)
        end = time.monotonic() + 5
        while "is still loading its data" not in s.text:
            s.do("add b0 1", "sync")
            self.assertLess(time.monotonic(), end, s.text)
        self.assertEqual(s.status, "FAIL")
        n = int(s.do("counters")[1].split()[-1])
        self.until_ok(s)
        self.assertEqual(s.number("b0"), 1 + n)

    def test_too_many_clients(self):
        server = self.server("--maxclients", "2")
        with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as two:
            for x in (one, two):
                x.connect(str(server.path))
                x.sendall(resp("PING"))
                x.recv(10)
            s = self.store(server.at, NO_HURRY)
            self.assertEqual(s.do("get case a")[0], "FAIL")
            self.assertIn("max number of clients", s.text)
        self.until_ok(s)

    def test_idle_connection_is_closed(self):
        """As with `timeout` of the server: nobody notices."""
        server = self.server()
        s = self.store(server.at, NO_HURRY)
        for i in range(5):
            s.do("add n 1")
            server.say("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            self.assertEqual(s.do("sync")[0], "OK", s.text)
        self.assertEqual(s.number("n"), 5)
        self.assertEqual(s.said, [])

    def test_flipped_byte(self):
        server = self.server()
        s = self.store(server.at, NO_HURRY)
        s.do("put case k value", "put case l other", "sync")
        key = "mxward:r0:k"
        length = int(server.say("STRLEN", key)[1:])
        for at in range(length):
            byte = server.say("GETRANGE", key, at, at)[4:5]
            server.say("SETRANGE", key, at, bytes([byte[0] ^ 0x10]))
            self.assertEqual(s.do("get case k")[0], "FAIL", at)
            self.assertIn("is damaged", s.text)
            server.say("SETRANGE", key, at, byte)
        self.assertEqual(s.do("get case k"), ("OK", "value 0"))
        self.assertEqual(s.do("counters")[1].split()[7], str(length))
        self.assertEqual(len([x for x in s.said if "is damaged and not used" in x]), 1)
        # It is found by nothing, and can be written again.
        server.say("SETRANGE", key, 60, b"\xff")
        self.assertEqual(s.do("find case a z"), ("OK", "l"))
        s.do("put case k new", "sync")
        self.assertEqual(s.do("get case k"), ("OK", "new 0"))
        # What belongs to another key or table is not believed either.
        server.say("RENAME", "mxward:r0:l", key)
        self.assertEqual(s.do("get case k")[0], "FAIL")

    def test_strangers_keys(self):
        """Somebody else has written under our prefix."""
        server = self.server()
        for key in ("t00", "x0", "w0", "hot", "time", "size", "writers", "walls", "r0:k"):
            server.say("FLUSHALL")
            server.say("LPUSH", f"mxward:{key}", "a", "b")
            s = self.store(server.at, NO_HURRY)
            s.do("put case k v", "put exempt e v", "add h 1")
            s.do("sync")
            s.do("work", "find case a z", "get case k", "work")
            self.assertEqual(s.number("h"), 1, key)
            self.assertEqual(s.close(), 0)
            self.closing.pop()


def script(answers):
    """Serves a connection: each command is answered by the next of the answers, the last for ever."""
    def serve(s):
        for i, _ in enumerate(commands(s)):
            answer = answers[min(i, len(answers) - 1)]
            if callable(answer):
                answer(s)
            else:
                s.sendall(answer)
    return serve


def silent(s):
    while s.recv(65536):
        pass


def trickle(s):
    s.recv(65536)
    for c in b"*2\r\n$1\r\n1\r\n$100\r\n" + b"x" * 1000:
        s.sendall(bytes([c]))
        time.sleep(0.03)


def flood(s):
    s.recv(65536)
    for _ in range(40):
        s.sendall(b":1\r\n" * 262144)


def endless(s):
    s.recv(65536)
    s.sendall(b"*2\r\n")
    for _ in range(40):
        s.sendall(b"*20000\r\n" + b":1\r\n" * 20000)


class Misbehaving(Bed):
    """What no server should do."""

    def expect(self, serve, part, slow=False):
        fake = self.fake(serve)
        s = self.store(fake.at)
        s.do("add n 1", "put exempt e v")
        for line in ("sync", "get case a", "find case a z"):
            self.assertEqual(s.do(line)[0], "FAIL", line)
            self.assertIn(part, s.text, line)
            self.assertLess(s.ms, (2 if slow else 1) * ROUND_MS + SLACK_MS, line)
        s.do("work", "counters")
        self.assertIn("queued 2", s.text)
        self.assertLessEqual(s.connections(), 1)
        self.assertEqual(len([x for x in s.said if "cannot be used" in x]), 1, s.said)
        self.assertEqual(s.close(), 0)
        self.closing.pop()

    def test_nobody(self):
        s = self.store("inet:127.0.0.1:1")
        self.assertEqual(s.do("sync")[0], "FAIL")
        self.assertIn("cannot be reached: Connection refused", s.text)

    def test_hangs_up(self):
        self.expect(lambda s: None, "closes the connection")
        self.expect(lambda s: s.recv(10), "closes the connection")
        self.expect(lambda s: s.sendall(b"-ERR max number of clients reached\r\n"),
                    "max number of clients")

    def test_silence(self):
        self.expect(silent, "does not answer within 200 ms", slow=True)
        self.expect(trickle, "does not answer within 200 ms", slow=True)
        self.expect(script([b"*2\r\n$1\r\n1\r\n$100\r\nhalf an ans"]), "does not answer", slow=True)

    def test_errors(self):
        for answer, part in (("LOADING Redis is loading the dataset in memory", "still loading"),
                             ("MOVED 3999 127.0.0.1:6381", "part of a cluster"),
                             ("CLUSTERDOWN Hash slot not served", "part of a cluster"),
                             ("NOAUTH Authentication required.", "wants a password"),
                             ("MASTERDOWN Link with MASTER is down", "lost its master"),
                             ("BUSY Redis is busy running a script.", "busy with a script"),
                             ("NOSCRIPT No matching script.", "we use none"),
                             ("NOPERM this user has no permissions", "does not permit"),
                             ("DENIED Redis is running in protected mode", "protected mode"),
                             ("ERR unknown command \x1b[31m", "\\027[31m")):
            self.expect(script([f"-{answer}\r\n".encode()]), part)

    def test_garbage(self):
        self.expect(script([b"HTTP/1.1 400 Bad Request\r\n\r\n"]), "says what is no RESP")
        self.expect(script([b"\0\0\0\0\r\n"]), "says what is no RESP")
        self.expect(lambda s: s.sendall(b"220 mail.example ESMTP\r\n") or s.recv(100),
                    "says what is no RESP")
        self.expect(script([b"%1\r\n+a\r\n:1\r\n"]), "says what is no RESP")

    def test_too_large(self):
        self.expect(script([b"$999999999\r\nab"]), "larger than any of ours")
        self.expect(script([b"*2147483647\r\n:1\r\n"]), "longer than any of ours")
        self.expect(script([b"*1\r\n" * 6 + b":1\r\n"]), "nested deeper than any of ours")
        self.expect(flood, "more than")
        self.expect(endless, "says", slow=True)

    def test_more_than_was_asked(self):
        self.expect(script([b"*2\r\n$-1\r\n$-1\r\n", b"*0\r\n*0\r\n*0\r\n"]), "more than it was asked")

    def test_answers_of_other_types(self):
        for answer in (b"+OK\r\n", b":5\r\n", b"$1\r\nx\r\n", b"$-1\r\n", b"*-1\r\n", b"*0\r\n",
                       b"*2\r\n:1\r\n:2\r\n", b"*2\r\n*1\r\n$1\r\na\r\n*0\r\n"):
            # A good greeting, and then only that.
            fake = self.fake(script([b"*2\r\n$-1\r\n$-1\r\n", b"*0\r\n", answer]))
            s = self.store(fake.at)
            s.do("add n 1", "put exempt e v")
            self.assertEqual(s.do("sync")[0], "FAIL", answer)
            s.do("work", "work", "find case a z", "get case a", "counters")
            self.assertIn("queued 2", s.text)
            self.assertEqual(s.close(), 0)
            self.closing.pop()


class Proxy(Bed):
    """Answers that are lost on the way."""

    def between(self, server, on_exec):
        """A proxy that hands each EXEC to on_exec(client, server, bytes), True: as usual."""
        def serve(client):
            with socket.socket(socket.AF_UNIX) as up:
                up.connect(str(server.path))

                def back():
                    try:
                        while data := up.recv(65536):
                            client.sendall(data)
                    except OSError:
                        pass
                threading.Thread(target=back, daemon=True).start()
                for words, raw in commands(client):
                    if words[0] == b"EXEC" and not on_exec(client, up, raw):
                        return
                    if words[0] != b"EXEC":
                        up.sendall(raw)
        return self.fake(serve)

    def count(self, on_exec, rounds=6):
        server = self.server()
        fake = self.between(server, on_exec)
        s = self.store(fake.at)
        for i in range(rounds):
            s.do("add n 1", "add m 10", "sync")
            s.do("add n 1")
        self.until_ok(s)
        self.assertEqual((s.number("n"), s.number("m")), (2 * rounds, 10 * rounds))
        self.assertEqual(s.connections(), 1)
        return s

    def alternately(self, odd):
        calls = []

        def on_exec(client, up, raw):
            calls.append(1)
            if len(calls) % 3:
                return odd(client, up, raw)
            up.sendall(raw)
            return True
        return on_exec

    def test_exec_does_not_arrive(self):
        self.count(self.alternately(lambda client, up, raw: False))

    def test_answer_does_not_arrive(self):
        def odd(client, up, raw):
            client.shutdown(socket.SHUT_RDWR)
            up.sendall(raw)
            time.sleep(0.05)
            return False
        self.count(self.alternately(odd))

    def test_answer_comes_too_late(self):
        def odd(client, up, raw):
            time.sleep(0.3)
            up.sendall(raw)
            time.sleep(0.05)
            return False
        self.count(self.alternately(odd), rounds=3)

    def test_exec_comes_after_the_next_try(self):
        """The first EXEC reaches the server when the changes have long been written again."""
        late = []

        def on_exec(client, up, raw):
            if len(late) == 3:
                up.sendall(raw)
                return True
            other = socket.socket(fileno=os.dup(up.fileno()))
            late.append(other)
            timer = threading.Timer(4, lambda: other.sendall(raw))
            timer.daemon = True
            timer.start()
            return False
        s = self.count(on_exec, rounds=2)
        time.sleep(4.5)
        self.assertEqual((s.number("n"), s.number("m")), (4, 20))
        for x in late:
            x.close()


if __name__ == "__main__":
    if not there:
        print("redis-server is not installed")
        sys.exit(SKIP)
    sys.argv = ["redis.py"] + sys.argv[2:]
    unittest.main()
