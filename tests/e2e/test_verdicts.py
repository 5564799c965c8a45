"""Each client of world.py, by each way in, under each profile: the exact reply that it sees.

The tables hold the code, the enhanced code and the lines of the reply; Postfix shows the policy
service's answer on one line behind words of its own, and the milter's lines as they are.  The case
id at the end is new every time, so its shape is checked and "ID" stands in its place.

The enhanced codes of these tables are the same both ways; those of senders, of which Postfix makes
others in a policy service's answer, are in test_sender.py with all sentences of the check sender.
"""
import json
import re
import unittest

from bed.daemon import find_binary, run_command
from case import MxwardCase, build_folder
from world import C, CLIENTS

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
    """A test method for each row of the tables, of which one at least has rows.

    `replies`: client -> what it is told, or OK; a list: at its first try, at its second, ...
    `senders`: domain of the sender -> what the client "senders" is told.
    """

    domain, replies, senders = "good.example", {}, {}

    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        rows = [(name, name, cls.domain, told) for name, told in cls.replies.items()]
        rows += [("from_" + domain, "senders", domain, told)
                 for domain, told in cls.senders.items()]
        if not rows:
            raise TypeError("%s has only empty tables: it would test nothing" % cls.__name__)
        for title, name, domain, told in rows:
            def test(self, name=name, domain=domain, told=told):
                sender = "%s.%s@%s" % (type(self).__name__, name, domain)
                for reply in told if isinstance(told, list) else [told]:
                    self.check(name, sender, reply)
            setattr(cls, "test_" + title, test)

    def check(self, name, sender, reply):
        answer = str(self.ask(self.way, C[name], sender, RCPT))
        expected = OK if reply == OK else self.shown(*reply, "Case ID")
        self.assertEqual(CASE.sub("Case ID", answer), expected)


# Sentences that several clients or several profiles have.
FIX_HELO = "the sending server's administrator must set its HELO name to its own full host name"
FIX_LINE = ("send through your provider's mail server, or ask the provider to set a reverse name of "
            "your own domain")
NO_PTR = ("%s has no reverse name (PTR record): ask the provider of that address to set one that "
          "resolves back to it")
MISMATCH = ("%s has reverse name %s, which resolves to %s, not back: ask your network provider to "
            "correct the reverse name, or add the missing address record")
BAD_RDNS = ("192.0.2.36 has reverse name mail_out.badname.example, which contains an underscore: ask "
            "the provider of that address to set a proper host name")
ENDUSER = ("the reverse name 203-0-113-77.dsl.dyn.isp.example of 203.0.113.77 is that of an end "
           "user's line (spells its address: 203-0-113-77, says \"dsl\"): " + FIX_LINE)
OURS = "HELO mx.example.org is a name of this mail server, not of 192.0.2.25: " + FIX_HELO
BARE_IP = "HELO %s is an address without brackets: " + FIX_HELO
HELO_ENDUSER = ("HELO %s looks like an end user's line (spells its address: %s, says \"dsl\"): send "
                "through your provider's mail server, or name the server by a host name of your own")
NOT_RDNS = ("HELO %s and the reverse name %s belong to different domains: let both carry the same "
            "host name")
HELO_SPF = ("HELO mail.closed.example does not allow 192.0.2.49 to use its name (SPF record of "
            "mail.closed.example: -all): the sending server must greet with its own name, or the "
            "administrator of mail.closed.example add it to the SPF record")
# Put off once, then let in: the same in all profiles.
NO_REVERSE_DNS = ("the reverse DNS of %s did not answer (%s.100.51.198.in-addr.arpa: servfail): "
                  "please try again later")
NO_HELO_DNS = ("DNS did not answer for HELO mail.broken.example (A: servfail): please try again "
               "later")
PUT_OFF = {
    "dns_failure": [(451, "4.7.25", NO_REVERSE_DNS % ("198.51.100.5", "5")), OK, OK],
    "dns_failure2": [(451, "4.7.25", NO_REVERSE_DNS % ("198.51.100.6", "6")), OK, OK],
    "helo_failure": [(451, "4.7.1", NO_HELO_DNS), OK, OK],
}


