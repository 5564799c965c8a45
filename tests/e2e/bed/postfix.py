"""A private Postfix: own configuration, queue and ports; mail for its domains ends in mbox files.

Contract: never touches /etc/postfix or the system's queue, asks no DNS, listens on loopback only.
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
# What all have.
BASE_CF = """compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/postfix-data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {dir}/mail.log
maillog_file_prefixes = {dir}
mynetworks = 127.0.0.1/32
inet_interfaces = 127.0.0.1
disable_dns_lookups = yes
smtpd_peername_lookup = no
virtual_mailbox_domains = {domains}
virtual_mailbox_base = {dir}/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
alias_maps =
notify_classes =
in_flow_delay = 0
"""
MAIN_CF = BASE_CF + """myhostname = mx.example.org
mydestination =
inet_protocols = all
smtpd_authorized_xclient_hosts = 127.0.0.1
virtual_mailbox_maps = inline:{{ {mailboxes} }}
recipient_delimiter = +
default_transport = discard
relay_transport = discard
local_transport = discard
local_recipient_maps =
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
smtpd_client_connection_count_limit = 0
smtpd_client_event_limit_exceptions = static:all
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_tls_cert_file = {dir}/tls.pem
smtpd_tls_key_file = {dir}/tls.key
smtpd_tls_security_level = may
smtpd_tls_loglevel = 0
# XCLIENT does not change this, and for clients of its own host Postfix adds Date, From, Message-ID.
local_header_rewrite_clients =
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
    """listeners: name -> {setting: value} for that smtpd; folder: for all of it, in the place."""

    def __init__(self, place, listeners, folder=""):
        if os.geteuid() != 0:
            raise Missing("Postfix can be started by root only")
        self.place, self.folder, self.ports = place, folder, {}
        self.dir = place.mkdir(folder) if folder else place.dir
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
            "postfix" + self.folder,
            [self.daemons + "/master", "-d", "-c", self._path("postfix")],
            env={"MAIL_CONFIG": self._path("postfix")})
        process.wait_ready(lambda: all(can_connect(("127.0.0.1", p)) for p in self.ports.values()))
        return process

    def _path(self, *parts):
        return os.path.join(self.dir, *parts)

    def _mkdir(self, *parts, mode=0o755):
        return self.place.mkdir(self.folder, *parts, mode=mode)

    def _folders(self):
        uid = pwd.getpwnam("postfix").pw_uid
        postdrop = grp.getgrnam("postdrop").gr_gid
        nobody = pwd.getpwnam("nobody")
        self._mkdir("queue")
        for name in QUEUE_FOLDERS:
            os.chown(self._mkdir("queue", name, mode=0o700), uid, 0)
        self._mkdir("queue", "pid")
        os.chown(self._mkdir("queue", "public", mode=0o710), uid, postdrop)
        os.chown(self._mkdir("queue", "maildrop", mode=0o730), uid, postdrop)
        os.chown(self._mkdir("postfix-data", mode=0o700), uid, 0)
        os.chown(self._mkdir("mail", mode=0o755), nobody.pw_uid, nobody.pw_gid)
        self._mkdir("postfix")

    def _certificate(self):
        subprocess.run(
            [find_program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=mx.example.org", "-keyout", self._path("tls.key"),
             "-out", self._path("tls.pem")], check=True, capture_output=True)

    def _main_cf(self):
        mailboxes = ", ".join("{ %s@%s = %s-%s }" % (u, d, d, u)
                              for d in DOMAINS for u in PUBLIC_USERS)
        nobody = pwd.getpwnam("nobody")
        self.place.write(self._path("postfix/main.cf"), MAIN_CF.format(
            dir=self.dir, daemons=self.daemons, domains=", ".join(DOMAINS),
            mailboxes=mailboxes, uid=nobody.pw_uid, gid=nobody.pw_gid))

    def _master_cf(self, listeners):
        text = MASTER_CF
        for name, settings in listeners.items():
            self.ports[name] = self.place.port()
            text += "127.0.0.1:%d inet n - n - - smtpd\n" % self.ports[name]
            for key, value in dict(settings, syslog_name="postfix/" + name).items():
                text += "  -o { %s = %s }\n" % (key, value)
        self.place.write(self._path("postfix/master.cf"), text)

    def mailbox(self, address):
        """The text of all mail delivered to this address so far."""
        user, domain = address.split("@")
        try:
            with open(self._path("mail", domain + "-" + user), encoding="latin-1") as f:
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
            with open(self._path("mail.log"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""


SENDER_CF = BASE_CF + """myhostname = {name}
mydestination =
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks, reject
virtual_mailbox_maps = static:box
default_transport = error:no way is known for this sender
sender_dependent_default_transport_maps = inline:{{ {ways} }}
local_transport = error
local_recipient_maps =
"""


class SendingPostfix(Postfix):
    """Somebody's server: takes mail from the tests and delivers it; all bounces go into one box.

    ways: sender -> (HELO name, (host, port)) for the mail of this sender; domains: the senders'.
    pretend.py makes it a client of world.py.  name: what its bounces call it; folder: of its own.
    """

    def __init__(self, place, name, ways, domains, folder="sender"):
        self.name, self.ways, self.domains = name, ways, domains
        super().__init__(place, {"submit": {}}, folder)

    def _certificate(self):
        pass

    def _main_cf(self):
        nobody = pwd.getpwnam("nobody")
        ways = ", ".join("{ %s = way%d:[%s]:%d }" % (sender, i, *target)
                         for i, (sender, (_, target)) in enumerate(self.ways.items()))
        self.place.write(self._path("postfix/main.cf"), SENDER_CF.format(
            dir=self.dir, daemons=self.daemons, name=self.name, ways=ways,
            domains=", ".join(self.domains), uid=nobody.pw_uid, gid=nobody.pw_gid))

    def _master_cf(self, listeners):
        super()._master_cf(listeners)
        with open(self._path("postfix/master.cf"), "a", encoding="utf-8") as f:
            for i, (helo, _) in enumerate(self.ways.values()):
                f.write("way%d unix - - n - - smtp\n  -o { smtp_helo_name = %s }\n" % (i, helo))

    def bounces(self):
        """The text of each message that came back."""
        try:
            with open(self._path("mail", "box"), encoding="latin-1") as f:
                return re.split(r"(?m)^From .*\n", f.read())[1:]
        except FileNotFoundError:
            return []

    def wait_bounce(self, marker, seconds=10):
        """The bounce of the message with this text."""
        return wait_for(lambda: [m for m in self.bounces() if marker in m], seconds,
                        "bounce with %s" % marker)[0]


VERIFYING_CF = BASE_CF + """myhostname = {name}
mydestination = $myhostname
inet_protocols = ipv4
virtual_mailbox_maps = inline:{{ {mailboxes} }}
default_transport = smtp:[{target[0]}]:{target[1]}
local_recipient_maps = inline:{{ postmaster=x }}
smtpd_error_sleep_time = 0
smtpd_recipient_restrictions = reject_unauth_destination, reject_unverified_sender
unverified_sender_reject_code = 550
address_verify_map =
address_verify_poll_count = 20
address_verify_poll_delay = 1s
{probe}
smtp_bind_address = {host}
smtp_connection_cache_on_demand = no
smtp_tls_security_level = may
smtpd_tls_cert_file = {dir}/tls.pem
smtpd_tls_key_file = {dir}/tls.key
smtpd_tls_security_level = may
"""


class VerifyingPostfix(Postfix):
    """Somebody's server, which asks about each sender with reject_unverified_sender.

    listen: (host, port), and it asks from that host; target: whom it asks about any sender that is not
    its own; users: local parts of `domain`; probe: as whom, a line of settings, none for Postfix'
    default.
    """

    def __init__(self, place, name, listen, target, domain, users, probe=""):
        self.name, self.host, self.listen, self.target = name, listen[0], listen, target
        self.domain, self.users, self.probe = domain, users, probe
        super().__init__(place, {}, "verifying-" + name)

    def _start(self):
        process = super()._start()
        process.wait_ready(lambda: can_connect(self.listen))
        return process

    def _main_cf(self):
        nobody = pwd.getpwnam("nobody")
        self.place.write(self._path("postfix/main.cf"), VERIFYING_CF.format(
            dir=self.dir, daemons=self.daemons, name=self.name, domains=self.domain,
            mailboxes=", ".join("{ %s@%s = box }" % (u, self.domain) for u in self.users),
            uid=nobody.pw_uid, gid=nobody.pw_gid, target=self.target, probe=self.probe,
            host=self.host))

    def _master_cf(self, _listeners):
        self.place.write(self._path("postfix/master.cf"), MASTER_CF +
                         "%s:%d inet n - n - - smtpd\nverify unix - - n - 1 verify\n"
                         "smtp unix - - n - - smtp\nlocal unix - n n - - local\n" % self.listen)

    def connects(self, host):
        """How many connections came from there, by its log."""
        return len(re.findall(r" connect from \S*\[%s\]" % re.escape(host), self.log()))
