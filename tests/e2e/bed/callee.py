"""A mail server of a sender's domain, as callouts find it: polite or hostile, as the test says."""
import collections
import contextlib
import os
import selectors
import socket
import ssl
import subprocess
import threading
import time


class Callee:
    """Listens at each of `addresses`, (host, port): so many servers.  `mode` says how they behave;
    `known` are the addresses they take mail for, and `delay` is how long they think first.  `sessions`
    are lists of the commands heard, `begun` which host was connected to and when, `most` how many
    sessions one host has had at a time."""

    def __init__(self, *addresses, known=(), delay=0):
        self.mode, self.known, self.delay = "polite", set(known), delay
        self.sessions, self.begun, self.open, self.most = [], [], {}, 0
        self.lock, self.context = threading.Lock(), None
        self.wake, self.woken = socket.socketpair()
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.woken, selectors.EVENT_READ)
        for address in addresses:
            listener = socket.create_server(address, backlog=100)
            listener.setblocking(False)
            self.selector.register(listener, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.accept_all, daemon=True)
        self.thread.start()

    def accept_all(self):
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.woken:
                    return
                with contextlib.suppress(BlockingIOError):
                    sock = key.fileobj.accept()[0]
                    sock.setblocking(True)
                    threading.Thread(target=self.handle, args=(sock,), daemon=True).start()

    def handle(self, sock):
        with sock, contextlib.suppress(OSError, ssl.SSLError):
            self.serve(sock)

    def stop(self):
        self.wake.close()
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()

    def busiest(self, seconds):
        """Connections that came within such a time: (at most to one server, at most to all)."""
        def most(times):
            return max((sum(t <= x < t + seconds for x in times) for t in times), default=0)

        hosts = collections.defaultdict(list)
        for host, at in self.begun:
            hosts[host].append(at)
        return max(map(most, hosts.values()), default=0), most([at for _, at in self.begun])

    def use_certificate(self, folder, expired=False):
        """For STARTTLS, made for the purpose."""
        path = os.path.join(folder, "callee")
        with open(path + ".cnf", "w", encoding="ascii") as f:
            f.write("[ca]\ndefault_ca = c\n[c]\nnew_certs_dir = %s\ndatabase = %s.db\nserial = %s.ser\n"
                    "default_md = sha256\npolicy = p\n[p]\ncommonName = supplied\n"
                    "[req]\ndistinguished_name = n\n[n]\n" % (folder, path, path))
        open(path + ".db", "w", encoding="ascii").close()
        end = "20200102000000Z" if expired else "20990102000000Z"
        for command in (
                ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=callee", "-config",
                 path + ".cnf", "-keyout", path + ".key", "-out", path + ".csr"],
                ["ca", "-batch", "-selfsign", "-rand_serial", "-notext", "-config", path + ".cnf",
                 "-keyfile", path + ".key", "-startdate", "20200101000000Z", "-enddate", end,
                 "-in", path + ".csr", "-out", path + ".crt"]):
            subprocess.run(["openssl", *command], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(path + ".crt", path + ".key")

    def serve(self, sock):
        heard, host = [], sock.getsockname()[0]
        with self.lock:
            self.sessions.append(heard)
            self.begun.append((host, time.monotonic()))
            self.open[id(heard)] = host
            self.most = max(self.most, list(self.open.values()).count(host))
        try:
            time.sleep(self.delay)
            hostile = getattr(self, "be_" + self.mode.replace(" ", "_"), None)
            if hostile:
                hostile(sock)
            else:
                self.talk(sock, heard)
        finally:
            self.over(heard)

    def over(self, heard):
        """Whoever has said QUIT may come again at once."""
        with self.lock:
            self.open.pop(id(heard), None)

    # how it behaves -----------------------------------------------------------------------------

    def talk(self, sock, heard):
        """A server that answers; modes "silent at MAIL" and "421 at RCPT" stop or end there."""
        what, _, where = self.mode.partition(" at ")
        if self.react(sock, what, where, "greeting", "220 mx.callee.example ESMTP"):
            return
        while True:
            line = self.line(sock)
            if line is None:
                return
            heard.append(line)
            if line == "QUIT":
                self.over(heard)
            verb = line.split(" ")[0].split(":")[0].upper()
            if self.react(sock, what, where, verb, self.reply(line, verb)):
                return
            if verb == "STARTTLS":
                if self.mode == "broken TLS":
                    sock.sendall(b"this is no TLS\r\n" * 10)
                    time.sleep(0.2)
                    return
                sock = self.context.wrap_socket(sock, server_side=True)
            if verb == "QUIT":
                return

    def react(self, sock, what, where, verb, reply):
        """True: it is over."""
        if where != verb:
            sock.sendall(reply.encode() + b"\r\n")
            return False
        if what == "silent":
            time.sleep(30)
        elif what == "reset":
            sock.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")     # SO_LINGER 0
        else:
            sock.sendall(what.encode() + b" not now\r\n")
            return what == "421"
        return True

    def reply(self, line, verb):
        if verb == "EHLO":
            tls = self.context and not self.mode.startswith("no TLS")
            return "250-mx.callee.example\r\n250 " + ("STARTTLS" if tls else "SIZE 1000")
        if verb == "STARTTLS":
            return "220 go" + ("\r\n250 injected" if self.mode == "injection" else "")
        if verb == "RCPT":
            address = line.partition("<")[2].rstrip(">")
            if self.mode == "all" or address in self.known:
                return "250 2.1.5 Ok"
            if self.mode == "greylist":
                return "450 4.2.0 come again"
            return "550 5.1.1 <%s>: who is that?" % address
        return "221 bye" if verb == "QUIT" else "250 2.0.0 Ok"

    def be_tarpit(self, sock):
        for byte in b"220 mx.callee.example ESMTP, one byte a second\r\n":
            sock.sendall(bytes([byte]))
            time.sleep(1)

    def be_endless_banner(self, sock):
        while True:
            sock.sendall(b"x" * 1000)

    def be_endless_reply(self, sock):
        for _ in range(10000):
            sock.sendall(b"220-and so on\r\n")
        time.sleep(5)

    @staticmethod
    def line(sock):
        data = b""
        while not data.endswith(b"\n"):
            byte = sock.recv(1)
            if not byte:
                return None
            data += byte
        return data.decode().rstrip("\r\n")
