"""The clients of the tests and the DNS that makes them what they are.

Each client says the truth about itself: `guilty` lists the findings that hold for it with positive
evidence.  A 5xx to a client without any is a wrong verdict, in whatever test it comes up.
"""
import dataclasses
import ipaddress


@dataclasses.dataclass(frozen=True)
class Client:
    name: str
    addr: str
    helo: str
    rdns: str = None            # what Postfix would tell as the client's (reverse) name
    guilty: tuple = ()


def reverse(addr):
    return ipaddress.ip_address(addr).reverse_pointer + "."


CLIENTS = [
    Client("good", "192.0.2.10", "mail.good.example", "mail.good.example"),
    Client("good2", "192.0.2.11", "mail.nice.example", "mail.nice.example"),
    Client("good6", "2001:db8::10", "mail.good.example", "mail.good.example"),
    Client("no_ptr", "192.0.2.20", "mail.noptr.example", None, ("rdns_none",)),
    Client("no_ptr_bare", "192.0.2.29", "192.0.2.29", None, ("rdns_none", "helo_bare_ip")),
    Client("no_ptr_localhost", "192.0.2.31", "localhost", None, ("rdns_none", "helo_private")),
    Client("no_ptr6_bare", "2001:db8::21", "2001:db8::21", None, ("rdns_none", "helo_bare_ip")),
    Client("no_ptr6", "2001:db8::20", "mail6.noptr.example", None, ("rdns_none",)),
    Client("mismatch", "192.0.2.21", "mail.mismatch.example", "mail.mismatch.example",
           ("rdns_mismatch",)),
    Client("enduser", "203.0.113.77", "203-0-113-77.dsl.dyn.isp.example",
           "203-0-113-77.dsl.dyn.isp.example", ("rdns_enduser", "helo_enduser")),
    Client("underscore", "192.0.2.23", "mail_out.under.example", "mail.under.example",
           ("helo_underscore",)),
    Client("bare_ip", "192.0.2.24", "192.0.2.24", "mail.bare.example", ("helo_bare_ip",)),
    Client("forged", "192.0.2.25", "mx.example.org", "mail.forger.example", ("helo_ours",)),
    Client("alias", "192.0.2.26", "www.alias.example", "mail.alias.example", ("helo_alias",)),
    Client("literal", "192.0.2.27", "[192.0.2.27]", "mail.literal.example"),
    Client("wrong_literal", "192.0.2.28", "[192.0.2.1]", "mail.liar.example",
           ("helo_literal_mismatch",)),
    Client("one_label", "192.0.2.32", "mailserver", "mail.one.example", ("helo_not_fqdn",)),
    Client("unresolvable", "192.0.2.33", "nowhere.good.example", "mail.where.example",
           ("helo_unresolvable",)),
    Client("other_host", "192.0.2.34", "mail.good.example", "mail.other.example",
           ("helo_not_client", "helo_not_rdns")),
    Client("static", "203.0.113.78", "203-0-113-78.static.isp.example",
           "203-0-113-78.static.isp.example", ("rdns_static",)),
    Client("helo_enduser", "192.0.2.35", "192-0-2-35.dsl.dyn.isp.example", "mail.line.example",
           ("helo_enduser",)),
    Client("bad_rdns", "192.0.2.36", "mail.badname.example", "mail_out.badname.example",
           ("rdns_bad_name",)),
    Client("delegated", "192.0.2.37", "mail.delegated.example", "mail.delegated.example"),
    Client("other_rdns", "192.0.2.38", "mail.name.example", "mail.another.example",
           ("helo_not_rdns",)),
    # A good server that says wrong things of its senders; no reward for its HELO.
    Client("senders", "192.0.2.43", "[192.0.2.43]", "mail.senders.example", ("sender",)),
    Client("customer", "192.0.2.45", "cust-17.town.example", "cust-17.town.example",
           ("rdns_enduser_weak",)),
    Client("rented", "192.0.2.46", "vps-4711.rent.example", "vps-4711.rent.example",
           ("rdns_hosting",)),
    Client("malformed", "192.0.2.47", "mail-.wrong.example", "mail.wrong.example",
           ("helo_syntax",)),
    Client("helo_line", "192.0.2.48", "192-0-2-48.dsl.own.example", "mail.own.example",
           ("helo_enduser",)),
    Client("helo_spf", "192.0.2.49", "mail.closed.example", "mail.closed.example",
           ("spf_helo_fail",)),
    Client("localhost", "192.0.2.30", "localhost", "mail.local.example", ("helo_private",)),
    Client("partner", "192.0.2.40", "192.0.2.40", "gate.partner.example", ("helo_bare_ip",)),
    Client("false_partner", "192.0.2.41", "192.0.2.41", "gate.partner.example",
           ("rdns_mismatch", "helo_bare_ip")),
    Client("listed", "192.0.2.70", "mail.listed.example", "mail.listed.example",
           ("dnsbl_listed",)),
    Client("half_listed", "192.0.2.71", "mail.half.example", "mail.half.example",
           ("dnsbl_listed",)),
    Client("slightly_listed", "192.0.2.72", "mail.slight.example", "mail.slight.example"),
    Client("blocked", "192.0.2.80", "mail.blocked.example", "mail.blocked.example",
           ("local_block",)),
    Client("blocked_later", "192.0.2.81", "mail.later.example", "mail.later.example",
           ("local_block",)),
    Client("dns_failure", "198.51.100.5", "mail.lost.example", None),
    Client("dns_failure2", "198.51.100.6", "mail2.lost.example", None),
    Client("helo_failure", "192.0.2.50", "mail.broken.example", "mail.steady.example"),
]
C = {client.name: client for client in CLIENTS}

