"""A folder, ports and processes of one test run.

Contract: whatever is started or written through a Place is gone after close(), also after Ctrl-C or
SIGTERM, and, thanks to the guard, after a SIGKILL of the test program itself.  Nothing outside
of the folder is written and no address but 127.0.0.1 is used.
"""
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time

from . import guard
from .guard import processes_of


class BedError(Exception):
    """The bed itself does not work: not a statement about mxward."""


class Missing(BedError):
    """The machine lacks something that the bed is built from: the tests are skipped."""


def wait_for(condition, seconds, what, step=0.01):
    """Poll until condition() is true and return its value; BedError after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise BedError("%s: not within %g s" % (what, seconds))
        time.sleep(step)


def can_connect(address):
    """address: (host, port) or the path of a unix socket."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(1)
        try:
            s.connect(address)
        except OSError:
            return False
    return True


class Process:
    """One program in a process group of its own, its output in a file."""

    def __init__(self, name, argv, log_path, env=None):
        self.name, self.argv, self.log_path = name, argv, log_path
        with open(log_path, "ab") as log:
            self.popen = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=dict(os.environ, **(env or {})))
        self.pid = self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def wait_ready(self, condition, seconds=10):
        def ready():
            if not self.alive():
                raise BedError("%s ended with status %s:\n%s"
                               % (self.name, self.popen.returncode, self.log()[-2000:]))
            return condition()
        wait_for(ready, seconds, "%s to answer" % self.name)

    def signal(self, number):
        if self.alive():
            os.kill(self.pid, number)

    def signal_all(self, number):
        """To every process of the group: the program and what it started."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass

    def stop(self, seconds=5):
        """Ask, then insist.  Returns the exit status (negative: the signal)."""
        if self.alive():
            self.signal_all(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        self.signal_all(signal.SIGKILL)
        return self.popen.wait()


class Place:
    """The temporary folder, and what has to be undone at the end."""

    def __init__(self):
        # Not $TMPDIR: the path of a unix socket is limited to 107 bytes.
        self.dir = tempfile.mkdtemp(prefix="mxward-e2e-", dir="/tmp")
        os.chmod(self.dir, 0o755)       # Postfix's own users have to get through
        self._undo, self._ports = [], set()
        self._guard = subprocess.Popen([sys.executable, guard.__file__, self.dir],
                                       stdin=subprocess.PIPE, start_new_session=True)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def mkdir(self, *parts, mode=0o755):
        path = self.path(*parts)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        return path

    def write(self, name, text):
        """At once, so that a program that is told to read it again sees all or nothing."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(path + ".new", path)
        return path

    def port(self):
        """A free port, TCP and UDP, below the range that the kernel takes for clients; each job of
        a run has a part of them, so that no other bed takes it before its program does."""
        job, jobs = map(int, os.environ.get("MXWARD_E2E_JOB", "0/1").split("/"))
        for _ in range(200):
            port = random.randrange(20000 + job, 32000, jobs)
            if port in self._ports:
                continue
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, \
                    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                try:
                    tcp.bind(("127.0.0.1", port))
                    udp.bind(("127.0.0.1", port))
                except OSError:
                    continue
            self._ports.add(port)
            return port
        raise BedError("no free port")

    def at_close(self, action):
        """Undone in reverse order."""
        self._undo.append(action)

    def start(self, name, argv, env=None):
        process = Process(name, argv, self.path(name + ".log"), env)
        self.at_close(process.stop)
        return process

    def leftovers(self):
        """[(pid, command line)] of what still runs in this folder."""
        return [row for row in processes_of(self.dir) if row[0] != self._guard.pid]

    def close(self):
        """Returns the processes that did not end by themselves; they are ended all the same."""
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            while self._undo:
                try:
                    self._undo.pop()()
                except Exception as error:      # the rest must be undone all the same
                    print("bed: while closing: %r" % error)
            end = time.monotonic() + 3
            while self.leftovers() and time.monotonic() < end:
                time.sleep(0.05)
            left = self.leftovers()
            self._guard.stdin.close()
            self._guard.wait()
            return left
        finally:
            signal.signal(signal.SIGINT, previous)