class Score(Verdicts):
    """The default: no weak sign refuses alone."""
    sections = SITE
    replies = {
        **PUT_OFF,
        "good": OK,
        "good2": OK,
        "good6": OK,
        "no_ptr": OK,
        "no_ptr_bare": OK,                      # 4 + 3
        "no_ptr_localhost": (550, "5.7.25", NO_PTR % "192.0.2.31",
                             "Score 8: no reverse name +4, HELO is a private name +4"),
        "no_ptr6_bare": (550, "5.7.25", NO_PTR % "2001:db8::21",
                         "Score 9: no reverse name +6, HELO is a bare address +3"),
        "no_ptr6": OK,
        "mismatch": OK,                         # 3 + 1: the HELO is the same wrong name
        "enduser": OK,                          # 4 - 2: at least it says who it is
        "underscore": OK,
        "bare_ip": OK,
        "forged": (550, "5.7.1", OURS, "Score 8: HELO is our own name +8"),
        "alias": OK,
        "literal": OK,
        "wrong_literal": OK,
        "one_label": OK,
        "unresolvable": OK,
        "other_host": OK,
        "static": OK,
        "helo_enduser": OK,
        "bad_rdns": OK,
        "delegated": OK,
        "other_rdns": OK,
        "senders": OK,
        "customer": OK,
        "rented": OK,
        "malformed": OK,
        "helo_line": OK,
        "helo_spf": OK,
        "localhost": OK,
        "partner": OK,
        "false_partner": OK,                    # 3 + 3
    }


class Strict(Verdicts):
    """What providers with a "client policy restriction" do."""
    sections = SITE + "[policy]\nprofile = strict\n"
    replies = {
        **PUT_OFF,
        "good": OK,
        "good2": OK,
        "good6": OK,
        "no_ptr": (550, "5.7.25", NO_PTR % "192.0.2.20"),
        "no_ptr_bare": (550, "5.7.25", NO_PTR % "192.0.2.29"),
        "no_ptr_localhost": (550, "5.7.25", NO_PTR % "192.0.2.31"),
        "no_ptr6_bare": (550, "5.7.25", NO_PTR % "2001:db8::21"),
        "no_ptr6": (550, "5.7.25", NO_PTR % "2001:db8::20"),
        "mismatch": (550, "5.7.25",
                     MISMATCH % ("192.0.2.21", "mail.mismatch.example", "192.0.2.99")),
        "enduser": (550, "5.7.1", ENDUSER),
        "underscore": OK,
        "bare_ip": OK,
        "forged": (550, "5.7.1", OURS),
        "alias": OK,
        "literal": OK,
        "wrong_literal": OK,
        "one_label": OK,
        "unresolvable": OK,
        "other_host": OK,
        "static": OK,
        "helo_enduser": (550, "5.7.1",
                         HELO_ENDUSER % ("192-0-2-35.dsl.dyn.isp.example", "192-0-2-35")),
        "bad_rdns": (550, "5.7.25", BAD_RDNS),
        "delegated": OK,
        "other_rdns": OK,
        "senders": OK,
        "customer": OK,
        "rented": OK,
        "malformed": OK,
        "helo_line": (550, "5.7.1", HELO_ENDUSER % ("192-0-2-48.dsl.own.example", "192-0-2-48")),
        "helo_spf": (550, "5.7.23", HELO_SPF),
        "localhost": OK,
        "partner": OK,
        "false_partner": (550, "5.7.25",
                          MISMATCH % ("192.0.2.41", "gate.partner.example", "192.0.2.40")),
    }