BROKEN_ZONES = ("broken.example", "100.51.198.in-addr.arpa")    # NSD answers SERVFAIL

RECORDS = """
mail.good.example. A 192.0.2.10
mail.good.example. AAAA 2001:db8::10
good.example. MX 10 mail.good.example.
mail.nice.example. A 192.0.2.11
nice.example. MX 10 mail.nice.example.
mail.noptr.example. A 192.0.2.20
mail6.noptr.example. AAAA 2001:db8::20
mail.mismatch.example. A 192.0.2.99
203-0-113-77.dsl.dyn.isp.example. A 203.0.113.77
mail.under.example. A 192.0.2.23
mail_out.under.example. A 192.0.2.23
mail.bare.example. A 192.0.2.24
mail.forger.example. A 192.0.2.25
forger.example. MX 10 mail.forger.example.
mx.example.org. A 192.0.2.1
mail.alias.example. A 192.0.2.26
www.alias.example. CNAME mail.alias.example.
mail.literal.example. A 192.0.2.27
mail.one.example. A 192.0.2.32
mail.where.example. A 192.0.2.33
mail.other.example. A 192.0.2.34
203-0-113-78.static.isp.example. A 203.0.113.78
192-0-2-35.dsl.dyn.isp.example. A 192.0.2.35
mail.line.example. A 192.0.2.35
mail.badname.example. A 192.0.2.36
mail_out.badname.example. A 192.0.2.36
mail.delegated.example. A 192.0.2.37
mail.name.example. A 192.0.2.38
mail.another.example. A 192.0.2.38
37.2.0.192.in-addr.arpa. CNAME 37.32-63.2.0.192.in-addr.arpa.
37.32-63.2.0.192.in-addr.arpa. PTR mail.delegated.example.
mail.senders.example. A 192.0.2.43
cust-17.town.example. A 192.0.2.45
vps-4711.rent.example. A 192.0.2.46
mail.wrong.example. A 192.0.2.47
mail.own.example. A 192.0.2.48
192-0-2-48.dsl.own.example. A 192.0.2.48
mail.closed.example. A 192.0.2.49
mail.closed.example. TXT "v=spf1 -all"
mail.lost.example. A 198.51.100.5
mail2.lost.example. A 198.51.100.6
fail.example. MX 10 mail.good.example.
fail.example. TXT "v=spf1 ip4:192.0.2.1 -all"
softfail.example. MX 10 mail.good.example.
softfail.example. TXT "v=spf1 ip4:192.0.2.1 ~all"
neutral.example. MX 10 mail.good.example.
neutral.example. TXT "v=spf1 ip4:192.0.2.1 ?all"
twice.example. MX 10 mail.good.example.
twice.example. TXT "v=spf1 ip4:192.0.2.1 -all"
twice.example. TXT "v=spf1 ip4:192.0.2.43 -all"
everybody.example. MX 10 mail.good.example.
everybody.example. TXT "v=spf1 +all"
wide.example. MX 10 mail.good.example.
wide.example. TXT "v=spf1 ip4:192.0.0.0/14 -all"
cheat.example. MX 10 mail.good.example.
cheat.example. TXT "v=spf1 ip4:192.0.2.0/24 -all"
empty.example. TXT "exists, and that is all"
null.example. MX 0 .
inside.example. MX 10 mail.inside.example.
mail.inside.example. A 10.1.2.3
old.example. A 192.0.2.44
example.org. MX 10 mx.example.org.
mail.liar.example. A 192.0.2.28
mail.local.example. A 192.0.2.30
gate.partner.example. A 192.0.2.40
mail.steady.example. A 192.0.2.50
mail.blocked.example. A 192.0.2.80
mail.later.example. A 192.0.2.81
mail.listed.example. A 192.0.2.70
mail.half.example. A 192.0.2.71
mail.slight.example. A 192.0.2.72
2.0.0.127.bl.lists.example. A 127.0.0.2
70.2.0.192.bl.lists.example. A 127.0.0.2
70.2.0.192.bl.lists.example. TXT "hit a trap, 2026-11-02"
71.2.0.192.bl.lists.example. A 127.0.0.3
72.2.0.192.bl.lists.example. A 127.0.0.4
test.dbl.lists.example. A 127.0.1.2
bad.dbl.lists.example. A 127.0.1.2
sender.bad.dbl.lists.example. A 127.0.1.2
""" + "".join("%s PTR %s.\n" % (reverse(c.addr), c.rdns) for c in CLIENTS
             if c.rdns and c.name != "delegated")

