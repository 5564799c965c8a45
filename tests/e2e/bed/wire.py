"""What goes over the wire between Postfix and a policy service or milter, read by a bystander.

Contract: a recorder is fed the bytes of both directions of one connection and turns them into
exchanges (request, answer, seconds).  Whatever breaks the protocol goes to `problems`, in words.
It is a second reading of reference/protocols 1 and 2, written apart from mxward's own codecs.
"""
import re
import struct
import time

MAX_FRAME = 1 << 20
MAX_LINE = 998              # RFC 5322, 2.1.1: octets of a line of a message
MAX_REPLY = 512             # RFC 5321, 4.5.3.1.5: octets of a reply line, with the code and CRLF

ACTION_PLAIN = re.compile(r"(DUNNO|OK|DEFER_IF_PERMIT|DEFER_IF_REJECT)( [ -~]+)?")
ACTION_REPLY = re.compile(r"([45])\d\d \1\.\d{1,3}\.\d{1,3} [ -~]+")
ACTION_PREPEND = re.compile(r"PREPEND [!-9;-~]+: [ -~]+")
ACTION_HOLD = re.compile(r"HOLD [ -~]+")

# command: (name, the protocol bit by which the filter says that it does not answer it)
MILTER_COMMANDS = {
    "O": ("OPTNEG", 0), "C": ("CONNECT", 0x1000), "H": ("HELO", 0x2000), "M": ("MAIL", 0x4000),
    "R": ("RCPT", 0x8000), "T": ("DATA", 0x10000), "L": ("HEADER", 0x80), "N": ("EOH", 0x40000),
    "B": ("BODY", 0x80000), "E": ("BODYEOB", 0), "U": ("UNKNOWN", 0x20000)}
MILTER_SILENT = {"D": "MACRO", "A": "ABORT", "Q": "QUIT", "K": "QUIT_NC"}
MILTER_FINAL = {  # command: the answers that may end it (protocols 1.5)
    "O": "O", "C": "cart4fy", "H": "cart4fy", "M": "cartdy4", "R": "cartdy4", "T": "cartdy4",
    "L": "cartdy4", "N": "cartdy4", "B": "cartdy4s", "E": "cartdy4", "U": "cty4"}
MILTER_CHANGES = "himqb+-2e"


class Exchange:
    """One request with its answer; answer is None when the connection ended first."""

    def __init__(self, kind, request):
        self.kind, self.request, self.answer = kind, request, None
        self.sent, self.seconds, self.excused = time.monotonic(), None, False

    def __repr__(self):
        return "%s %r -> %r in %s s" % (self.kind, self.request, self.answer, self.seconds)


class Recorder:
    """Common part: a queue of open exchanges, in the order in which they must be answered."""

    def __init__(self, exchanges, problems):
        self.exchanges, self.problems = exchanges, problems
        self.open, self.to_server, self.to_client = [], bytearray(), bytearray()

    def request(self, kind, value):
        exchange = Exchange(kind, value)
        self.exchanges.append(exchange)
        self.open.append(exchange)

    def answer(self, value):
        if not self.open:
            self.problems.append("an answer that nobody asked for: %r" % (value,))
            return None
        exchange = self.open.pop(0)
        exchange.answer, exchange.seconds = value, time.monotonic() - exchange.sent
        return exchange


class PolicyRecorder(Recorder):
    """Postfix policy delegation."""

    def client_bytes(self, data):
        self.to_server += data
        while b"\n\n" in self.to_server:
            block, _, rest = bytes(self.to_server).partition(b"\n\n")
            self.to_server[:] = rest
            lines = block.decode("utf-8", "replace").split("\n")
            self.request("policy", dict(line.split("=", 1) for line in lines if "=" in line))

    def server_bytes(self, data):
        self.to_client += data
        while b"\n\n" in self.to_client:
            block, _, rest = bytes(self.to_client).partition(b"\n\n")
            self.to_client[:] = rest
            text = block.decode("latin-1")
            problem = self.check(text)
            if problem:
                self.problems.append("policy answer %r: %s" % (text, problem))
            self.answer(text.partition("=")[2])

    @staticmethod
    def check(text):
        key, _, action = text.partition("=")
        if key != "action" or "\n" in text:
            return "not one line action=..."
        if not any(r.fullmatch(action) for r in (
                ACTION_PLAIN, ACTION_REPLY, ACTION_PREPEND, ACTION_HOLD)):
            return "not an action that we know, or one with bytes beyond printable ASCII"
        if len(action) > (len("PREPEND ") + MAX_LINE if action.startswith("PREPEND")
                          else MAX_REPLY - 2):
            return "longer than a reply line"
        return None


