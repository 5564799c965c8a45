/* core/cause, third part: the recipient, the way there, and what is no failure.  How the texts are
 * written: see cause_sender.c. */
#include "core/cause_private.h"

#define AT(id) [CAUSE_##id - CAUSE_RECIPIENT_FIRST]

const struct cause cause_rows_recipient[] = {
	AT(USER_UNKNOWN) = {.id = "user_unknown",
		.group = "recipient",
		.title = "The recipient's address does not exist",
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_PERMANENT,
		.meaning = "The receiving server knows no mailbox of this name. "
			   "The address is misspelt, or the mailbox is gone. "
			   "The same address will fail again.",
		.steps =
			{
				"Compare the address letter by letter with one that you have in "
				"writing; the mail program may complete an old one by itself.",
				"The address is {recipient}.",
				"Ask the recipient for the right address by other means.",
				"Take the address out of address books and mailing lists: writing "
				"to addresses that do not exist harms the reputation of your "
				"server.",
				"If the mailbox certainly exists, the receiver's administrator has "
				"to look: its list of users may be out of date.",
			},
		.refs = {"RFC 3463 3.2", "RFC 5321 4.2.3"}},
	AT(MAILBOX_FULL) = {.id = "mailbox_full",
		.group = "recipient",
		.title = "The recipient's mailbox is full",
		.fixer = FIXER_RECIPIENT,
		.nature = NATURE_TEMPORARY,
		.meaning = "The mailbox has reached its limit and takes nothing more. "
			   "Once the recipient has made room, mail arrives again. "
			   "A mailbox that stays full for weeks is often given up.",
		.steps =
			{
				"Tell the recipient by other means to delete mail or to get more "
				"room.",
				"The mailbox is {recipient}.",
				"Send the message again in a few days, if the server does not do "
				"so by itself.",
				"As the recipient: empty the trash and the spam folder as well, "
				"and delete messages with large attachments.",
			},
		.refs = {"RFC 3463 3.3", "RFC 5321 4.2.2"}},
	AT(MAILBOX_DISABLED) = {.id = "mailbox_disabled",
		.group = "recipient",
		.title = "The recipient's mailbox is switched off",
		.fixer = FIXER_RECIPIENT,
		.nature = NATURE_PERMANENT,
		.meaning = "The address exists or existed, but the mailbox is closed: not used for "
			   "a long time, suspended by the provider, or not paid for. "
			   "Only its owner, or the provider, can open it again.",
		.steps =
			{
				"Ask the recipient by other means for another address.",
				"The mailbox is {recipient}.",
				"As the recipient: log in at your provider, or ask its support, to "
				"have the mailbox opened again.",
				"Take the address out of mailing lists if it stays closed.",
			},
		.refs = {"RFC 3463 3.3"}},
	AT(RECIPIENT_RESTRICTED) = {.id = "recipient_restricted",
		.group = "recipient",
		.title = "The recipient accepts mail from certain senders only",
		.fixer = FIXER_RECIPIENT,
		.nature = NATURE_PERMANENT,
		.meaning =
			"The address is a group, a list or a mailbox that not everybody may write "
			"to: members only, colleagues only, senders who were allowed before. "
			"You are not one of them.",
		.steps =
			{
				"Ask the owner of the group or mailbox to allow your address or to "
				"make you a member.",
				"The address is {recipient}, and you wrote as {sender}.",
				"If you are a member, write from the address that is registered "
				"there.",
				"If the reply asks you to confirm something on a page and you "
				"trust it, do so and send the message again.",
			},
		.refs = {"RFC 3463 3.8"}},
	AT(RECIPIENT_MOVED) = {.id = "recipient_moved",
		.group = "recipient",
		.title = "The recipient has another address now",
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_PERMANENT,
		.meaning = "The mailbox was moved, and mail to the old address is not forwarded. "
			   "The reply may name the new address.",
		.steps =
			{
				"If the reply names the new address, send the message there; make "
				"sure that it is the recipient's.",
				"The old address is {recipient}.",
				"Otherwise ask the recipient by other means.",
				"Correct your address book.",
			},
		.refs = {"RFC 3463 3.2", "RFC 5321 3.4"}},
	AT(BAD_ADDRESS_SYNTAX) = {.id = "bad_address_syntax",
		.group = "recipient",
		.title = "The recipient's address is malformed",
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_PERMANENT,
		.meaning = "What was given as the recipient is not a mail address that a server "
			   "understands. "
			   "A blank, a comma, a missing @ or an invisible character from copying "
			   "is the usual fault.",
		.steps =
			{
				"Delete the address and type it anew instead of pasting it.",
				"It was read as {recipient}.",
				"Separate several addresses as the mail program wants it, mostly "
				"with commas.",
				"An address with letters outside a-z needs servers that support it "
				"(SMTPUTF8) all the way; ask for one without.",
			},
		.refs = {"RFC 5321 4.1.2", "RFC 3463 3.2", "RFC 6531 3.1"}},
	AT(HOST_UNKNOWN) = {.id = "host_unknown",
		.group = "transport",
		.title = "The recipient's domain does not exist or has no mail server",
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_PERMANENT,
		.meaning = "The part of the address after the @ is not found in DNS, or no mail "
			   "server is named for it. "
			   "It is misspelt, or the domain was given up.",
		.steps =
			{
				"Check the domain for a slip of the pen, also in its ending (.com, "
				".org, .de).",
				"The domain is {domain}; see its mail servers with \"dig {domain} "
				"MX\".",
				"Ask the recipient by other means for the right address.",
				"If the domain is right, its owner has to look whether it was paid "
				"for and whether its name servers and its MX record are in order.",
			},
		.refs = {"RFC 5321 5.1", "RFC 3463 3.2"}},
	AT(NO_MAIL_SERVICE) = {.id = "no_mail_service",
		.group = "transport",
		.title = "The recipient's domain takes no mail",
		.fixer = FIXER_RECIPIENT_ADMIN,
		.nature = NATURE_PERMANENT,
		.meaning = "The domain exists but says that it receives no mail at all (null MX), "
			   "or the host there answers that it is no mail server. "
			   "No address in this domain can work.",
		.steps =
			{
				"Use another address of the recipient; the organisation's mail may "
				"be under another domain.",
				"The domain is {domain}; see what it says with \"dig {domain} "
				"MX\".",
				"If the domain should receive mail, its administrator replaces the "
				"MX record \"0 .\" with one that names the mail server.",
			},
		.refs = {"RFC 7505 3", "RFC 7504 3"}},
	AT(NETWORK_ERROR) = {.id = "network_error",
		.group = "transport",
		.title = "The receiving server could not be reached",
		.fixer = FIXER_RECIPIENT_ADMIN,
		.nature = NATURE_TEMPORARY,
		.meaning = "No connection to the mail server of the recipient's domain came about, "
			   "it broke off, or DNS did not answer. "
			   "This is mostly over in some hours, and the sending server goes on "
			   "trying, usually for up to five days.",
		.steps =
			{
				"Wait; the message is still in the queue unless you were told that "
				"it was given up.",
				"The server could not be found or reached for {domain}.",
				"If it lasts longer than a day, tell the recipient by other means: "
				"the administrator over there may not know.",
				"As the receiver's administrator see whether port 25 answers from "
				"outside, whether the MX records lead to servers that run, and "
				"whether all name servers of the domain answer.",
				"As the sender's administrator see whether other receivers can be "
				"reached: many access and hosting providers block outgoing port "
				"25.",
			},
		.refs = {"RFC 5321 4.5.4.1", "RFC 3463 3.5"}},
	AT(DELIVERY_EXPIRED) =
		{.id = "delivery_expired",
			.group = "transport",
			.title = "The message could not be delivered in time and was given up",
			.fixer = FIXER_RECIPIENT_ADMIN,
			.nature = NATURE_PERMANENT,
			.meaning = "The sending server tried for days and got no further. "
				   "Each single attempt met a fault that could have passed: no "
				   "connection, a busy server, \"try again later\". "
				   "The message will not be tried again.",
			.steps =
				{
					"Ask the recipient by other means whether mail arrives "
					"there at all, and use another address meanwhile.",
					"The recipient is {recipient}.",
					"Have your administrator look up the last attempts in the "
					"log: the reply there is the real reason.",
					"When the fault is repaired, send the message again.",
				},
			.refs = {"RFC 5321 4.5.4.1", "RFC 3463 3.5"}},
	AT(MAIL_LOOP) = {.id = "mail_loop",
		.group = "transport",
		.title = "The message went round in a circle",
		.fixer = FIXER_RECIPIENT_ADMIN,
		.nature = NATURE_PERMANENT,
		.meaning = "Servers passed the message to each other until one of them stopped it. "
			   "Two forwardings point at each other, or a server is named as the mail "
			   "server of a domain without knowing about it.",
		.steps =
			{
				"Tell the recipient by other means, with the bounce: the Received: "
				"lines in it show the circle.",
				"The recipient is {recipient}.",
				"As the recipient look at your forwardings in all mailboxes; one "
				"of them leads back.",
				"As the receiver's administrator add the domain to those that the "
				"server keeps (Postfix mydestination or virtual_mailbox_domains, "
				"Exim local_domains), and see that its MX record or relay does not "
				"name the server itself.",
			},
		.refs = {"RFC 5321 6.3", "RFC 3463 3.5"}},
	AT(SYSTEM_ERROR) =
		{.id = "system_error",
			.group = "transport",
			.title = "The receiving server has a fault of its own",
			.fixer = FIXER_RECIPIENT_ADMIN,
			.nature = NATURE_REPLY,
			.meaning = "The receiving server reports an internal problem: overload, a "
				   "full disk, a wrong setting, a service that does not answer. "
				   "The message and its sender are not the reason.",
			.steps =
				{
					"If the error is temporary, wait: the sending server tries "
					"again by itself.",
					"If it was final, send the message again after some hours.",
					"If it lasts, tell the recipient or postmaster at the "
					"recipient's domain, from another account and with the "
					"whole reply.",
					"As the receiver's administrator look in the mail log at "
					"the time of the message: disk, limits, and helpers such "
					"as filters, databases and directories.",
				},
			.refs = {"RFC 3463 3.4", "RFC 5321 4.2.2"}},
	AT(UNKNOWN) = {.id = "unknown",
		.group = "none",
		.title = "The reply does not say why the message was refused",
		.fixer = FIXER_UNKNOWN,
		.nature = NATURE_REPLY,
		.meaning =
			"The message came back, and its text gives no reason that is known here. "
			"The first digit of the code says at least whether waiting can help: 4 is "
			"temporary, 5 is final.",
		.steps =
			{
				"Send a short message without attachments once more. If it "
				"arrives, the content was the reason.",
				"The reply points to {url} .",
				"Give the whole error message to the administrator of your server; "
				"the log tells more than the bounce.",
				"Or ask postmaster at the recipient's domain, from another account "
				"and with the whole reply and its time.",
			},
		.refs = {"RFC 5321 4.2.1", "RFC 3463 2"}},
	AT(NOT_BOUNCE) =
		{.id = "not_bounce",
			.group = "none",
			.title = "Nothing was refused",
			.fixer = FIXER_NOBODY,
			.nature = NATURE_REPLY,
			.meaning = "This is no report of a failed delivery. "
				   "It is a report of success, a notice of absence, an ordinary "
				   "message, or a check that found everything in order.",
			.steps =
				{
					"There is nothing to do.",
					"If you expected a bounce, give the whole message with all "
					"its headers, not only the text that the mail program "
					"shows.",
				},
			.refs = {"RFC 3464 2.3.3", "RFC 3834 2"}},
};
