"""A network of its own in which the tests' clients have the addresses that world.py gives them.

Contract: a network without any way out.  All of it is loopback; 192.0.2.0/24, 198.51.100.0/24 and
203.0.113.0/24 are local there, so is each IPv6 address that is asked for.  At 127.0.0.1:53 listens
a relay to the bed's resolver, which /etc/resolv.conf names in there; the host's name is that of the
tests' mail server, and the folder of the tests is also /mnt, for programs that insist on paths which
nobody else can write to.  It needs no name and no undo:
the kernel removes it with its processes.
"""
import asyncio
import ctypes
import os
import shutil
import socket
import threading

from .place import Missing, wait_for

CLONE_NEWNET = 0x40000000
NETWORKS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
SCRIPT = """set -e
hostname mx.example.org
ip link set lo up
for net in {nets}; do ip route add local $net dev lo; done
for addr in {addrs}; do ip address add $addr/128 dev lo; done
mount --bind {resolv} /etc/resolv.conf
mount --bind {place} /mnt
touch {ready}
exec sleep 100000
"""


class Relay(asyncio.DatagramProtocol):
    """Questions over UDP, passed on to this port of the ordinary network."""

    def __init__(self, port):
        self.port = port

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        asyncio.get_running_loop().create_task(self._ask(data, addr))

    async def _ask(self, data, addr):
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.setblocking(False)
            s.connect(("127.0.0.1", self.port))
            await loop.sock_sendall(s, data)
            try:
                answer = await asyncio.wait_for(loop.sock_recv(s, 4096), 10)
            except (OSError, asyncio.TimeoutError):
                return
        self.transport.sendto(answer, addr)


class Room:
    """addresses: IPv6 addresses that are local; resolver_port: of the bed's resolver."""

    count = 0

    def __init__(self, place, loop, resolver_port, addresses=()):
        for program in ("unshare", "nsenter", "setpriv", "ip"):
            if not shutil.which(program):
                raise Missing("%s is not installed: no network of its own" % program)
        Room.count += 1
        name = "room%d" % Room.count
        resolv = place.write(name + "-resolv.conf", "nameserver 127.0.0.1\n")
        ready = place.path(name + "-ready")
        self.place = place
        self.process = place.start(name, ["unshare", "--net", "--uts", "--mount", "sh", "-c", SCRIPT.format(
            nets=" ".join(NETWORKS), addrs=" ".join(addresses), resolv=resolv, ready=ready,
            place=place.dir)], env={"MXWARD_PLACE": place.dir})
        wait_for(lambda: os.path.exists(ready) or not self.process.alive(), 5, "the room")
        if not self.process.alive():
            raise Missing("no network of its own can be made: " + self.process.log().strip())
        self._space = os.open("/proc/%d/ns/net" % self.process.pid, os.O_RDONLY)
        place.at_close(lambda: os.close(self._space))
        sock = self.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 53))
        loop.call(self._serve(sock, resolver_port))

    @staticmethod
    async def _serve(sock, port):
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: Relay(port), sock=sock)

    def command(self, *argv):
        """How a program is started in here."""
        return ["nsenter", "--target=%d" % self.process.pid, "--net", "--uts", "--mount", "--", *argv]

    def inside(self, path):
        """The name in here of something in the folder of the tests."""
        return "/mnt" + path.removeprefix(self.place.dir)

    def socket(self, *arguments):
        """A socket of this network, for use from outside: where it was made is what counts."""
        made = []

        def make():
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(self._space, CLONE_NEWNET) == 0:
                made.append(socket.socket(*arguments))
        thread = threading.Thread(target=make)      # setns() is the thread's alone
        thread.start()
        thread.join()
        if not made:
            raise Missing("no socket can be made in another network")
        return made[0]

    def listen(self, port):
        """A listening socket at 127.0.0.1 in here."""
        sock = self.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen(64)
        return sock

    def connect(self, address, port, seconds=30):
        """A connection from this client address to the loopback address of its family."""
        six = ":" in address
        sock = self.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_STREAM)
        sock.settimeout(seconds)
        sock.bind((address, 0))
        sock.connect(("::1" if six else "127.0.0.1", port))
        return sock
