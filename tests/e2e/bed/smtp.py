"""An SMTP client that keeps every reply exactly as it came, and can pretend to be anybody."""
import email.utils
import socket
import ssl


class Reply:
    """One SMTP reply.  str() is its text, lines joined by newlines, without the last line end."""

    def __init__(self, lines):
        self.lines = lines
        self.code = int(lines[0][:3])

    def __str__(self):
        return "\n".join(self.lines)

    def __repr__(self):
        return "Reply(%r)" % str(self)

    def __eq__(self, other):
        return str(self) == str(other)

    def __hash__(self):
        return hash(str(self))

    @property
    def enhanced(self):
        word = self.lines[0][4:].split(" ")[0]
        return word if word.count(".") == 2 and word.replace(".", "").isdigit() else None


def xtext(value):
    """RFC 3461, 4: what XCLIENT wants for every value."""
    return "".join(c if 33 <= ord(c) <= 126 and c not in "+=" else "+%02X" % ord(c) for c in value)


class Smtp:
    """A dialogue.  `replies` holds (command, Reply) for all of it, for the checks afterwards.
    where: a port, or a connection that is there already."""

    def __init__(self, where, seconds=30):
        self.replies = []
        self.sock = where if isinstance(where, socket.socket) else \
            socket.create_connection(("127.0.0.1", where), timeout=seconds)
        self.file = self.sock.makefile("rb")
        self.greeting = self._read("(connect)")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()
        self.sock.close()

    def _read(self, command):
        lines = []
        while True:
            raw = self.file.readline(4096)
            if not raw:
                raise EOFError("connection closed after %r" % command)
            if not raw.endswith(b"\r\n"):
                raise ValueError("reply line without CRLF: %r" % raw)
            line = raw[:-2].decode("latin-1")
            if len(line) < 3 or not line[:3].isdigit() or line[3:4] not in ("", " ", "-") \
                    or (lines and line[:3] != lines[0][:3]):
                raise ValueError("malformed reply line %r" % line)
            lines.append(line)
            if line[3:4] != "-":
                break
        reply = Reply(lines)
        self.replies.append((command, reply))
        return reply

    def cmd(self, line):
        self.sock.sendall(line.encode() + b"\r\n")
        return self._read(line)

    def pipeline(self, *lines):
        """All commands in one write, the replies in order (RFC 2920)."""
        self.sock.sendall("".join(line + "\r\n" for line in lines).encode())
        return [self._read(line) for line in lines]

    def xclient(self, addr, name=None, **more):
        """Become this client.  name: the reverse name, None where there is none."""
        attrs = {"ADDR": ("IPV6:" if ":" in addr else "") + addr,
                 "NAME": name or "[UNAVAILABLE]", "REVERSE_NAME": name or "[UNAVAILABLE]"}
        attrs.update(more)
        return self.cmd("XCLIENT " + " ".join(
            k + "=" + (v if v.startswith("[") else xtext(v)) for k, v in attrs.items()))

    def ehlo(self, name):
        return self.cmd("EHLO " + name)

    def mail(self, address):
        return self.cmd("MAIL FROM:<%s>" % address)

    def rcpt(self, address):
        return self.cmd("RCPT TO:<%s>" % address)

    def data(self, text):
        """text: fields, an empty line, a body; what every mail program writes comes before."""
        text = "Date: %s\nFrom: writer@good.example\nMessage-ID: %s\n%s" % (
            email.utils.formatdate(), email.utils.make_msgid(domain="good.example"), text)
        return self.data_bytes(text.replace("\n", "\r\n").encode() + b"\r\n")

    def data_bytes(self, message):
        """The same of a message that is sent as it is; it ends in CR LF and has no dots to hide."""
        reply = self.cmd("DATA")
        if reply.code != 354:
            return reply
        self.sock.sendall(message + b".\r\n")
        return self._read("(end of data)")

    def rset(self):
        return self.cmd("RSET")

    def quit(self):
        return self.cmd("QUIT")

    def starttls(self):
        reply = self.cmd("STARTTLS")
        if reply.code == 220:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.sock = context.wrap_socket(self.sock)
            self.file = self.sock.makefile("rb")
        return reply
