"""Each client of world.py, by each way in, under each profile: the exact reply that it sees.

The tables hold the code, the enhanced code and the lines of the reply; Postfix shows the policy
service's answer on one line behind words of its own, and the milter's lines as they are.  The case
id at the end is new every time, so its shape is checked and "ID" stands in its place.
"""
import re

from case import MxwardCase
from world import C

SITE = """[site]
hostname = mx.example.org
domains = example.org second.example
"""
OK = "250 2.1.5 Ok"
RCPT = "user@example.org"
CASE = re.compile(r"Case [0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$")


def policy_reply(code, enhanced, *lines):
    return "%d %s <%s>: Recipient address rejected: %s" % (code, enhanced, RCPT, ". ".join(lines))


def milter_reply(code, enhanced, *lines):
    return "\n".join("%d%s%s %s" % (code, "-" if n < len(lines) else " ", enhanced, line)
                     for n, line in enumerate(lines, 1))


class Policy:
    way, shown = "policy", staticmethod(policy_reply)


class Milter:
    way, shown = "milter", staticmethod(milter_reply)


class Verdicts:
    """A test method for each row of `replies`: client -> what it is told, or OK."""

    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        for name, reply in getattr(cls, "replies", {}).items():
            def test(self, name=name, reply=reply):
                self.check(name, reply)
            setattr(cls, "test_" + name, test)

    def check(self, name, reply):
        sender = "%s.%s@good.example" % (type(self).__name__, name)
        answer = str(self.ask(self.way, C[name], sender, RCPT))
        expected = OK if reply == OK else self.shown(*reply, "Case ID")
        self.assertEqual(CASE.sub("Case ID", answer), expected)


class Score(Verdicts):
    """The default: no weak sign refuses alone."""
    sections = SITE
    replies = {}


class Strict(Verdicts):
    """What providers with a "client policy restriction" do."""
    sections = SITE + "[policy]\nprofile = strict\n"
    replies = {}


class Each(Verdicts):
    """Every finding refuses by itself."""
    sections = SITE + "[actions]\n" + "".join("%s = reject\n" % x for x in ())
    replies = {}


class PolicyScore(Score, Policy, MxwardCase):
    pass


class MilterScore(Score, Milter, MxwardCase):
    pass


class PolicyStrict(Strict, Policy, MxwardCase):
    pass


class MilterStrict(Strict, Milter, MxwardCase):
    pass


class PolicyEach(Each, Policy, MxwardCase):
    pass


class MilterEach(Each, Milter, MxwardCase):
    pass
