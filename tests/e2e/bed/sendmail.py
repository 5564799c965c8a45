"""A real Sendmail as receiving server in a room of its own (room.py), with a milter.

Contract: its .cf is made by m4 from the .mc below; own queue, aliases and ports; it asks the bed's
resolver only, as nothing else can be reached from the room.  Mail for example.org and
second.example ends in a file for each user.  Needs root.
"""
import os
import pwd
import re
import subprocess

from .dns import find_program
from .place import BedError, Missing, wait_for
from .postfix import DOMAINS, PUBLIC_USERS
from .unpacked import find_unpacked

MC = """divert(-1)
VERSIONID(`tests')
OSTYPE(`linux')
define(`confDOMAIN_NAME', `mx.example.org')
define(`confPID_FILE', `{dir}/pid')
define(`STATUS_FILE', `{dir}/statistics')
define(`QUEUE_DIR', `{dir}/queue')
define(`ALIAS_FILE', `{dir}/aliases')
define(`HELP_FILE', `')
define(`confCW_FILE', `-o {dir}/none')
define(`confSERVICE_SWITCH_FILE', `{dir}/switch')
define(`confHOSTS_FILE', `/dev/null')
define(`confDEF_USER_ID', `{uid}:{gid}')
define(`confDONT_BLAME_SENDMAIL', `GroupWritableDirPathSafe,AssumeSafeChown')
define(`confTO_IDENT', `0')
define(`confTO_RESOLVER_RETRANS', `1s')
define(`confCONNECTION_RATE_THROTTLE', `0')
define(`confBAD_RCPT_THROTTLE', `0')
define(`confMAX_DAEMON_CHILDREN', `0')
define(`confREFUSE_LA', `1000')
define(`confQUEUE_LA', `1000')
define(`confDELAY_LA', `1000')
FEATURE(`no_default_msa')
FEATURE(`nocanonify')
FEATURE(`accept_unresolvable_domains')
FEATURE(`accept_unqualified_senders')
DAEMON_OPTIONS(`Name=in4, Family=inet, Addr=127.0.0.1, Port={port}')
DAEMON_OPTIONS(`Name=in6, Family=inet6, Addr=::1, Port={port}')
LOCAL_DOMAIN(`{domains}')
{filter}
MAILER(`local')
MAILER(`smtp')
"""


class Sendmail:
    """filter: the lines of the .mc that name the milter."""

    count = 0

    def __init__(self, place, room, filter_lines):
        if os.geteuid() != 0:
            raise Missing("Sendmail can be started by root only")
        self.program = find_unpacked("usr/libexec/sendmail/sendmail")
        Sendmail.count += 1
        self.room, self.name = room, "sendmail%d" % Sendmail.count
        self.place, self.port = place, place.port()
        self.dir = place.mkdir(self.name)
        self._folders()
        self._configure(filter_lines)
        self.process = self._start()

    def _folders(self):
        nobody = pwd.getpwnam("nobody")
        self.place.mkdir(self.name, "queue", mode=0o700)
        self.mail = self.place.mkdir(self.name, "mail")
        os.chown(self.mail, nobody.pw_uid, nobody.pw_gid)
        for user in PUBLIC_USERS:
            path = self.place.write("%s/mail/%s" % (self.name, user), "")
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
            os.chmod(path, 0o600)
        self.place.write(self.name + "/switch", "hosts dns\naliases files\npasswd files\n")
        self.place.write(self.name + "/aliases", "MAILER-DAEMON: postmaster\n" + "".join(
            "%s: %s/%s\n" % (user, self.room.inside(self.mail), user) for user in PUBLIC_USERS))

    def _configure(self, filter_lines):
        nobody = pwd.getpwnam("nobody")
        macros = os.path.dirname(find_unpacked("usr/share/sendmail/cf/m4"))
        text = MC.format(dir=self.room.inside(self.dir), port=self.port, domains=" ".join(DOMAINS),
                         filter=filter_lines, uid=nobody.pw_uid, gid=nobody.pw_gid)
        mc = self.place.write(self.name + "/sendmail.mc", text)
        done = subprocess.run([find_program("m4"), "-D_CF_DIR_=%s/" % macros, macros + "/m4/cf.m4",
                               mc], capture_output=True, text=True, check=False)
        if done.returncode:
            raise BedError("m4: " + done.stderr)
        self.cf = self.room.inside(self.place.write(self.name + "/sendmail.cf", done.stdout))
        done = subprocess.run(self.room.command(self.program, "-C", self.cf, "-bi"),
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise BedError("newaliases: " + done.stdout + done.stderr)

    def _start(self):
        # It writes over its arguments and environment, so that the guard cannot find it.
        process = self.place.start(
            self.name, self.room.command("setpriv", "--pdeathsig", "KILL", self.program, "-bD",
                                         "-q1h", "-C", self.cf))
        process.wait_ready(self._listens)
        return process

    def _listens(self):
        try:
            self.room.connect("127.0.0.1", self.port).close()
        except OSError:
            return False
        return True

    def mailbox(self, user):
        """The text of all mail delivered to this user so far."""
        with open(os.path.join(self.mail, user), encoding="latin-1") as f:
            return f.read()

    def wait_mail(self, user, marker, seconds=10):
        """Wait until a message with this text has arrived; returns the whole message."""
        wait_for(lambda: marker in self.mailbox(user), seconds,
                 "mail with %s for %s" % (marker, user))
        messages = re.split(r"(?m)^From .*\n", self.mailbox(user))
        return next(m for m in messages if marker in m)
