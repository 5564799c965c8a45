"""What all tests of one run share: NSD, unbound, Postfix and the taps; made at the first use.

One Postfix serves all tests, because its start costs more than most of them.  mxward comes and goes
behind the taps, as it would behind a Postfix that runs for months.
"""
import os

from bed.daemon import address_text
from bed.dns import Nsd, Unbound
from bed.place import Place
from bed.postfix import Postfix
from bed.tap import Loop, NoopMilter, NoopPolicy, milter_tap, policy_tap
from world import BROKEN_ZONES, RECORDS

POLICY_SECONDS = 2          # what a Postfix with an impatient administrator waits
SOURCE_ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def shared_folder():
    """The folder of the shared corpora and tools, or None."""
    path = os.environ.get("MXWARD_SHARED") or os.path.join(SOURCE_ROOT, "..", "shared")
    return path if os.path.isdir(path) else None


def policy_listener(address, options=""):
    return {"smtpd_recipient_restrictions": "check_policy_service { %s, timeout=15s%s }"
            % (address_text(address), options)}


def milter_listener(address, options="", version=6):
    return {"smtpd_milters": "{ %s, command_timeout=15s%s }" % (address_text(address), options),
            "milter_protocol": str(version)}


class Bed:
    """See the module text.  Attributes: nsd, unbound, postfix, policy (tap), milter (tap)."""

    def __init__(self):
        self.place = Place()
        try:
            self._build()
        except BaseException:
            self.place.close()
            raise

    def _build(self):
        place = self.place
        self.nsd = Nsd(place, RECORDS, BROKEN_ZONES)
        self.unbound = Unbound(place, self.nsd)
        self.loop = Loop(place)
        # behind the taps
        self.policy_address = ("127.0.0.1", place.port())
        self.milter_address = ("127.0.0.1", place.port())
        self.unix_address = place.path("policy.sock")
        self.noop_policy_address = ("127.0.0.1", place.port())
        self.noop_milter_address = ("127.0.0.1", place.port())
        self.noop_policy = NoopPolicy(self.loop, self.noop_policy_address)
        self.noop_milter = NoopMilter(self.loop, self.noop_milter_address)
        self.policy = self._tap(policy_tap, self.policy_address)
        self.milter = self._tap(milter_tap, self.milter_address)
        self.proof_policy = self._tap(policy_tap, self.noop_policy_address)
        self.proof_milter = self._tap(milter_tap, self.noop_milter_address)
        self.taps = [self.policy, self.milter, self.proof_policy, self.proof_milter]
        short = ", timeout=%ds" % POLICY_SECONDS
        brief = ", command_timeout=%ds" % POLICY_SECONDS
        closed = "451 4.3.5 mail filter is out of order"
        self.postfix = Postfix(place, {
            "plain": {"smtpd_recipient_restrictions":
                      "reject_invalid_helo_hostname, check_client_access inline:"
                      "{ {203.0.113.5 = 550 5.7.25 no reverse name} }"},
            "info": {"smtpd_recipient_restrictions": "check_recipient_access static:info"},
            "submission": {},
            "proof_policy": policy_listener(self.proof_policy.address),
            "proof_milter": milter_listener(self.proof_milter.address),
            "policy": policy_listener(self.policy.address),
            "milter": milter_listener(self.milter.address, ", default_action=tempfail"),
            "milter_v2": milter_listener(self.milter.address, ", default_action=tempfail", 2),
            "milter_v4": milter_listener(self.milter.address, ", default_action=tempfail", 4),
            "policy_data": dict(policy_listener(self.policy.address),
                                smtpd_data_restrictions=", ".join(
                                    3 * ["check_policy_service { %s, timeout=15s }"
                                         % address_text(self.policy.address)])),
            "unix": policy_listener(self.unix_address),
            "policy_open": policy_listener(self.policy.address, short + ", default_action=DUNNO"),
            "policy_closed": policy_listener(
                self.policy.address, short + ", { default_action = %s }" % closed),
            "milter_open": milter_listener(self.milter.address, brief + ", default_action=accept"),
            "milter_closed": milter_listener(
                self.milter.address, brief + ", default_action=tempfail"),
        })

    def _tap(self, kind, target):
        return kind(self.loop, ("127.0.0.1", self.place.port()), target)


_bed = None


def bed():
    global _bed
    if _bed is None:
        _bed = Bed()
    return _bed


def close_bed():
    """Returns what was left running (and is ended now)."""
    global _bed
    if _bed is None:
        return []
    left, _bed = _bed.place.close(), None
    return left
