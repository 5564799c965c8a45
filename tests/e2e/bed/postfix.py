"""A private Postfix: own configuration, queue and ports; mail for its domains ends in mbox files.

Contract: never touches /etc/postfix or the system's queue, asks no DNS, listens on 127.0.0.1 only.
Needs root, as Postfix's master always does.  Each listener is an smtpd of its own with its own
settings, so that one instance serves the policy service, the milter and the tests of the bed.
XCLIENT is allowed from loopback: the tests are any client they like.
"""
import os
import pwd
import grp
import re
import subprocess

from .dns import find_program
from .place import Missing, can_connect, wait_for

DOMAINS = ("example.org", "second.example")
PUBLIC_USERS = ("user", "other", "third", "optout", "tagged", "postmaster", "abuse")
QUEUE_FOLDERS = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming",
                 "private", "saved", "trace")
MAIN_CF = """compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/postfix-data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {dir}/mail.log
maillog_file_prefixes = {dir}
myhostname = mx.example.org
mydestination =
mynetworks = 127.0.0.1/32
inet_interfaces = 127.0.0.1
inet_protocols = all
disable_dns_lookups = yes
smtpd_peername_lookup = no
smtpd_authorized_xclient_hosts = 127.0.0.1
virtual_mailbox_domains = {domains}
virtual_mailbox_maps = inline:{{ {mailboxes} }}
virtual_mailbox_base = {dir}/mail
recipient_delimiter = +
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
default_transport = discard
relay_transport = discard
local_transport = discard
alias_maps =
local_recipient_maps =
notify_classes =
smtpd_error_sleep_time = 0
in_flow_delay = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_client_connection_count_limit = 0
smtpd_client_event_limit_exceptions = static:all
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_tls_cert_file = {dir}/tls.pem
smtpd_tls_key_file = {dir}/tls.key
smtpd_tls_security_level = may
smtpd_tls_loglevel = 0
"""
MASTER_CF = """cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """listeners: name -> {setting: value} for that smtpd."""

    def __init__(self, place, listeners):
        if os.geteuid() != 0:
            raise Missing("Postfix can be started by root only")
        self.place, self.ports = place, {}
        self.daemons = subprocess.run(
            [find_program("postconf"), "-dh", "daemon_directory"], env=dict(os.environ, LC_ALL="C"),
            capture_output=True, text=True, check=True).stdout.strip()
        self._folders()
        self._certificate()
        self._main_cf()
        self._master_cf(listeners)
        self.process = self._start()

    def _start(self):
        process = self.place.start(
            "postfix", [self.daemons + "/master", "-d", "-c", self.place.path("postfix")],
            env={"MAIL_CONFIG": self.place.path("postfix")})
        process.wait_ready(lambda: all(can_connect(("127.0.0.1", p)) for p in self.ports.values()))
        return process

    def _folders(self):
        uid = pwd.getpwnam("postfix").pw_uid
        postdrop = grp.getgrnam("postdrop").gr_gid
        nobody = pwd.getpwnam("nobody")
        self.place.mkdir("queue")
        for name in QUEUE_FOLDERS:
            os.chown(self.place.mkdir("queue", name, mode=0o700), uid, 0)
        self.place.mkdir("queue", "pid")
        os.chown(self.place.mkdir("queue", "public", mode=0o710), uid, postdrop)
        os.chown(self.place.mkdir("queue", "maildrop", mode=0o730), uid, postdrop)
        os.chown(self.place.mkdir("postfix-data", mode=0o700), uid, 0)
        os.chown(self.place.mkdir("mail", mode=0o755), nobody.pw_uid, nobody.pw_gid)
        self.place.mkdir("postfix")

    def _certificate(self):
        subprocess.run(
            [find_program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=mx.example.org", "-keyout", self.place.path("tls.key"),
             "-out", self.place.path("tls.pem")], check=True, capture_output=True)

    def _main_cf(self):
        mailboxes = ", ".join("{ %s@%s = %s-%s }" % (u, d, d, u)
                              for d in DOMAINS for u in PUBLIC_USERS)
        nobody = pwd.getpwnam("nobody")
        self.place.write("postfix/main.cf", MAIN_CF.format(
            dir=self.place.dir, daemons=self.daemons, domains=", ".join(DOMAINS),
            mailboxes=mailboxes, uid=nobody.pw_uid, gid=nobody.pw_gid))

    def _master_cf(self, listeners):
        text = MASTER_CF
        for name, settings in listeners.items():
            self.ports[name] = self.place.port()
            text += "127.0.0.1:%d inet n - n - - smtpd\n" % self.ports[name]
            for key, value in dict(settings, syslog_name="postfix/" + name).items():
                text += "  -o { %s = %s }\n" % (key, value)
        self.place.write("postfix/master.cf", text)

    def mailbox(self, address):
        """The text of all mail delivered to this address so far."""
        user, domain = address.split("@")
        try:
            with open(self.place.path("mail", domain + "-" + user), encoding="latin-1") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def wait_mail(self, address, marker, seconds=10):
        """Wait until a message with this text has arrived; returns the whole message."""
        wait_for(lambda: marker in self.mailbox(address), seconds,
                 "mail with %s for %s" % (marker, address))
        messages = re.split(r"(?m)^From .*\n", self.mailbox(address))
        return next(m for m in messages if marker in m)

    def log(self):
        try:
            with open(self.place.path("mail.log"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""
