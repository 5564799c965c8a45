"""A real OpenSMTPD that receives.

Contract: its folders are compiled in, so it runs in a view of the file system of its own, in which
/var/spool, /var/lib and /run are empty and its users exist; nothing of it is left behind.  Listens
at the one address that it is given, delivers nothing, and offers no TLS: as Debian 12 has it, it
cannot shake hands with anybody (its keys do not get along with OpenSSL 3).  Needs root.
"""
import os
import shutil

from .place import Missing, can_connect
from .unpacked import find_unpacked

CONF = """table users {{ {users} }}
listen on {listen[0]} port {listen[1]} hostname "{name}"
action "box" maildir "{dir}/box" virtual <users>
match from any for domain "{domain}" action "box"
"""
USERS = ("opensmtpd:x:{0}:{0}::/var/lib/opensmtpd/empty:/bin/false\n"
         "opensmtpq:x:{1}:{1}::/var/lib/opensmtpd/empty:/bin/false\n")
GROUPS = "opensmtpd:x:{0}:\nopensmtpq:x:{1}:\n"
SCRIPT = """set -e
mount --bind {dir}/passwd /etc/passwd
mount --bind {dir}/group /etc/group
for folder in /var/spool /var/lib /run; do mount -t tmpfs none $folder; done
mkdir -p /var/spool/smtpd /var/lib/opensmtpd/empty
chmod 711 /var/spool/smtpd
exec {program} -d -f {dir}/smtpd.conf
"""
IDS = 60991, 60992


class OpenSmtpd:
    """listen: (host, port); users: local parts that it knows in domain."""

    def __init__(self, place, name, listen, domain, users):
        if os.geteuid() != 0:
            raise Missing("OpenSMTPD can be started by root only")
        if not shutil.which("unshare"):
            raise Missing("unshare is not installed: no file system of its own")
        program = find_unpacked("usr/sbin/smtpd")
        folder = place.mkdir("opensmtpd")
        for path, more in (("passwd", USERS), ("group", GROUPS)):
            with open("/etc/" + path, encoding="utf-8") as f:
                place.write("opensmtpd/" + path, f.read() + more.format(*IDS))
        place.write("opensmtpd/smtpd.conf", CONF.format(
            dir=folder, name=name, listen=listen, domain=domain,
            users=", ".join("%s = nobody" % user for user in users)))
        self.process = place.start(
            "opensmtpd", ["unshare", "--mount", "sh", "-c", SCRIPT.format(dir=folder, program=program)],
            env={"MXWARD_PLACE": place.dir})
        self.process.wait_ready(lambda: can_connect(listen))
