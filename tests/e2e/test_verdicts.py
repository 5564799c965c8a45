"""Each client of world.py, by each way in, under each profile: the exact reply that it sees."""
from case import MxwardCase
from world import C

SITE = """[site]
hostname = mx.example.org
domains = example.org second.example
"""
OK = "250 2.1.5 Ok"


def one_test_each(cls):
    """A test method for each row of cls.replies: client name -> reply to RCPT."""
    for name, reply in cls.replies.items():
        def test(self, name=name, reply=reply):
            sender = "%s.%s@good.example" % (type(self).__name__, name)
            self.assertEqual(str(self.ask(self.way, C[name], sender)), reply)
        setattr(cls, "test_" + name, test)
    return cls


class Policy:
    way = "policy"


class Milter:
    way = "milter"


@one_test_each
class PolicyScore(Policy, MxwardCase):
    sections = SITE
    replies = {
        "good": OK,
    }


@one_test_each
class MilterScore(Milter, MxwardCase):
    sections = SITE
    replies = {
        "good": OK,
    }
