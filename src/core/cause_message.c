/* core/cause, second part: the message, policies, the SMTP dialogue.  How the texts are written:
 * see cause_sender.c. */
#include "core/cause_private.h"

#define AT(id) [CAUSE_##id - CAUSE_MESSAGE_FIRST]

const struct cause cause_rows_message[] = {
	AT(HEADER_NONCOMPLIANT) = {.id = "header_noncompliant",
		.group = "message",
		.title = "The message is not built as a mail message has to be",
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_PERMANENT,
		.meaning = "The head or the structure of the message breaks the rules of Internet "
			   "mail. "
			   "Usual faults are a missing From:, Date: or Message-ID:, a header that "
			   "is there twice, or raw bytes that are not ASCII. "
			   "It is the sending program that makes them.",
		.steps =
			{
				"If an application or device sent it, update it; if you wrote it, "
				"use a mail library instead of putting the text together by hand.",
				"Each message needs one Date: and one From: with a full address, "
				"and should have a Message-ID: with a real domain; To:, Cc:, "
				"Subject:, Reply-To: and Sender: come at most once.",
				"Header lines are ASCII: other characters are encoded (RFC 2047). "
				"Lines are at most 998 bytes and end in CR LF.",
				"If a program sends through your own server, let the server add "
				"what is missing: Postfix always_add_missing_headers, Exim control "
				"= submission.",
			},
		.refs = {"RFC 5322 3.6", "RFC 2045 2", "RFC 2047 2"}},
	AT(SPAM_CONTENT) = {.id = "spam_content",
		.group = "message",
		.title = "The message was taken for spam",
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_REPLY,
		.meaning =
			"A filter at the receiver found that the message looks like unwanted mail. "
			"It judges the text, the links, the attachments and where the message came "
			"from, and it can be wrong.",
		.steps =
			{
				"Send a short message without links, pictures and attachments. If "
				"it arrives, the content was the reason: take out one thing after "
				"the other.",
				"Shortened links, much advertising language, a picture without "
				"text, and an empty subject count against a message.",
				"If the short message fails as well, have the administrator of "
				"your server see to the reverse name, SPF, DKIM and block lists of "
				"the sending address.",
				"Tell the recipient by other means: the recipient or the "
				"administrator over there can allow you or report the mistake.",
				"The reply points to {url} .",
				"For newsletters write only to people who asked for them, and give "
				"them a way to unsubscribe (List-Unsubscribe).",
			},
		.refs = {"RFC 3463 3.8", "RFC 8058 3.1"}},
	AT(VIRUS) = {.id = "virus",
		.group = "message",
		.title = "The message contains a virus or other malware",
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_PERMANENT,
		.meaning = "A scanner at the receiver found harmful code in the message or an "
			   "attachment. "
			   "Your computer or account may be infected, or somebody else wrote under "
			   "your address; a false alarm is possible too.",
		.steps =
			{
				"If you did not write the message, change the password of the "
				"account and look for forwarding rules that you do not know.",
				"Scan the computer and the attachment with an up-to-date scanner "
				"before you send anything else.",
				"If the file is harmless, give it to the recipient in another way, "
				"such as a shared folder. A new name or a password does not make "
				"it welcome.",
			},
		.refs = {"RFC 3463 3.8"}},
	AT(CONTENT_REJECTED) = {.id = "content_rejected",
		.group = "message",
		.title = "The receiver does not accept this kind of content",
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_PERMANENT,
		.meaning =
			"A rule at the receiver forbids something that the message contains: a "
			"type of attachment, a language or character set, certain words or links. "
			"It was not found to be spam, but it is not let in as it is.",
		.steps =
			{
				"Leave out the attachment or the link and send the text alone. If "
				"it arrives, give the file to the recipient in another way.",
				"Programs, scripts, macros, and archives with a password are "
				"forbidden in many places; a PDF or a shared folder mostly is not.",
				"If the message must go as it is, the recipient asks the "
				"administrator over there for an exemption.",
			},
		.refs = {"RFC 3463 3.7"}},
	AT(MESSAGE_TOO_BIG) = {.id = "message_too_big",
		.group = "message",
		.title = "The message is too big",
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_PERMANENT,
		.meaning = "The message is larger than a server on the way accepts. "
			   "Attachments grow by about a third when they are sent, so a file of 20 "
			   "MB makes a message of 27 MB.",
		.steps =
			{
				"Send the files in a shared folder or by a transfer service, and "
				"only the link by mail.",
				"Or make pictures smaller, or spread the files over several "
				"messages.",
				"If your own server set the limit, its administrator can raise it: "
				"Postfix message_size_limit, Exim message_size_limit, Sendmail "
				"confMAX_MESSAGE_SIZE, Exchange MaxSendSize.",
			},
		.refs = {"RFC 1870 6", "RFC 3463 3.4"}},
	AT(POLICY_REJECTED) = {.id = "policy_rejected",
		.group = "policy",
		.title = "The receiver refuses the message by a rule that it does not name",
		.fixer = FIXER_RECIPIENT_ADMIN,
		.nature = NATURE_REPLY,
		.meaning = "The receiving server says no \"for policy reasons\" and nothing else. "
			   "The rule can concern the sending server, the sender, the content or "
			   "the recipient; only the administrator over there can tell which.",
		.steps =
			{
				"Ask the receiver's administrator what the rule is: write to "
				"postmaster at the recipient's domain from another account, with "
				"the whole reply and the time.",
				"The reply points to {url} .",
				"Have your own administrator check what such rules are mostly "
				"about: reverse name, HELO name, SPF, DKIM, DMARC and block lists "
				"of the sending server.",
				"The sending address was {client}.",
				"Meanwhile reach the recipient from another account or by "
				"telephone.",
			},
		.refs = {"RFC 5321 4.5.1", "RFC 3463 3.8"}},
	AT(GREYLISTED) = {.id = "greylisted",
		.group = "policy",
		.title = "The receiver asks to try again later (greylisting)",
		.fixer = FIXER_NOBODY,
		.nature = NATURE_TEMPORARY,
		.meaning = "The receiver does not know the sending server yet and puts the first "
			   "message off for some minutes. "
			   "A real mail server tries again by itself; most spam programs do not. "
			   "The message is on its way.",
		.steps =
			{
				"Wait: the sending server repeats the attempt, mostly within an "
				"hour. Do not send the message again.",
				"If it never arrives, the sending server does not try again, or "
				"from another address each time: its administrator lets it try "
				"again after 5 to 30 minutes from the same address.",
			},
		.refs = {"RFC 6647 2", "RFC 5321 4.5.4.1"}},
	AT(PROTOCOL_ERROR) = {.id = "protocol_error",
		.group = "protocol",
		.title = "The servers did not understand each other",
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_PERMANENT,
		.meaning = "One of the servers said something that the other does not accept at "
			   "that point of the SMTP dialogue: an unknown command, a wrong order, a "
			   "line that is too long, or talking before being asked. "
			   "Mostly the sending program, or a firewall in between, is at fault.",
		.steps =
			{
				"If an application or device sends directly, let it send through a "
				"proper mail server, or update it.",
				"Switch off inspection of SMTP in firewalls on the way (Cisco "
				"\"fixup\" or \"inspect esmtp\" and the like): it changes "
				"commands.",
				"A sender has to wait for the greeting and for each reply, unless "
				"the server offers PIPELINING, and has to end lines with CR LF.",
				"Look at the whole dialogue: the sending server's log at its most "
				"talkative, or a recording of the connection.",
			},
		.refs = {"RFC 5321 4.1.4", "RFC 5321 4.5.3.1", "RFC 2920 3.1"}},
	AT(RATE_LIMITED) = {.id = "rate_limited",
		.group = "protocol",
		.title = "Too many messages or connections in a short time",
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_TEMPORARY,
		.meaning = "The receiver takes only so many messages, connections or recipients "
			   "from one server or sender in a given time, and this one was above it. "
			   "How many depends on the reputation of the sending address. "
			   "Later it will go through.",
		.steps =
			{
				"Wait: the sending server tries again by itself. Sending the "
				"message again makes it worse.",
				"The sending address is {client}.",
				"Let the server send more slowly to this receiver: Postfix a "
				"transport of its own with default_destination_concurrency_limit "
				"and default_destination_rate_delay, Exim remote_max_parallel and "
				"connection_max_messages.",
				"If the server never sends that much, look for an account that was "
				"taken over, or for one that forwards spam.",
				"Spread mailings over hours, and raise the volume of a new address "
				"from week to week.",
			},
		.refs = {"RFC 3463 3.8", "RFC 5321 4.5.4.1"}},
	AT(TOO_MANY_ERRORS) = {.id = "too_many_errors",
		.group = "protocol",
		.title = "The receiver broke off after too many errors",
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.meaning = "The sending server addressed many mailboxes that do not exist, or sent "
			   "many commands that are wrong, and was stopped. "
			   "To the receiver this looks like somebody who guesses addresses.",
		.steps =
			{
				"Take addresses that bounced before out of the list of recipients, "
				"and old lists out of use.",
				"The sending address is {client}.",
				"Look in the log for the replies before the end: they name the "
				"addresses or commands that were wrong.",
				"If nobody sent such a mailing, look for an account or web form "
				"that was taken over.",
			},
		.refs = {"RFC 5321 7.3", "RFC 5321 4.3.2"}},
	AT(TOO_MANY_RECIPIENTS) =
		{.id = "too_many_recipients",
			.group = "protocol",
			.title = "Too many recipients in one message",
			.fixer = FIXER_SENDER_USER,
			.nature = NATURE_TEMPORARY,
			.meaning = "The message names more recipients than the receiver, or your "
				   "own provider, takes at once. "
				   "Those beyond the limit did not get it.",
			.steps =
				{
					"Send the message again to those who did not get it, to "
					"fewer at a time; 50 is mostly safe.",
					"For a group that you write to often use a mailing list or "
					"a mailing service.",
					"The administrator of the sending server can let it make "
					"smaller groups: Postfix "
					"default_destination_recipient_limit, Exim max_rcpt of the "
					"transport.",
				},
			.refs = {"RFC 5321 4.5.3.1.8", "RFC 5321 4.5.3.1.10"}},
	AT(RELAY_DENIED) =
		{.id = "relay_denied",
			.group = "protocol",
			.title = "The server does not pass mail on to this recipient",
			.fixer = FIXER_SENDER_ADMIN,
			.nature = NATURE_PERMANENT,
			.meaning = "The server that was asked is not in charge of the recipient's "
				   "domain and does not forward mail for whoever asked it. "
				   "Either the sender did not log in, or the domain's MX record "
				   "leads to a server that does not know the domain.",
			.steps =
				{
					"If this is your outgoing server, log in: switch on "
					"authentication (user name and password) in the mail "
					"program, port 587 or 465.",
					"The recipient is {recipient}.",
					"If it is the recipient's server, its administrator adds "
					"the domain there (Postfix mydestination, relay_domains or "
					"virtual_mailbox_domains; Exim local_domains, "
					"relay_to_domains) or corrects the MX record.",
					"See which servers the domain names with \"dig {domain} "
					"MX\".",
					"If a computer of your own is refused by its relay, the "
					"relay's administrator allows its address, or it has to "
					"log in: Postfix mynetworks, Exim relay_from_hosts.",
				},
			.refs = {"RFC 5321 3.6.2", "RFC 5321 7.9"}},
	AT(AUTH_REQUIRED) = {.id = "auth_required",
		.group = "protocol",
		.title = "The server wants a login, or the login failed",
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_PERMANENT,
		.meaning = "The outgoing server accepts mail only from users who have logged in. "
			   "The mail program did not log in, or user name, password or method were "
			   "not accepted.",
		.steps =
			{
				"Switch on authentication for outgoing mail in the mail program, "
				"with the user name and password of the mailbox, over TLS on port "
				"465 or 587.",
				"Some providers want a password made for the program (app "
				"password), or a sign-in page (OAuth), instead of the ordinary "
				"one.",
				"If you changed the password lately, change it in every device "
				"that sends.",
				"If a server gets this answer from the recipient's side, it has "
				"connected to the wrong server or port: mail between servers goes "
				"to the MX of the domain on port 25.",
			},
		.refs = {"RFC 4954 4", "RFC 8314 3.3"}},
	AT(TLS_REQUIRED) =
		{.id = "tls_required",
			.group = "protocol",
			.title = "The connection has to be encrypted, and it was not",
			.fixer = FIXER_SENDER_ADMIN,
			.nature = NATURE_PERMANENT,
			.meaning = "One of the two servers insists on TLS, and no encrypted "
				   "connection came about. "
				   "Either TLS is switched off or too old on one side, or a "
				   "certificate is not what it has to be.",
			.steps =
				{
					"Switch on TLS for outgoing mail in the sending server: "
					"Postfix smtp_tls_security_level = may, Exim an smtp "
					"transport without hosts_avoid_tls, OpenSMTPD a relay "
					"action with tls.",
					"Both sides need TLS 1.2 or later; update the server or "
					"its TLS library.",
					"Try it with \"openssl s_client -starttls smtp -connect "
					"MX:25\": it shows the protocol, the certificate and what "
					"is wrong with it.",
					"If the certificate is refused (MTA-STS, DANE, a rule of "
					"the sender), the receiver's administrator renews it, or "
					"corrects the TLSA record or the policy.",
				},
			.refs = {"RFC 3207 4", "RFC 8461 5", "RFC 7672 2.2"}},
};
