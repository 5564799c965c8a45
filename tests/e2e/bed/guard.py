"""The last resort: when standard input ends, end all processes of a folder and remove it.

Place starts this beside each run.  It works also when the test program was killed outright, for
which the kernel's parent-death signal is no help: it is lost when a process changes its user, as
Postfix does.
"""
import os
import shutil
import signal
import sys


def processes_of(folder):
    """[(pid, command line)] of those with this folder in their command line or environment."""
    found, needle = [], folder.encode()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                cmdline = f.read()
            with open("/proc/%s/environ" % pid, "rb") as f:
                environ = f.read()
        except OSError:
            continue
        if needle in cmdline or needle in environ:
            found.append((int(pid), cmdline.replace(b"\0", b" ").decode("utf-8", "replace")))
    return found


def main(folder):
    sys.stdin.buffer.read()
    for pid, _ in processes_of(folder):
        if pid != os.getpid():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
