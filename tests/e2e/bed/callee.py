"""A mail server of a sender's domain, as callouts find it: polite or hostile, as the test says."""
import contextlib
import os
import socketserver
import ssl
import subprocess
import threading
import time


class Callee:
    """Listens at `address` (host, port).  `mode` says how it behaves; `known` are the addresses it
    takes mail for.  `sessions` are lists of the commands heard, `begun` when each came."""

    def __init__(self, address, known=()):
        self.mode, self.known = "polite", set(known)
        self.sessions, self.begun, self.now, self.most = [], [], 0, 0
        self.lock, self.context = threading.Lock(), None
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError, ssl.SSLError):
                    outer.serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True
            request_queue_size = 100

        self.server = Server(address, Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

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
        heard = []
        with self.lock:
            self.sessions.append(heard)
            self.begun.append(time.monotonic())
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            hostile = getattr(self, "be_" + self.mode.replace(" ", "_"), None)
            if hostile:
                hostile(sock)
            else:
                self.talk(sock, heard)
        finally:
            with self.lock:
                self.now -= 1

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