def check_replycode(data):
    """protocols 1.3: the strictest reader's rules for SMFIR_REPLYCODE; None or the problem."""
    if not data.endswith(b"\0") or b"\0" in data[:-1]:
        return "not exactly one NUL, at the end"
    text = data[:-1]
    if any(c != 10 and c != 13 and not 32 <= c < 127 for c in text):
        return "bytes beyond printable ASCII"
    if b"%" in text.replace(b"%%", b""):
        return "a single %"
    lines = text.decode().split("\r\n")
    if len(lines) > 32 or any("\r" in x or "\n" in x for x in lines):
        return "too many lines, or a bare CR or LF"
    for i, line in enumerate(lines):
        m = re.fullmatch(r"([45]\d\d)([ -])(?:(\d)\.\d{1,3}\.\d{1,3} )?.*", line)
        if not m or m[1] != lines[0][:3]:
            return "line %d does not start with the same code" % (i + 1)
        if (m[2] == " ") != (i == len(lines) - 1):
            return "line %d has the wrong separator" % (i + 1)
        if m[3] and m[3] != line[0]:
            return "line %d: the enhanced code is of another class" % (i + 1)
        if len(line) > MAX_REPLY - 2:
            return "line %d is longer than a reply line" % (i + 1)
    return None


class MilterRecorder(Recorder):
    """Milter frames; an exchange of BODYEOB keeps its modifications as `changes`."""

    def __init__(self, exchanges, problems):
        super().__init__(exchanges, problems)
        self.silent_bits, self.offered, self.changes = 0, None, []

    @staticmethod
    def frames(buf):
        while len(buf) >= 5:
            n = struct.unpack("!I", buf[:4])[0]
            if not 1 <= n <= MAX_FRAME or len(buf) < 4 + n:
                return
            frame = bytes(buf[4:4 + n])
            del buf[:4 + n]
            yield chr(frame[0]), frame[1:]

    def client_bytes(self, data):
        self.to_server += data
        for command, rest in self.frames(self.to_server):
            if command in MILTER_SILENT:
                continue
            name, bit = MILTER_COMMANDS.get(command, ("?" + command, 0))
            if command == "O":
                self.offered = struct.unpack("!III", rest[:12])
            if not bit or not self.silent_bits & bit:
                self.request(name, (command, rest))

    def server_bytes(self, data):
        self.to_client += data
        for reply, rest in self.frames(self.to_client):
            self.one_answer(reply, rest)

    def one_answer(self, reply, rest):
        if not self.open:
            self.answer((reply, rest))          # files the problem
            return
        command = self.open[0].request[0]
        if reply == "p" or command == "E" and reply in MILTER_CHANGES:
            self.changes.append((reply, rest))
            return
        if reply not in MILTER_FINAL.get(command, ""):
            self.problems.append("%s answered with %r" % (self.open[0].kind, reply))
        if reply == "O":
            self.negotiated(rest)
        elif reply == "y":
            problem = check_replycode(rest)
            if problem:
                self.problems.append("reply %r: %s" % (rest, problem))
        elif rest:
            self.problems.append("%r carries data: %r" % (reply, rest))
        exchange = self.answer((reply, rest))
        exchange.changes, self.changes = self.changes, []

    def negotiated(self, rest):
        version, actions, protocol = struct.unpack("!III", rest[:12])
        their_version, their_actions, their_protocol = self.offered
        if version > their_version or actions & ~their_actions or protocol & ~their_protocol:
            self.problems.append("negotiation: more than was offered: %s of %s"
                                 % ((version, actions, protocol), self.offered))
        self.silent_bits = protocol