# Names that try to break out of a reply, a log line or a format string.
HOSTILE = [
    Client("percent", "192.0.2.60", "100%s%n.example", "mail.percent.example", ("helo_syntax",)),
    Client("escape", "192.0.2.61", "mail.escape.example", None, ("rdns_mismatch",)),
    Client("long", "192.0.2.62", "mail.long.example", None, ("rdns_mismatch",)),
    Client("quotes", "192.0.2.63", "a;b=c,d\"e'.example", "mail.quotes.example", ("helo_syntax",)),
    Client("newline", "192.0.2.64", "mail.newline.example", None, ("rdns_mismatch",)),
    Client("many", "192.0.2.65", "mail.many.example", None, ("rdns_mismatch",)),
]
C.update((client.name, client) for client in HOSTILE)
LONG = ".".join(["x" * 61] * 3) + ".example."
RECORDS += r"""
61.2.0.192.in-addr.arpa. PTR evil\027[31m\255\000.example.
62.2.0.192.in-addr.arpa. PTR """ + LONG + r"""
64.2.0.192.in-addr.arpa. PTR evil\010550\0325.7.1\032ok\013.example.
mail.percent.example. A 192.0.2.60
mail.quotes.example. A 192.0.2.63
60.2.0.192.in-addr.arpa. PTR mail.percent.example.
63.2.0.192.in-addr.arpa. PTR mail.quotes.example.
""" + "".join("65.2.0.192.in-addr.arpa. PTR n%d.%s\n" % (i, LONG) for i in range(8))

# What SPF makes of a server and of senders' domains.  EXPLAINED is a domain's own words on a fail.
SPF = [
    Client("bouncer", "192.0.2.51", "mail.bounce.example", "mail.bounce.example"),
    Client("forwarder", "192.0.2.52", "mail.shut.example", "mail.shut.example",
           ("spf_fail", "spf_helo_fail")),
]
C.update((client.name, client) for client in SPF)
EXPLAINED = ("Mail of this domain comes from its own servers alone, which stand in its SPF record. "
             * 6)[:-1]
RECORDS += r"""
mail.bounce.example. A 192.0.2.51
mail.bounce.example. TXT "v=spf1 exists:%{l}.%{o}.%{ir}.ok.example -all"
postmaster.mail.bounce.example.51.2.0.192.ok.example. A 127.0.0.2
51.2.0.192.in-addr.arpa. PTR mail.bounce.example.
mail.shut.example. A 192.0.2.52
mail.shut.example. TXT "v=spf1 -all exp=why.shut.example"
why.shut.example. TXT "HELO %{h} is shut"
52.2.0.192.in-addr.arpa. PTR mail.shut.example.
pass.example. MX 10 mail.good.example.
pass.example. TXT "v=spf1 a:mail.senders.example a:mail.shut.example -all"
halves.example. MX 10 mail.good.example.
halves.example. TXT "v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all"
slow.example. MX 10 mail.good.example.
slow.example. TXT "v=spf1 include:spf.broken.example -all"
spoken.example. MX 10 mail.good.example.
spoken.example. TXT "v=spf1 -all exp=why.%{d}"
why.spoken.example. TXT "%{i} is no server of ours, see https://www.%{d}/?who=%{S}%%20now"
hostile.example. MX 10 mail.good.example.
hostile.example. TXT "v=spf1 -all exp=why.%{d}"
why.hostile.example. TXT "evil\027[31m\255\000\013\010250 ok"
quoting.example. MX 10 mail.good.example.
quoting.example. TXT "v=spf1 -all exp=why.%{d}"
why.quoting.example. TXT "you said %{l}"
wordy.example. MX 10 mail.good.example.
wordy.example. TXT "v=spf1 -all exp=why.%{d}"
why.wordy.example. TXT """ + " ".join('"%s"' % EXPLAINED[i:i + 200] for i in range(0, len(EXPLAINED), 200)) + r"""
sold.example. MX 10 mail.good.example.
sold.example. TXT "v=spf1 ip4:192.0.2.0/24 -all"
test.cheats.lists.example. A 127.0.0.2
sold.example.cheats.lists.example. A 127.0.0.2
"""

# Many different good servers, for the tests under load.
CROWD = [Client("crowd%d" % i, "192.0.2.%d" % (100 + i), "mail.crowd%d.example" % i,
                "mail.crowd%d.example" % i) for i in range(100)]
RECORDS += "".join("%s PTR %s.\n%s. A %s\n" % (reverse(c.addr), c.rdns, c.rdns, c.addr)
                   for c in CROWD)
