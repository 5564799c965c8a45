"""For tests of the store in Redis: a redis-server of the test's own, servers that misbehave, and
stores that do what they are told (talker.c)."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

SKIP = 77
there = bool(shutil.which("redis-server"))


def resp(*words):
    """A command as Redis wants it, words as bytes or what str() makes of them."""
    words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


class Server:
    """At a unix socket, without persistence unless the options say so."""

    def __init__(self, *options):
        self.place = tempfile.TemporaryDirectory(prefix="mxward-redis-")
        self.path = pathlib.Path(self.place.name, "s")
        self.at = f"unix:{self.path}"
        self.start(*options)

    def start(self, *options, wait=True):
        self.options = options
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.path, "--dir", self.place.name,
             "--save", "", "--appendonly", "no", *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(500):
            try:
                if not wait or b"PONG" in self.say("PING"):
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise RuntimeError("redis-server does not start")

    def say(self, *words):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(str(self.path))
            s.sendall(resp(*words))
            return s.recv(1 << 20)

    def clients(self):
        """Connections but for our own."""
        return self.say("CLIENT", "LIST", "TYPE", "normal").count(b"\nid=") - 1

    def pause(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.path.unlink(missing_ok=True)

    def stop(self):
        if self.process.poll() is None:
            self.go_on()
            self.kill()
        self.place.cleanup()


class Fake:
    """Serves each connection by a function of its own, in threads."""

    def __init__(self, serve):
        self.place = tempfile.TemporaryDirectory(prefix="mxward-redis-")
        self.path = pathlib.Path(self.place.name, "s")
        self.at = f"unix:{self.path}"
        self.serve = serve
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(s,), daemon=True).start()

    def one(self, s):
        try:
            self.serve(s)
        except OSError:
            pass
        s.close()

    def stop(self):
        self.listener.close()
        self.place.cleanup()


def commands(s):
    """The commands that come over a socket, as lists of bytes, with the bytes of each."""
    f = s.makefile("rb")
    while True:
        line = f.readline()
        if not line:
            return
        raw, words = [line], []
        for _ in range(int(line[1:])):
            head = f.readline()
            word = f.read(int(head[1:]) + 2)
            raw += [head, word]
            words.append(word[:-2])
        yield words, b"".join(raw)


class Store:
    """A talker."""

    def __init__(self, talker, at, timeout_ms=None):
        args = [talker, at] + ([str(timeout_ms)] if timeout_ms else [])
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1)
        self.said = []
        self.answer()

    def send(self, line):
        self.process.stdin.write(line + "\n")

    def answer(self):
        """(milliseconds, status, text)"""
        for line in self.process.stdout:
            if not line.startswith("! "):
                ms, _, rest = line.strip().partition(" ")
                status, _, text = rest.partition(" ")
                self.ms, self.status, self.text = int(ms), status, text
                return self.ms, status, text
            self.said.append(line[2:].strip())
        raise RuntimeError("the talker is gone")

    def do(self, *lines):
        for line in lines:
            self.send(line)
            self.answer()
        return self.status, self.text

    def number(self, key):
        status, text = self.do(f"get history {key}")
        return int(text.split()[-1]) if status == "OK" else status

    def connections(self):
        """Sockets that the process has."""
        there = pathlib.Path("/proc", str(self.process.pid), "fd")
        return sum(os.readlink(x).startswith("socket:") for x in there.iterdir())

    def close(self):
        self.process.stdin.close()
        for line in self.process.stdout:
            if line.startswith("! "):
                self.said.append(line[2:].strip())
        self.process.stdout.close()
        return self.process.wait()
