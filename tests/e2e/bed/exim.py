"""A real Exim as somebody's sending mail server: it delivers to the host it is told, and its bounces
come back into one maildir.

Contract: own settings and spool; asks no DNS, listens nowhere; each message is delivered before
submit() returns.  Needs root, as Exim's queue does.  pretend.py makes it a client of world.py.
"""
import os
import pwd
import subprocess

from .place import BedError, Missing, wait_for
from .unpacked import find_unpacked

CONF = """primary_hostname = {name}
spool_directory = {dir}/spool
log_file_path = {dir}/log/%slog
exim_path = {program}
keep_environment =
disable_ipv6 = true
host_lookup =
never_users =
local_interfaces = 127.0.0.1
domainlist ours = {domains}
qualify_domain = {name}
daemon_smtp_ports = 0
bounce_return_body = true
begin routers
ours:
  driver = accept
  domains = +ours
  transport = box
others:
  driver = manualroute
  route_list = * {host}::{port} byname
  self = send
  transport = out
begin transports
box:
  driver = appendfile
  maildir_format
  directory = {dir}/box
  user = Debian-exim
  create_directory
out:
  driver = smtp
  helo_data = {name}
  hosts_avoid_tls = *
  hosts_avoid_pipelining = *
begin retry
* * F,1h,10m
"""


class Exim:
    """name: what it calls itself; domains: whose mail, bounces among it, it keeps itself;
    target: (host, port) to which all other mail goes."""

    count = 0

    def __init__(self, place, name, target, domains):
        if os.geteuid() != 0:
            raise Missing("Exim can be started by root only")
        self.program = find_unpacked("usr/sbin/exim4")
        try:
            user = pwd.getpwnam("Debian-exim")
        except KeyError:
            raise Missing("no user Debian-exim (tools/deps test)") from None
        Exim.count += 1
        folder = "exim%d" % Exim.count
        self.dir = place.mkdir(folder)
        for sub in ("spool", "log", "box"):
            os.chown(place.mkdir(folder, sub), user.pw_uid, user.pw_gid)
        self.conf = place.write(folder + "/exim.conf", CONF.format(
            name=name, dir=self.dir, program=self.program, domains=" : ".join(domains),
            host=target[0], port=target[1]))

    def _run(self, *arguments, text=None):
        done = subprocess.run([self.program, "-C", self.conf, *arguments], input=text, text=True,
                              capture_output=True, timeout=60, check=False)
        if done.returncode:
            raise BedError("exim %s: %d %s" % (arguments, done.returncode, done.stderr))
        return done.stdout

    def submit(self, sender, recipients, text):
        """Take this message and try to deliver it, once."""
        self._run("-odf", "-oi", "-f", sender, *recipients, text=text)

    def run_queue(self):
        """Try again what was deferred, whatever the times of the next tries."""
        self._run("-qff")

    def queue(self):
        """What mailq prints: empty when nothing waits."""
        return self._run("-bp")

    def log(self):
        try:
            with open(self.dir + "/log/mainlog", encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def mails(self):
        """The text of each message that came for its domains: bounces, mostly."""
        folder = os.path.join(self.dir, "box", "new")
        found = []
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            with open(os.path.join(folder, name), encoding="latin-1") as f:
                found.append(f.read())
        return found

    def wait_bounce(self, marker="", seconds=10):
        """The first bounce that came back with `marker` in it."""
        return wait_for(lambda: [m for m in self.mails() if marker in m], seconds,
                        "bounce with %r" % marker)[0]
