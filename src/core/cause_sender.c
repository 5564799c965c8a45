/*
 * core/cause, first part: the sending server, its reputation, its domain, its address.
 *
 * How the texts are written: "you" is whoever got the bounce.  A step that needs no evidence
 * stands by itself; a step with places adds the facts of the case and is left out without them.
 */
#include "core/cause_private.h"

#define AT(id) [CAUSE_##id - CAUSE_SENDER_FIRST]

const struct cause cause_rows_sender[] = {
	AT(NO_PTR) = {.id = "no_ptr",
		.group = "host_identity",
		.title = "The sending address has no reverse name",
		.fixer = FIXER_SENDER_ISP,
		.nature = NATURE_REPLY,
		.meaning = "The address of the server that sent the message has no name in reverse "
			   "DNS (no PTR record), or one that the receiver could not use. "
			   "Hijacked computers at home look like this, so many receivers refuse "
			   "such mail. "
			   "Nothing in the message can change it: all mail from this server is in "
			   "the same position.",
		.steps =
			{
				"Ask the provider that the server's address belongs to (the "
				"hosting company, or the access provider of a server of your own) "
				"to set its reverse name. Many have a page for it in the "
				"customer's account.",
				"The address is {client}; its record stands in the provider's zone "
				"under {reverse}.",
				"The record to ask for: {reverse}. IN PTR {name}.",
				"Choose the server's own full host name, and give that name an "
				"address record (A, for IPv6 AAAA) with the very same address.",
				"If the provider sets no reverse names, let the server send "
				"through the provider's own mail server (relay, smarthost).",
				"See whether it is done with \"dig -x {client}\".",
			},
		.refs = {"RFC 8601 3", "RFC 7372 3.3", "RFC 1912 2.1"}},
	AT(FCRDNS_MISMATCH) = {.id = "fcrdns_mismatch",
		.group = "host_identity",
		.title = "The reverse name does not lead back to the sending address",
		.fixer = FIXER_SENDER_ISP,
		.nature = NATURE_REPLY,
		.meaning = "The sending address has a reverse name, but that name does not exist "
			   "or belongs to other addresses. "
			   "The owner of an address can give it any name, so receivers believe the "
			   "name only if it leads back to the address. "
			   "One of the two records has to be corrected.",
		.steps =
			{
				"Find out which of the two records is wrong: the name of the "
				"address (PTR) or the address of that name (A, for IPv6 AAAA). "
				"They have to agree.",
				"{client} has the reverse name {name}.",
				"{name} has the addresses {addresses}, and {client} is not among "
				"them.",
				"If the name is right, the administrator of its domain adds an "
				"address record with the sending address.",
				"If the name is wrong, ask the provider that the address belongs "
				"to (hosting company or access provider) to change it to the "
				"server's own host name.",
				"The provider's record is {reverse}; see what it says with \"dig "
				"-x {client}\".",
			},
		.refs = {"RFC 8601 3", "RFC 7372 3.3", "RFC 1912 2.1"}},
	AT(DYNAMIC_IP) = {.id = "dynamic_ip",
		.group = "host_identity",
		.title = "The sending address looks like an end user's line",
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.meaning = "The receiver takes the sending address for the line of a home or a "
			   "small office, mostly because of its reverse name. "
			   "Infected computers send from such lines, so mail is expected to come "
			   "through a mail server and not straight from there.",
		.steps =
			{
				"If you do not run a mail server on purpose, set up the program or "
				"device to send through your provider's mail server, with user "
				"name and password on port 587 or 465.",
				"If you do, ask the provider for a fixed address and for a reverse "
				"name of your own domain that does not spell the address, such as "
				"mail.example.com.",
				"At present {client} has the reverse name {name}.",
				"Where neither is possible, hand all mail to a relay: Postfix "
				"relayhost, Exim a manualroute router, Sendmail SMART_HOST, "
				"OpenSMTPD relay host, Exchange a smart host at the send "
				"connector.",
			},
		.refs = {"RFC 5068 3"}},
	AT(HELO_INVALID) = {.id = "helo_invalid",
		.group = "host_identity",
		.title = "The sending server introduces itself with a wrong name",
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.meaning = "At the start of a connection a mail server tells its own name (HELO or "
			   "EHLO). "
			   "Here that name is malformed, is no full host name, does not exist in "
			   "DNS, or is somebody else's. "
			   "It is a setting of the sending server; nothing in the message can "
			   "change it.",
		.steps =
			{
				"Let the server introduce itself with its own full host name: one "
				"that has the server's address in DNS, best of all the reverse "
				"name of that address.",
				"It called itself {helo}.",
				"The reverse name of {client} is {name}: that name will do if it "
				"leads back to the address.",
				"Where to set it: Postfix myhostname or smtp_helo_name; Exim "
				"primary_hostname or the transport's helo_data; Sendmail "
				"define(`confDOMAIN_NAME', ...); OpenSMTPD the relay action's "
				"helo; Exchange the FQDN of the send connector.",
				"In an application that sends by itself look for a setting such as "
				"HELO name, local name or client domain; \"localhost\" and names "
				"made up by a container do not do.",
			},
		.refs = {"RFC 5321 4.1.1.1", "RFC 5321 4.1.4", "RFC 5321 2.3.5"}},
	AT(DNSBL_LISTED) = {.id = "dnsbl_listed",
		.group = "reputation",
		.title = "The sending address is on a block list",
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.meaning = "The receiver asks a list that somebody else keeps, and that list has "
			   "the address of the sending server. "
			   "Such lists name addresses that sent spam, that are broken into, or "
			   "that should not send mail directly. "
			   "The list can remove the address, not the receiver.",
		.steps =
			{
				"Look the sending address up on the page of the list: it says why "
				"the address is there and how it gets off.",
				"The list is {list}; the address is {client}.",
				"The list explains the entry at {url} .",
				"Stop the cause first: an account or web page that was broken "
				"into, an infected computer behind the same address, an open "
				"relay, mailings that nobody asked for. Then ask for removal; most "
				"lists add an address again that goes on.",
				"If it is a list of end users' lines (a policy list), do not ask "
				"for removal: send through your provider's mail server.",
				"If the list does not know the address, tell the receiver's "
				"administrator: a list that was closed, or that refuses his "
				"questions, can look as if it listed everybody.",
			},
		.refs = {"RFC 5782 2.1", "RFC 6471 2"}},
	AT(IP_BLOCKED) = {.id = "ip_blocked",
		.group = "reputation",
		.title = "The receiver blocks the sending address",
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.meaning = "The receiver keeps ratings of its own and takes no mail from this "
			   "address or its network at present. "
			   "Unwanted mail came from there or from its neighbourhood, or the "
			   "address is new and not known yet. "
			   "Only the receiver can lift the block.",
		.steps =
			{
				"Make sure that nothing bad is sent: look through the mail log and "
				"the queue for accounts that were taken over and for mailings that "
				"nobody asked for.",
				"See to a reverse name in your own domain, a HELO name that agrees "
				"with it, SPF and DKIM. Many providers want these before they lift "
				"a block, some also a web page that says who runs the domain.",
				"Ask the receiver: use the page or address in the reply, or write "
				"to postmaster at the recipient's domain from another account, "
				"with the whole reply.",
				"The blocked address is {client}.",
				"The reply points to {url} .",
				"An address that is new to mail should send little at first and "
				"more from week to week.",
			},
		.refs = {"RFC 5321 4.5.1"}},
	AT(DOMAIN_REPUTATION) = {.id = "domain_reputation",
		.group = "reputation",
		.title = "A domain in the message is badly rated",
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.meaning = "A domain that the message contains has a bad reputation: the sender's, "
			   "the server's, the signature's or that of a link. "
			   "The receiver, or a list that it believes, has seen it in spam. "
			   "Any other message with this domain will fare the same.",
		.steps =
			{
				"Find out which domain is meant: the reply often names it.",
				"The domain is {domain}.",
				"Its entry is explained at {url} .",
				"If it is your own, look for web pages and accounts that were "
				"broken into and for mailings that nobody asked for. When the "
				"cause is gone, ask the list or the receiver for removal.",
				"If it is the domain of a link (often that of a link shortener), "
				"leave the link out and send the message again.",
			},
		.refs = {"RFC 5782 3"}},
	AT(SPF_FAIL) = {.id = "spf_fail",
		.group = "authentication",
		.title = "SPF does not allow this server to send for the domain",
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.meaning =
			"The domain of the sender's address says in DNS which servers may send its "
			"mail (SPF), and the one that sent this message is not among them. "
			"Either the record is out of date, or the message took a way that the "
			"record does not know: a forwarder, a web form, another provider's server.",
		.steps =
			{
				"If the server rightly sends for the domain, the domain's "
				"administrator adds it to the SPF record: its address (ip4:, "
				"ip6:), or the include: that the mail provider tells its "
				"customers.",
				"The record of {domain} does not allow {client}; see it with \"dig "
				"{domain} TXT\".",
				"A domain has one SPF record only, and it may cause at most ten "
				"look-ups; more makes it void.",
				"If you sent through a server that is not the domain's, send "
				"through the domain's own mail server, with user name and "
				"password.",
				"If the message was forwarded, the forwarder has to put its own "
				"address in the envelope (SRS). Until then write to the final "
				"address.",
			},
		.refs = {"RFC 7208 8.4", "RFC 7208 4.6.4", "RFC 7372 3.2"}},
	AT(DKIM_FAIL) = {.id = "dkim_fail",
		.group = "authentication",
		.title = "The DKIM signature is missing or does not verify",
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.meaning = "The receiver wants messages that the sender's domain has signed "
			   "(DKIM), and here the signature is missing or does not fit. "
			   "It breaks when the message is changed on the way or when the key in "
			   "DNS is missing or another one.",
		.steps =
			{
				"Switch on DKIM signing for the domain of the From: address, in "
				"the sending server or in the account at the mail provider.",
				"The domain is {domain}.",
				"See that the public key is in DNS under the selector and domain "
				"that the header DKIM-Signature names (s= and d=), with \"dig "
				"SELECTOR._domainkey.DOMAIN TXT\".",
				"If something changes messages after they are signed (a footer, a "
				"virus scanner, a gateway), sign behind it or switch the change "
				"off.",
			},
		.refs = {"RFC 6376 6.1", "RFC 6376 3.6.2", "RFC 7372 3.1"}},
	AT(DMARC_FAIL) =
		{.id = "dmarc_fail",
			.group = "authentication",
			.title = "The message fails the DMARC rule of the sender's domain",
			.fixer = FIXER_SENDER_ADMIN,
			.nature = NATURE_REPLY,
			.meaning = "The domain in the From: line says that its mail must be "
				   "confirmed by SPF or DKIM for this very domain (DMARC), or the "
				   "receiver wants such a rule and finds none. "
				   "This message was confirmed for another domain or not at all.",
			.steps =
				{
					"Send through the mail servers of the domain in From:. "
					"Another provider's server cannot confirm that domain.",
					"The domain is {domain}; see its rule with \"dig "
					"_dmarc.{domain} TXT\".",
					"The domain's administrator sees to it that SPF or DKIM "
					"passes with the domain of From: (alignment). For a "
					"service that sends in your name, set up DKIM with your "
					"own domain there.",
					"If the domain has no DMARC record, publish one at _dmarc "
					"under the domain; \"v=DMARC1; p=none\" is enough for a "
					"start.",
					"Mailing lists and forwarders have to leave subject and "
					"text alone, or put an address of their own in From:.",
				},
			.refs = {"RFC 7489 3.1", "RFC 7489 6.6.2"}},
	AT(AUTH_MISSING) =
		{.id = "auth_missing",
			.group = "authentication",
			.title = "The message is not authenticated",
			.fixer = FIXER_SENDER_ADMIN,
			.nature = NATURE_REPLY,
			.meaning = "The receiver takes only mail that the sender's domain confirms "
				   "by SPF or DKIM, and neither did so here. "
				   "Large providers want this from everybody, and DMARC as well "
				   "from those who send much.",
			.steps =
				{
					"Publish an SPF record for the domain of the sender's "
					"address that names all servers that send for it.",
					"Switch on DKIM signing for the domain of the From: "
					"address and put the key in DNS.",
					"The domain is {domain}.",
					"The sending address to allow is {client}.",
					"Publish a DMARC record; \"v=DMARC1; p=none\" at _dmarc "
					"under the domain is enough for a start.",
					"Send a message to an account at a large provider and read "
					"what its header Authentication-Results says of spf, dkim "
					"and dmarc.",
				},
			.refs = {"RFC 7208 3", "RFC 6376 5", "RFC 7372 3.4"}},
	AT(SENDER_VERIFY_FAILED) =
		{.id = "sender_verify_failed",
			.group = "sender_address",
			.title = "The receiver could not confirm that the sender's address exists",
			.fixer = FIXER_SENDER_ADMIN,
			.nature = NATURE_REPLY,
			.meaning = "Before it takes a message, the receiver asks the mail server "
				   "of the sender's domain whether an answer would be accepted. "
				   "That server said no or could not be asked. "
				   "Mail that nobody could answer is refused there.",
			.steps =
				{
					"Write to the sender's address from another provider: it "
					"has to arrive.",
					"The address is {sender}.",
					"The mail servers of the domain (its MX records) have to "
					"accept MAIL FROM:<> followed by RCPT TO: with this "
					"address. Error reports come the same way, so refusing the "
					"empty sender is wrong in any case.",
					"Let programs that send by themselves use an address that "
					"exists, not www-data@ or root@ with the name of the "
					"computer.",
					"If the address is in order, ask the receiver's "
					"administrator to exempt it: such questions fail also for "
					"greylisting or a slow server.",
				},
			.refs = {"RFC 5321 4.5.5", "RFC 5321 6.1"}},
	AT(SENDER_DOMAIN_INVALID) =
		{.id = "sender_domain_invalid",
			.group = "sender_address",
			.title = "The domain of the sender's address cannot receive mail",
			.fixer = FIXER_SENDER_ADMIN,
			.nature = NATURE_REPLY,
			.meaning = "The domain of the sender's address does not exist, has no mail "
				   "server, declares that it takes no mail, or is no full domain. "
				   "Nobody could answer such a message, so it is refused.",
			.steps =
				{
					"Correct the sender's address in the mail program or "
					"application. A misspelt domain and the internal name of a "
					"computer (root@web1.localdomain) are the usual faults.",
					"The domain is {domain}; see its mail servers with \"dig "
					"{domain} MX\".",
					"A server that completes addresses with a wrong domain: "
					"Postfix myorigin, Exim qualify_domain, Sendmail "
					"MASQUERADE_AS.",
					"If the domain is right, its administrator adds an MX "
					"record whose host has an address.",
					"An MX record \"0 .\" says that a domain takes no mail at "
					"all: remove it, or send from another domain.",
					"If the domain was registered or moved these days, try "
					"again tomorrow: other servers may still have the old "
					"answer.",
				},
			.refs = {"RFC 5321 2.3.5", "RFC 5321 5.1", "RFC 7505 4.2"}},
	AT(SENDER_DOMAIN_NEW) =
		{.id = "sender_domain_new",
			.group = "sender_address",
			.title = "The sender's domain is too new",
			.fixer = FIXER_SENDER_ADMIN,
			.nature = NATURE_TEMPORARY,
			.meaning = "The domain was registered only recently, or its owner is not "
				   "verified yet. "
				   "So much spam uses fresh domains that some receivers put their "
				   "mail off for a while. "
				   "Nothing is wrong with the message.",
			.steps =
				{
					"Wait: after some days, at most about a month, the domain "
					"counts as any other.",
					"The domain is {domain}.",
					"Until then write urgent mail from an older domain.",
					"If the reply asks for verification, do it in the account "
					"of the service that sends your mail.",
					"Set up SPF, DKIM and DMARC from the first day, and send "
					"little at first.",
				},
			.refs = {NULL}},
	AT(SENDER_REJECTED) = {.id = "sender_rejected",
		.group = "sender_address",
		.title = "The receiver refuses mail from this sender",
		.fixer = FIXER_RECIPIENT_ADMIN,
		.nature = NATURE_PERMANENT,
		.meaning = "The recipient or the receiving server has a rule of its own against "
			   "the sender's address or domain. "
			   "It may be meant for you or for all of your provider's customers. "
			   "Sending again from the same address does not help.",
		.steps =
			{
				"Tell the recipient by telephone or from another account, and ask "
				"to be allowed by the recipient or by the administrator over "
				"there.",
				"The refused address is {sender}.",
				"The administrator finds the rule among the lists of senders kept "
				"by hand (Postfix check_sender_access, an Exim ACL, a filter) or "
				"in the blocked senders of the mailbox.",
				"If you cannot think of a reason, have your own administrator see "
				"whether somebody sends in your name.",
			},
		.refs = {"RFC 3463 3.8"}},
	AT(SENDER_SPOOFED) =
		{.id = "sender_spoofed",
			.group = "sender_address",
			.title = "The sender's address was used without permission",
			.fixer = FIXER_SENDER_USER,
			.nature = NATURE_PERMANENT,
			.meaning = "Whoever sent the message was not allowed to use the sender's "
				   "address in it: an address of the receiver's own domain from "
				   "outside, a colleague's, or one that is not of the account. "
				   "Servers refuse this to keep forgers out.",
			.steps =
				{
					"Send with the address of the account that you log in "
					"with.",
					"The address was {sender}.",
					"To send for somebody else or for a shared mailbox, ask "
					"your administrator for the right to send as that address.",
					"Let a device or web site that uses an address of your "
					"company log in at the company's mail server, or have the "
					"administrator allow its address.",
					"If you sent nothing, somebody else uses your address. "
					"Change the password all the same, and have SPF, DKIM and "
					"DMARC set up for the domain.",
				},
			.refs = {"RFC 6409 6.1", "RFC 3463 3.8"}},
	AT(SENDER_ACCOUNT_BLOCKED) =
		{.id = "sender_account_blocked",
			.group = "sender_address",
			.title = "Your own provider stops mail from your account",
			.fixer = FIXER_SENDER_USER,
			.nature = NATURE_REPLY,
			.meaning = "The message did not leave your own provider. "
				   "The account is suspended, has sent more than it may, or still "
				   "has to be verified; often somebody else has got hold of it.",
			.steps =
				{
					"Log in at your provider and look for a notice; it says "
					"why the account is stopped and how to release it.",
					"If messages were sent that you did not write, change the "
					"password, log out all devices, and remove unknown "
					"forwarding rules and applications.",
					"The account is {sender}.",
					"If you sent many messages, wait for the limit to pass "
					"(often a day). For mailings use a service that is meant "
					"for them.",
					"If nothing is said there, ask the support of your "
					"provider, with the whole error message.",
				},
			.refs = {"RFC 3463 3.8"}},
};
