"""Raw clients of the policy and milter protocols, for what no Postfix would ever send."""
import email.utils
import socket
import struct
import time


class Raw:
    """A connection; closed() says whether the other side hung up."""

    def __init__(self, address, seconds=10):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(seconds)
        self.sock.connect(address)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass                        # that it hung up is seen by closed()

    def closed(self, seconds):
        """True if the connection ends within this time; what comes before is kept."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                data = self.sock.recv(65536)
            except socket.timeout:
                return False
            except ConnectionResetError:
                return True
            if not data:
                return True
            self.buffer += data
        return False

    def _fill(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError("hung up; before that came %r" % self.buffer)
        self.buffer += data


def policy_text(**attributes):
    """A request as Postfix writes it; by default the client `good` of world.py at RCPT."""
    full = {"request": "smtpd_access_policy", "protocol_state": "RCPT", "protocol_name": "ESMTP",
            "helo_name": "mail.good.example", "queue_id": "", "sender": "raw@good.example",
            "recipient": "user@example.org", "recipient_count": "0",
            "client_address": "192.0.2.10", "client_name": "mail.good.example",
            "reverse_client_name": "mail.good.example", "instance": "1.2.3", "client_port": "1025"}
    full.update(attributes)
    lines = ["%s=%s\n" % (k, v) for k, v in full.items() if v is not None]
    return ("".join(lines) + "\n").encode("utf-8", "surrogateescape")


class RawPolicy(Raw):
    def answer(self):
        """The next answer, without "action="."""
        while b"\n\n" not in self.buffer:
            self._fill()
        block, _, self.buffer = self.buffer.partition(b"\n\n")
        return block.decode("latin-1").partition("=")[2]

    def ask(self, **attributes):
        self.send(policy_text(**attributes))
        return self.answer()


class RawMilter(Raw):
    def frame(self, command, data=b""):
        self.send(struct.pack("!I", 1 + len(data)) + command.encode() + data)

    def answer(self):
        """(reply, data) of the next frame."""
        while len(self.buffer) < 4 or \
                len(self.buffer) < 4 + struct.unpack("!I", self.buffer[:4])[0]:
            self._fill()
        n = struct.unpack("!I", self.buffer[:4])[0]
        frame, self.buffer = self.buffer[4:4 + n], self.buffer[4 + n:]
        return chr(frame[0]), frame[1:]

    def ask(self, command, data=b""):
        self.frame(command, data)
        return self.answer()

    def negotiate(self, version=6, actions=0x1ff, protocol=0x1fffff):
        """(version, actions, protocol, macro lists) of the filter; hung up: EOFError."""
        reply, data = self.ask("O", struct.pack("!III", version, actions, protocol))
        if reply != "O":
            raise ValueError("negotiation answered with %r" % reply)
        terms = struct.unpack("!III", data[:12])
        self.protocol = terms[2]
        return terms + (data[12:],)

    def transaction(self, addr, helo, sender, rcpt, name="[unknown]"):
        """CONNECT to RCPT, as negotiated; the answer to RCPT."""
        family = b"6" if ":" in addr else b"4"
        for no_reply, command, data in (
                (0x1000, "C", name.encode() + b"\0" + family + struct.pack("!H", 1025)
                 + addr.encode() + b"\0"),
                (0x2000, "H", helo.encode("utf-8", "surrogateescape") + b"\0"),
                (0x4000, "M", b"<" + sender.encode() + b">\0")):
            if self.protocol & no_reply:
                self.frame(command, data)
                continue
            reply = self.ask(command, data)
            if reply != ("c", b""):
                raise ValueError("%s answered with %r" % (command, reply))
        return self.ask("R", b"<" + rcpt.encode() + b">\0")

    def end(self, sender="sender@good.example"):
        """An ordinary header and the end of the message; the verdict, behind all modifications."""
        for name, value in (("Date", email.utils.formatdate()), ("From", sender),
                            ("Message-ID", "<1@good.example>")):
            self.frame("L", name.encode() + b"\0" + value.encode() + b"\0")
        self.frame("N")
        answer = self.ask("E")
        while answer[0] in "himq":
            answer = self.answer()
        return answer
