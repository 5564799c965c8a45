"""What no Postfix sends and no decent name server answers: bounds, and bytes that stay escaped."""
import struct
import time

from bed.dns import SlowResolver
from bed.place import wait_for
from bed.raw import Raw, RawMilter, RawPolicy, policy_text
from case import MxwardCase
from test_verdicts import SITE
from world import C, HOSTILE

SECTIONS = SITE + """[policy]
profile = strict
[actions]
helo_syntax = reject
"""


class Bounds(MxwardCase):
    sections = SECTIONS

    def assertHangsUp(self, raw, data):
        began = time.monotonic()
        raw.send(data)
        self.assertTrue(raw.closed(2), "still open after 2 s")
        self.assertLess(time.monotonic() - began, 1)
        self.assertEqual(raw.buffer, b"")

    def tearDown(self):
        """Whatever was sent: the others are served."""
        with RawPolicy(self.bed.policy_address) as raw:
            self.assertEqual(raw.ask(), "DUNNO")
        super().tearDown()

    def test_policy_line_without_end(self):
        with Raw(self.bed.policy_address) as raw:
            self.assertHangsUp(raw, b"helo_name=" + b"x" * 20000)

    def test_policy_request_without_end(self):
        with Raw(self.bed.policy_address) as raw:
            self.assertHangsUp(raw, b"".join(b"a%d=%s\n" % (i, b"x" * 1000) for i in range(80)))

    def test_policy_values_that_make_no_sense(self):
        for changes in ({"client_address": None}, {"client_address": "unknown"},
                        {"client_address": "300.1.2.3"}, {"client_address": ""},
                        {"protocol_state": "CONNECT"}, {"recipient": ""}, {"sender": None},
                        {"instance": None}, {"unknown_attribute": "x"}):
            with self.subTest(changes), RawPolicy(self.bed.policy_address) as raw:
                self.assertEqual(raw.ask(**changes), "DUNNO")

    def test_policy_requests_in_one_write_and_byte_by_byte(self):
        with RawPolicy(self.bed.policy_address) as raw:
            raw.send(policy_text() + policy_text(recipient="other@example.org", instance="1.2.4"))
            self.assertEqual([raw.answer(), raw.answer()], ["DUNNO", "DUNNO"])
            for i in range(len(text := policy_text(instance="1.2.5"))):
                raw.send(text[i:i + 1])
            self.assertEqual(raw.answer(), "DUNNO")

    def test_milter_frames_of_impossible_length(self):
        for length in (0, (1 << 20) + 1, 0x7fffffff, 0xffffffff):
            with self.subTest(length), Raw(self.bed.milter_address) as raw:
                self.assertHangsUp(raw, struct.pack("!I", length))

    def test_milter_old_and_impossible_versions(self):
        for version in (2, 3, 4, 6, 7):
            with self.subTest(version), RawMilter(self.bed.milter_address) as raw:
                offered = 0x7f if version == 2 else 0x3ff if version < 6 else 0x1fffff
                answer = raw.negotiate(version, 0x3f if version < 6 else 0x1ff, offered)
                self.assertEqual(answer[0], min(version, 6))
                self.assertEqual(answer[2] & ~offered, 0)
                self.assertEqual(raw.transaction("192.0.2.10", "mail.good.example",
                                                 "a@good.example", "user@example.org"), ("c", b""))
        with RawMilter(self.bed.milter_address) as raw:
            raw.frame("O", struct.pack("!III", 1, 0, 0))
            self.assertTrue(raw.closed(2))

    def test_milter_next_client_on_the_same_socket(self):
        with RawMilter(self.bed.milter_address) as raw:
            raw.negotiate()
            for n in range(3):
                self.assertEqual(
                    raw.transaction("192.0.2.20", "mail.noptr.example", "a@good.example",
                                    "user@example.org")[0], "y")
                raw.frame("K")
                self.assertEqual(
                    raw.transaction("192.0.2.10", "mail.good.example", "a@good.example",
                                    "user@example.org"), ("c", b""))
                raw.frame("K")

    def test_milter_commands_out_of_order(self):
        with RawMilter(self.bed.milter_address) as raw:
            raw.negotiate()
            raw.frame("R", b"<user@example.org>\0")
            raw.frame("A")
            raw.frame("E")
            raw.frame("X", b"?")
            raw.closed(0.3)                 # any answer but a crash or a refusal will do
            self.assertNotIn(b"55", raw.buffer)


class Abandoned(MxwardCase):
    """Peers that go away while an answer is pending leave nothing behind."""
    sections = SECTIONS

    @classmethod
    def make_resolver(cls, b):
        return SlowResolver(b.loop, b.place, b.unbound.port, 0.3).port

    def test_descriptors_come_back(self):
        def descriptors():
            return sum(row[2] for row in self.mxward.usage())
        # Sockets take connections before a worker is there to count: one answer shows that it is.
        with Raw(self.bed.policy_address) as raw:
            raw.send(policy_text(protocol_state="CONNECT"))
            raw._fill()
        before = descriptors()
        for i in range(300):
            with Raw(self.bed.policy_address) as raw:
                raw.send(policy_text(client_address="192.0.2.%d" % (100 + i % 100),
                                     instance="gone.%d" % i))
            with RawMilter(self.bed.milter_address) as raw:
                raw.negotiate()
                raw.frame("C", b"[x]\0" b"4" b"\4\1" b"192.0.2.%d\0" % (100 + i % 100))
        # A question may take 5 s, a verdict 8 s: by then nothing may be left.
        wait_for(lambda: descriptors() <= before + 4, 12, "the descriptors to be given back")


class Bytes(MxwardCase):
    """Hostile bytes in names: every reply and log line stays printable (case.py looks at all)."""
    sections = SECTIONS

    def test_names(self):
        for client in HOSTILE:
            for way in ("policy", "milter"):
                with self.subTest(client.name, way=way):
                    reply = self.ask(way, client)
                    self.assertIn(reply.code, (250, 550), reply)
                    self.assertLessEqual(max(len(line) for line in reply.lines), 510)

    def test_percent_is_doubled_for_the_milter(self):
        """Postfix makes one of two; a single one it would drop."""
        reply = self.ask("milter", C["percent"])
        self.assertIn("%s%n", str(reply))

    def test_raw_bytes_by_policy(self):
        for value in ("a\x1b[31mb.example", "a\x07.example", "\udcff\udcfe.example", "a" * 3000,
                      "a..example", "<script>.example", "a.example\r"):
            with self.subTest(value), RawPolicy(self.bed.policy_address) as raw:
                answer = raw.ask(helo_name=value, client_address="192.0.2.20",
                                 recipient="us\x1ber@example.org", instance=repr(value)[:40])
                self.assertTrue(answer.isascii() and answer.isprintable(), answer)
                self.assertLess(len(answer), 510)