class Each(Verdicts):
    """Every finding refuses by itself: a row begins with the one that does.

    Not spf_none: it holds for good.example too, and would hide what comes behind it (NoSpf).
    """
    findings = """rdns_none rdns_mismatch rdns_bad_name
        rdns_enduser rdns_enduser_weak rdns_static rdns_hosting
        helo_syntax helo_underscore helo_not_fqdn helo_bare_ip helo_literal_mismatch helo_ours
        helo_private helo_unresolvable helo_not_client helo_not_rdns helo_alias helo_enduser
        spf_fail spf_softfail spf_neutral spf_permerror spf_helo_fail spf_open spf_wide
        spf_untrusted
        sender_syntax sender_no_domain sender_no_mail sender_null_mx sender_bogus_mx
        sender_is_ours""".split()
    sections = SITE + "[actions]\n" + "".join("%s = reject\n" % x for x in findings)
    replies = {
        "dns_failure": [("rdns_temperror", *PUT_OFF["dns_failure"][0]), OK],
        "dns_failure2": [("rdns_temperror", *PUT_OFF["dns_failure2"][0]), OK],
        "helo_failure": [("helo_temperror", *PUT_OFF["helo_failure"][0]), OK],
        "good": OK,
        "good2": OK,
        "good6": OK,
        "no_ptr": ("rdns_none", 550, "5.7.25", NO_PTR % "192.0.2.20"),
        "no_ptr_bare": ("rdns_none", 550, "5.7.25", NO_PTR % "192.0.2.29"),
        "no_ptr_localhost": ("rdns_none", 550, "5.7.25", NO_PTR % "192.0.2.31"),
        "no_ptr6_bare": ("rdns_none", 550, "5.7.25", NO_PTR % "2001:db8::21"),
        "no_ptr6": ("rdns_none", 550, "5.7.25", NO_PTR % "2001:db8::20"),
        "mismatch": ("rdns_mismatch", 550, "5.7.25",
                     MISMATCH % ("192.0.2.21", "mail.mismatch.example", "192.0.2.99")),
        "enduser": ("rdns_enduser", 550, "5.7.1", ENDUSER),
        "underscore": ("helo_underscore", 550, "5.5.2",
                       "HELO mail_out.under.example contains an underscore, which no host name may "
                       "have: " + FIX_HELO),
        "bare_ip": ("helo_bare_ip", 550, "5.5.2", BARE_IP % "192.0.2.24"),
        "forged": ("helo_ours", 550, "5.7.1", OURS),
        "alias": ("helo_alias", 550, "5.7.1",
                  "HELO www.alias.example is an alias (CNAME) of mail.alias.example, not a host's "
                  "own name: " + FIX_HELO),
        "literal": OK,
        "wrong_literal": ("helo_literal_mismatch", 550, "5.7.1",
                          "HELO [192.0.2.1] is not the address of the client, 192.0.2.28: "
                          + FIX_HELO),
        "one_label": ("helo_not_fqdn", 550, "5.7.1", "HELO mailserver has no domain: " + FIX_HELO),
        "unresolvable": ("helo_unresolvable", 550, "5.7.1",
                         "HELO nowhere.good.example does not exist in DNS (no A, AAAA or MX "
                         "record): the administrator of that domain must publish the name, or the "
                         "sending server use another"),
        "other_host": ("helo_not_client", 550, "5.7.1",
                       "HELO mail.good.example resolves to 192.0.2.10, not 192.0.2.34: "
                       + FIX_HELO),
        "static": ("rdns_static", 550, "5.7.1",
                   "the reverse name 203-0-113-78.static.isp.example of 203.0.113.78 is a provider's "
                   "number for a static line (spells its address: 203-0-113-78, says \"static\"): "
                   "ask the provider to set a reverse name of your own domain"),
        "helo_enduser": ("helo_not_rdns", 550, "5.7.1",
                         NOT_RDNS % ("192-0-2-35.dsl.dyn.isp.example", "mail.line.example")),
        "bad_rdns": ("rdns_bad_name", 550, "5.7.25", BAD_RDNS),
        "delegated": OK,
        "other_rdns": ("helo_not_rdns", 550, "5.7.1",
                       NOT_RDNS % ("mail.name.example", "mail.another.example")),
        "senders": OK,
        "customer": ("rdns_enduser_weak", 550, "5.7.1",
                     "the reverse name cust-17.town.example of 192.0.2.45 looks like an end user's "
                     "line (says \"cust\"): " + FIX_LINE),
        "rented": ("rdns_hosting", 550, "5.7.1",
                   "the reverse name vps-4711.rent.example of 192.0.2.46 is a hosting provider's "
                   "number for a rented server (says \"vps\"): set a reverse name of your own domain "
                   "in the provider's control panel"),
        "malformed": ("helo_syntax", 550, "5.5.2",
                      "HELO \"mail-.wrong.example\" is no host name: a label begins or ends with a "
                      "hyphen: " + FIX_HELO),
        "helo_line": ("helo_enduser", 550, "5.7.1",
                      HELO_ENDUSER % ("192-0-2-48.dsl.own.example", "192-0-2-48")),
        "helo_spf": ("spf_helo_fail", 550, "5.7.23", HELO_SPF),
        "localhost": ("helo_private", 550, "5.7.1",
                      "HELO localhost is the name by which every host calls itself: " + FIX_HELO),
        "partner": ("helo_bare_ip", 550, "5.5.2", BARE_IP % "192.0.2.40"),
        "false_partner": ("rdns_mismatch", 550, "5.7.25",
                          MISMATCH % ("192.0.2.41", "gate.partner.example", "192.0.2.40")),
    }
    senders = {
        "fail.example": ("spf_fail", 550, "5.7.23",
                         "fail.example does not allow 192.0.2.43 to send in its name (SPF record of "
                         "fail.example: -all): send through that domain's own mail server, or have "
                         "its administrator add this server to the SPF record"),
        "softfail.example": ("spf_softfail", 550, "5.7.23",
                             "192.0.2.43 is probably not allowed to send for softfail.example (SPF "
                             "record of softfail.example: ~all): send through that domain's own "
                             "mail server, or have its administrator add this server to the SPF "
                             "record"),
        "neutral.example": ("spf_neutral", 550, "5.7.23",
                            "neutral.example does not say whether 192.0.2.43 may send for it: have "
                            "the administrator of neutral.example add this server to the SPF "
                            "record"),
        "twice.example": ("spf_permerror", 550, "5.7.24",
                          "the SPF policy of twice.example cannot be used: twice.example has 2 SPF "
                          "records instead of one: the administrator of twice.example must correct "
                          "the SPF record"),
        "everybody.example": ("spf_open", 550, "5.7.24",
                              "the SPF policy of everybody.example proves nothing: it lets every "
                              "IPv4 address send in its name (+all in the record of "
                              "everybody.example): the administrator of everybody.example must "
                              "correct the SPF record"),
        "wide.example": ("spf_wide", 550, "5.7.24",
                         "the SPF policy of wide.example proves little: it lets 262,144 IPv4 "
                         "addresses send in its name (ip4:192.0.0.0/14 in the record of "
                         "wide.example): the administrator of wide.example must correct the SPF "
                         "record"),
        "cheat.example": ("spf_untrusted", 550, "5.7.1",
                          "192.0.2.43 may send for cheat.example, but cheat.example is listed here "
                          "as a domain whose SPF records prove nothing: ask the receiving "
                          "administrator to take it off that list"),
    }

    @classmethod
    def make_sections(cls, b):
        return cls.sections + "[spf]\ncheaters = %s\n" % b.place.write("cheaters", "cheat.example\n")

    def check(self, name, sender, reply):
        if reply == OK:
            super().check(name, sender, OK)
            return
        finding, *told = reply
        super().check(name, sender, told)
        line = self.mxward.wait_log("event=decision", "way=" + self.way, "from=" + sender)
        self.assertEqual(re.search(r"[=,\"](\w+):(reject|defer)\b", line)[1], finding)


