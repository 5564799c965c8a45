"""mxward itself: settings, start, signals, log, and what it uses of the machine."""
import json
import os
import pwd
import shutil
import signal
import subprocess

from .place import BedError, can_connect, wait_for

# Whom a daemon that root has started runs as.
DAEMON_USER = "mxward" if "mxward" in [x.pw_name for x in pwd.getpwall()] else "nobody"


def daemon_folder(path):
    """A folder in which the daemon may write; its path."""
    os.makedirs(path, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(path, DAEMON_USER)
    return path


def address_list(addresses):
    """None, an address or a list of them -> the list."""
    return addresses if isinstance(addresses, list) else [addresses] if addresses else []


def address_text(address):
    """(host, port) or a path -> as the settings and Postfix write it."""
    return "unix:" + address if isinstance(address, str) else "inet:%s:%d" % address


class Mxward:
    """`policy` and `milter` are the addresses to listen at, each one or a list; `sections` is the
    rest of the file.

    `control` is the path of the control socket: None is one of its own in the place, "" leaves the
    setting out.
    """

    count = 0

    def __init__(self, place, binary, resolver_port, policy=None, milter=None, sections="",
                 control=None):
        Mxward.count += 1
        self.place, self.binary, self.name = place, binary, "mxward%d" % Mxward.count
        self.policy, self.milter, self.resolver_port = policy, milter, resolver_port
        self.control = place.path(self.name + ".control") if control is None else control
        self.process = None
        self.configure(sections)

    def configure(self, sections):
        text = "[listen]\nunix_mode = 666\n"
        for key in ("policy", "milter", "control"):
            addresses = address_list(getattr(self, key))
            if addresses:
                text += "%s = %s\n" % (key, " ".join(map(address_text, addresses)))
        text += "[dns]\nresolver = 127.0.0.1@%d\n" % self.resolver_port
        # The bed's Internet are the networks for documentation, where otherwise nobody gets mail.
        text += "[sender]\nunreachable = 10.0.0.0/8 127.0.0.0/8\n"
        self.conf = self.place.write(self.name + ".conf", text + sections)

    def start(self):
        self.process = self.place.start(self.name, [self.binary, "serve", "-c", self.conf])
        addresses = sum(map(address_list, (self.policy, self.milter, self.control)), [])
        # The sockets are there before the workers that serve them.
        self.process.wait_ready(
            lambda: all(can_connect(a) for a in addresses) and len(self.pids()) > 1)
        return self

    def log(self):
        return self.process.log()

    def log_lines(self, *words):
        """The log lines in which all these words occur."""
        return [x for x in self.log().splitlines() if all(w in x for w in words)]

    def wait_log(self, *words, seconds=5, after=0):
        """The first line with these words beyond the first `after` such lines."""
        return wait_for(lambda: self.log_lines(*words)[after:], seconds,
                        "log line with %r" % (words,))[0]

    def pids(self):
        """The process and its workers."""
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            try:
                with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
                    todo += [int(x) for x in f.read().split()]
            except OSError:
                continue
            found.append(pid)
        return found

    def usage(self):
        """[(pid, resident KiB, descriptors)]"""
        rows = []
        for pid in self.pids():
            try:
                with open("/proc/%d/status" % pid) as f:
                    status = f.read()
                fds = len(os.listdir("/proc/%d/fd" % pid))
            except OSError:
                continue
            for line in status.splitlines():
                if line.startswith("VmRSS:"):
                    rows.append((pid, int(line.split()[1]), fds))
        return rows

    def sanitized(self):
        """clang links the sanitizer into the program, so that no library shows."""
        with open(self.binary, "rb") as f:
            return b"__asan_init" in f.read()

    def status(self):
        """What mxward status --json says."""
        status, out, err = run_status(self.binary, "-c", self.conf, "--json")
        if status or err:
            raise BedError("mxward status: %d %s" % (status, err))
        return json.loads(out)

    def reload(self):
        self.process.signal(signal.SIGHUP)

    def freeze(self):
        self.process.signal_all(signal.SIGSTOP)

    def thaw(self):
        self.process.signal_all(signal.SIGCONT)

    def kill(self):
        """As a crash would: parent first, so that it restarts nothing, and its workers.  They are
        gone afterwards, and nobody listens any more."""
        pids = self.pids()
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.popen.wait()
        wait_for(lambda: not any(os.path.exists("/proc/%d" % pid) for pid in pids), 5,
                 "the workers to end")

    def stop(self, seconds=10):
        return self.process.stop(seconds)


def run_command(binary, *arguments, seconds=20, **more):
    """mxward with these: (exit status, standard output, standard error)."""
    done = subprocess.run([binary, *arguments], capture_output=True, text=True, timeout=seconds,
                          stdin=subprocess.DEVNULL, check=False, **more)
    return done.returncode, done.stdout, done.stderr


def run_check(binary, *arguments, seconds=20):
    return run_command(binary, "check", *arguments, seconds=seconds)


def run_status(binary, *arguments, **more):
    return run_command(binary, "status", *arguments, **more)


def find_binary(build):
    path = os.path.join(build, "mxward")
    if not os.access(path, os.X_OK):
        raise BedError("no mxward in %s: build it first (make)" % build)
    return os.path.abspath(path)
