"""DNS for the tests: NSD as the whole Internet (the root zone), unbound as the site's resolver.

Contract: unbound asks nobody but our NSD and sends from 127.0.0.1 only, so no question can leave
the machine.  Its built-in answers for test addresses (192.0.2.0/24 and the like) are off.
"""
import asyncio
import json
import os
import shutil
import socket
import struct
import subprocess
import sys

from .place import BedError, Missing

ROOT_ZONE = """$TTL 300
. SOA ns.root-servers.example. hostmaster.root-servers.example. 1 3600 600 86400 60
. NS ns.root-servers.example.
ns.root-servers.example. A 127.0.0.1
"""
TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}


def find_program(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")
    if not path:
        raise Missing("%s is not installed (Debian packages: nsd unbound postfix)" % name)
    return path


def ask(port, name, rrtype, seconds=2.0, rd=True):
    """One question over UDP: (rcode, number of answer records), or None without an answer."""
    question = b"".join(bytes([len(x)]) + x.encode() for x in name.strip(".").split(".") if x)
    question += b"\0" + struct.pack("!HH", TYPES[rrtype], 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(seconds)
        s.connect(("127.0.0.1", port))
        try:
            s.send(struct.pack("!6H", 7, 0x100 if rd else 0, 1, 0, 0, 0) + question)
            answer = s.recv(4096)
        except OSError:
            return None
    return answer[3] & 15, struct.unpack("!H", answer[6:8])[0]


class Nsd:
    """Serves the root zone with the test's records.  `broken` zones answer SERVFAIL."""

    def __init__(self, place, records, broken=(), apex=ROOT_ZONE, folder="nsd"):
        self.port = place.port()
        home = place.mkdir(folder)
        place.write(folder + "/root.zone", apex + records)
        zones = 'zone:\n name: "."\n zonefile: root.zone\n'
        for name in broken:         # a zone whose file does not exist: NSD's own SERVFAIL
            zones += 'zone:\n name: "%s"\n zonefile: missing.zone\n' % name
        conf = place.write(folder + "/nsd.conf", """server:
 ip-address: 127.0.0.1@%d
 port: %d
 do-ip6: no
 server-count: 1
 username: ""
 chroot: ""
 zonesdir: "%s"
 database: ""
 pidfile: ""
 xfrdfile: "%s/xfrd.state"
 zonelistfile: "%s/zone.list"
 xfrdir: "%s"
 rrl-ratelimit: 0
remote-control:
 control-enable: no
%s""" % (self.port, self.port, home, home, home, home, zones))
        check = subprocess.run([find_program("nsd-checkzone"), ".", home + "/root.zone"],
                               capture_output=True, text=True, check=False)
        if check.returncode:
            raise BedError("the zone of the tests is wrong: " + check.stdout + check.stderr)
        self.process = place.start(folder, [find_program("nsd"), "-d", "-c", conf])
        self.process.wait_ready(lambda: ask(self.port, "ns.root-servers.example", "A", 0.2))


class Unbound:
    """A recursive resolver whose only root server is the given NSD; more: lines of its settings."""

    def __init__(self, place, nsd, more="", folder="unbound"):
        self.port = place.port()
        home = place.mkdir(folder)
        conf = place.write(folder + "/unbound.conf", """server:
 interface: 127.0.0.1@%d
 outgoing-interface: 127.0.0.1
 do-ip6: no
 access-control: 127.0.0.0/8 allow
 do-not-query-localhost: no
 unblock-lan-zones: yes
 insecure-lan-zones: yes
 module-config: "iterator"
 username: ""
 chroot: ""
 directory: "%s"
 pidfile: ""
 use-syslog: no
 logfile: ""
 verbosity: 1
 num-threads: 1
 root-hints: ""
 target-fetch-policy: "0 0 0 0 0"
 qname-minimisation: no
%sremote-control:
 control-enable: no
stub-zone:
 name: "."
 stub-addr: 127.0.0.1@%d
 stub-prime: no
""" % (self.port, home, more, nsd.port))
        self.process = place.start(folder, [find_program("unbound"), "-d", "-p", "-c", conf])
        self.process.wait_ready(
            lambda: (ask(self.port, "ns.root-servers.example", "A", 0.5) or (9,))[0] == 0)


class SlowResolver(asyncio.DatagramProtocol):
    """Passes each question on to `target_port` and its answer back after `seconds`.

    seconds None: takes every question and never answers.  TCP: accepted, never answered.
    """

    def __init__(self, loop, place, target_port, seconds):
        self.port, self.target_port, self.seconds = place.port(), target_port, seconds
        self.questions = 0
        loop.call(self._listen())

    async def _listen(self):
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", self.port))
        await asyncio.start_server(lambda reader, writer: reader.read(), "127.0.0.1", self.port)

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        self.questions += 1
        if self.seconds is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(self.seconds, lambda: loop.create_task(self._answer(data, peer)))

    async def _answer(self, data, peer):
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.setblocking(False)
            await loop.sock_connect(s, ("127.0.0.1", self.target_port))
            await loop.sock_sendall(s, data)
            self.transport.sendto(await loop.sock_recv(s, 4096), peer)


class TestDns:
    """The shared scripted DNS server with its faults; zone is a document as its head describes."""

    def __init__(self, place, script, name, zone):
        path = place.write(name + ".json", json.dumps(zone))
        self.process = place.start(name, [sys.executable, script, path])
        self.process.wait_ready(lambda: self.process.log().startswith("{"))
        self.port = json.loads(self.process.log().splitlines()[0])["servers"][0]["port"]


class ListDns(asyncio.DatagramProtocol):
    """A resolver that knows DNS lists, which can be told to go wrong while they run.

    lists: {zone: set of entries, as "1.2.0.192" or a name}; each has its test entries besides.
    wrong: {zone: what its every answer is instead}: an address ("127.0.0.2": lists everything),
    "silent", "servfail" or "empty" (nothing is on it, not even its test entries).
    Everything else does not exist.  names: the questions that came, in order.
    """

    def __init__(self, loop, place, lists, code="127.0.0.2", records=None):
        self.port = place.port()
        self.lists, self.code, self.wrong, self.names = lists, code, {}, []
        self.records = records or {}
        self.loop = loop
        loop.call(self._listen())

    async def _listen(self):
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", self.port))

    def stop(self):
        """The resolver is gone: its port is closed."""
        async def close():
            self.transport.close()
        self.loop.call(close())

    def start(self):
        self.loop.call(self._listen())

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        end, labels = 12, []
        while data[end]:
            labels.append(data[end + 1:end + 1 + data[end]].decode("latin-1"))
            end += 1 + data[end]
        end += 5
        name, qtype = ".".join(labels).lower(), data[end - 3]
        self.names.append(name)
        rcode, addresses = self._answer(name, qtype)
        if rcode is None:
            return
        answer = data[:2] + bytes((0x81, 0x80 | rcode)) + b"\0\1" \
            + len(addresses).to_bytes(2, "big") + b"\0\0\0\0" + data[12:end]
        for rdata in addresses:
            answer += b"\xc0\x0c" + bytes((0, qtype, 0, 1)) + (600).to_bytes(4, "big") \
                + len(rdata).to_bytes(2, "big") + rdata
        self.transport.sendto(answer, peer)

    def _answer(self, name, qtype):
        """(rcode or None, list of rdata)"""
        if (name, qtype) in self.records:
            return 0, [self.records[name, qtype]]
        for zone, entries in self.lists.items():
            if not name.endswith("." + zone):
                continue
            wrong, entry = self.wrong.get(zone), name[:-len(zone) - 1]
            if wrong == "silent":
                return None, []
            if wrong == "servfail":
                return 2, []
            if wrong and wrong != "empty":
                return 0, [socket.inet_aton(wrong)] if qtype == 1 else []
            if not wrong and (entry in entries or entry in ("2.0.0.127", "test")):
                return 0, [socket.inet_aton(self.code)] if qtype == 1 else []
        return 3, []
