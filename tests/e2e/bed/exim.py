"""A real Exim: as somebody's sending mail server, which delivers to the host it is told and whose
bounces come back into one maildir; or as one that receives, and verifies senders by callout.

Contract: own settings and spool; asks no DNS.  Exim listens nowhere, and each message is delivered
before submit() returns; ReceivingExim listens at the one address that it is given.  Needs root, as
Exim's queue does.  pretend.py makes it a client of world.py.
"""
import os
import pwd
import subprocess

from .place import BedError, Missing, can_connect, wait_for
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

    template = CONF

    def __init__(self, place, name, target, domains, **more):
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
        self.conf = place.write(folder + "/exim.conf", self.template.format(
            name=name, dir=self.dir, program=self.program, domains=" : ".join(domains),
            host=target[0], port=target[1], **more))

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


RECEIVING = """primary_hostname = {name}
spool_directory = {dir}/spool
log_file_path = {dir}/log/%slog
pid_file_path = {dir}/spool/pid
exim_path = {program}
keep_environment =
disable_ipv6 = true
host_lookup =
never_users =
rfc1413_hosts =
domainlist ours = {domains}
local_interfaces = {listen[0]}
daemon_smtp_ports = {listen[1]}
tls_advertise_hosts = *
tls_certificate = {dir}/spool/tls.pem
log_selector = +smtp_connection
acl_smtp_rcpt = rcpt
begin acl
rcpt:
  require verify = sender/callout=5s
  require domains = +ours
  require verify = recipient
  accept
begin routers
ours:
  driver = accept
  domains = +ours
  local_parts = {users}
  transport = box
unknown:
  driver = redirect
  domains = +ours
  data = :fail: no such user here
  allow_fail
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
begin retry
* * F,1h,10m
"""


class ReceivingExim(Exim):
    """listen: (host, port); users: local parts it knows; target: whom it asks about any sender;
    certificate, key: of its TLS, files."""

    template = RECEIVING

    def __init__(self, place, name, listen, target, domains, users, certificate, key):
        super().__init__(place, name, target, domains, listen=listen, users=" : ".join(users))
        text = "".join(open(path, encoding="ascii").read() for path in (certificate, key))
        pem = place.write(self.dir + "/spool/tls.pem", text)
        user = pwd.getpwnam("Debian-exim")
        os.chown(pem, user.pw_uid, user.pw_gid)
        self.process = place.start("exim-" + name, [self.program, "-bdf", "-C", self.conf])
        self.process.wait_ready(lambda: can_connect(listen))