class NoSpf(Verdicts):
    """The one that Each leaves out."""
    sections = SITE + "[actions]\nspf_none = reject\n"
    replies = {
        "senders": (550, "5.7.23", "good.example has no SPF record, so nothing says which servers "
                    "send for it: publish an SPF record that names the servers which send for this "
                    "domain"),
    }
    senders = {"neutral.example": OK}


class Tables(unittest.TestCase):
    """They leave nothing out."""

    def test_every_client_has_a_row(self):
        """Not those of whom there is nothing to say but that a list has them."""
        clients = {client.name for client in CLIENTS
                   if not set(client.guilty) & {"dnsbl_listed", "local_block"}}
        clients.remove("slightly_listed")
        for table in (Score, Strict, Each):
            self.assertEqual(set(table.replies), clients, table.__name__)

    def test_every_finding_that_can_refuse_has_a_sentence(self):
        """Those of senders are in test_sender.py, those of lists, headers, sessions, callouts and
        domains' age in tests of their own, and those of histories in tests/scenario/history.scn."""
        status, out, err = run_command(find_binary(build_folder()), "conf", "findings", "--json")
        self.assertEqual((status, err), (0, ""))
        rows = [json.loads(line) for line in out.splitlines()]
        refuse = {x["id"] for x in rows if not x["good"] and not x["temporary"]
                  and not x["id"].startswith(("dnsbl_", "local_")) and x["check"] not in (
                      "history", "header", "session", "callout", "domain_age")}
        self.assertEqual({*Each.findings, "spf_none"}, refuse)
        shown = {x[0] for x in [*Each.replies.values(), *Each.senders.values()]
                 if isinstance(x, tuple)}
        self.assertEqual({x for x in Each.findings if not x.startswith("sender_")}, shown)

    def test_empty_tables_are_no_tests(self):
        with self.assertRaisesRegex(TypeError, "Empty has only empty tables"):
            type("Empty", (Verdicts,), {})


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


class PolicyNoSpf(NoSpf, Policy, MxwardCase):
    pass


class MilterNoSpf(NoSpf, Milter, MxwardCase):
    pass
