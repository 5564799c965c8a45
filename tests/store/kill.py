#!/usr/bin/env python3
"""Kill a process that writes to a store, again and again, with the same file.

Usage: kill.py WRITER [KILLS]

After each kill the file is opened as a daemon would, within a second.  It must hold exactly the
numbers up to some last one, undamaged, nothing put aside; all that were acknowledged are there, and
so are those that were queued more than a second before it last said anything.
"""
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

WRITER = sys.argv[1]
KILLS = int(sys.argv[2]) if len(sys.argv) > 2 else 20
LOST_MS = 1000


def one_round(path, seconds):
    """Run the writer, kill it, look.  (numbers lost of those queued, milliseconds to open)"""
    writer = subprocess.Popen([WRITER, "run", path], stdout=subprocess.PIPE)
    os.set_blocking(writer.stdout.fileno(), False)
    said, end = b"", time.monotonic() + seconds
    begun = False
    while time.monotonic() < end:
        said += writer.stdout.read() or b""
        if said and not begun:  # the time counts from the first word on
            begun, end = True, time.monotonic() + seconds
        assert writer.poll() is None, f"the writer ended by itself: {writer.returncode}"
        time.sleep(min(0.005, max(0, end - time.monotonic())))
        if not begun:
            end = time.monotonic() + seconds
    writer.kill()
    writer.wait()
    os.set_blocking(writer.stdout.fileno(), True)
    said += writer.stdout.read()
    writer.stdout.close()
    lines = [line.split() for line in said.split(b"\n")[:-1]]  # the last may be half a line
    acknowledged = max((int(line[1]) for line in lines if line[0] == b"a"), default=0)
    queued = [(int(line[1]), int(line[2])) for line in lines if line[0] == b"q"]
    # Its own clock: a machine that has no time for it is no fault of the store.
    early = max((n for n, ms in queued if ms < queued[-1][1] - LOST_MS), default=0)
    began = time.monotonic()
    look = subprocess.run([WRITER, "verify", path], capture_output=True, text=True, timeout=60)
    opened_ms = (time.monotonic() - began) * 1000
    assert look.returncode == 0, look.stderr
    assert look.stderr == "", look.stderr
    last = int(look.stdout)
    assert last >= acknowledged, f"{acknowledged} was acknowledged, {last} is there"
    assert last >= early, f"{early} was queued a second before, {last} is there"
    return (queued[-1][0] if queued else last) - last, opened_ms, acknowledged > 0, early > 0


def main():
    with tempfile.TemporaryDirectory(prefix="mxward-kill-") as folder:
        path = str(pathlib.Path(folder, "store.db"))
        rounds = []
        for i in range(KILLS):
            rounds.append(one_round(path, 1.3 if i % 10 == 9 else random.uniform(0.01, 0.4)))
        left = sorted(os.listdir(folder))
        assert not [name for name in left if "corrupt" in name], left
        last = subprocess.run([WRITER, "verify", path], capture_output=True, text=True).stdout.strip()
    # What was asked of each round must have been asked at all.
    assert sum(r[2] for r in rounds) > KILLS // 4 and (KILLS < 10 or any(r[3] for r in rounds))
    print(f"{KILLS} kills, {last} numbers written; lost at most {max(r[0] for r in rounds)} of a "
          f"round; looked at within {max(r[1] for r in rounds):.0f} ms")


main()
