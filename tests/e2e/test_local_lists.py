"""Lists in files through a real Postfix: replies word for word, friends, files that change."""
import os
import signal
import time

from bed.place import wait_for
from case import MxwardCase
from shared import bed
from test_verdicts import CASE, OK, RCPT, SITE, Milter, Policy
from world import C

BAD = """# bad
192.0.2.80 554 5.7.9 user-defined policy: you know why, 100% ; complaint of 2 March
spam.example            # the list's own words
nice.example 450 4.2.1 come back tomorrow
=mail.gone.example
"""
SHOWN = "shown.example 553 5.7.1 not from you # case 17"
FRIENDS = "192.0.2.20 # an old printer\ngate.partner.example\n192.0.2.80\n"
LIST_REPLY = "user-defined policy: write to postmaster@example.org"
OWN = ("user-defined policy: client 192.0.2.81 is blocked here: if that is a mistake, write to the "
       "postmaster of this site, who is always reachable")
LOOK = 5            # seconds between two looks at the files


class Lists:
    @classmethod
    def setUpClass(cls):
        cls.place, cls.paths = bed().place, {}
        for name, text in (("bad", BAD), ("shown", SHOWN), ("friends", FRIENDS), ("more", "")):
            cls.put(name, text)
        cls.sections = SITE + """[policy]
profile = strict
[list bad]
file = {bad}
reply = 553 5.7.1 {reply}
[list shown]
file = {shown}
show_comment = yes
[list more]
file = {more}
[list friends]
kind = allow
file = {friends}
[exempt]
192.0.2.41 = rdns helo
""".format(reply=LIST_REPLY, **cls.paths)
        super().setUpClass()

    @classmethod
    def put(cls, name, text):
        """Written some time ago, so that it is read at the next look."""
        path = cls.place.path(os.path.join("lists-" + cls.__name__, name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w", encoding="utf-8") as f:
            f.write(text)
        os.utime(path + ".new", (time.time() - 60,) * 2)
        os.rename(path + ".new", path)
        cls.paths[name] = path
        return path

    def told(self, name, sender="sender@good.example", rcpt=RCPT):
        return CASE.sub("Case ID", str(self.ask(self.way, C[name], sender, rcpt)))

    def assertTold(self, name, sender, code, enhanced, text):
        self.assertEqual(self.told(name, sender), self.shown(code, enhanced, text, "Case ID"))

    def decision(self, *words):
        return self.mxward.wait_log("event=decision", "way=" + self.way, *words)

    def test_reply_of_the_entry(self):
        self.assertTold("blocked", "one@good.example", 554, "5.7.9",
                        "user-defined policy: you know why, 100%")
        line = self.decision("from=one@good.example")
        self.assertIn('why="entry 192.0.2.80 of list bad: complaint of 2 March"', line)
        self.assertIn("findings=local_block:reject", line)

    def test_reply_of_the_list(self):
        self.assertTold("blocked_later", "news@a.spam.example", 553, "5.7.1", LIST_REPLY)

    def test_comment_is_shown(self):
        self.assertTold("blocked_later", "joe@shown.example", 553, "5.7.1",
                        "not from you (case 17)")

    def test_putting_off(self):
        for _ in range(2):      # also the second time: it is no trouble of ours
            self.assertTold("blocked_later", "joe@nice.example", 450, "4.2.1",
                            "come back tomorrow")

    def test_postmaster(self):
        self.assertNotIn("user-defined policy",
                         self.told("blocked", rcpt="postmaster@example.org"))
        self.assertIn("because=\"postmaster and abuse are always reachable\"",
                      self.decision("to=postmaster@example.org"))

    def test_friend_by_address(self):
        """No reverse name, which profile strict refuses."""
        self.assertEqual(self.told("no_ptr", "printer@good.example"), OK)
        line = self.decision("from=printer@good.example")
        self.assertIn("verdict=accept because=\"local_allow: client 192.0.2.20 is on the allow list "
                      "friends (entry 192.0.2.20 of list friends: an old printer)\"", line)
        self.assertIn("rdns_none:reject", line)

    def test_friend_by_reverse_name(self):
        self.assertEqual(self.told("partner"), OK)

    def test_false_friend(self):
        """The same reverse name, but it does not resolve back."""
        self.told("false_partner", "false@good.example")
        self.assertNotIn("local_allow", self.decision("from=false@good.example"))

    def test_blocked_and_allowed(self):
        self.assertTold("blocked", "both@good.example", 554, "5.7.9",
                        "user-defined policy: you know why, 100%")

    def test_stranger(self):
        self.assertEqual(self.told("good"), OK)

    def reread(self, name, text):
        """Put the file there and wait until it was read or refused; the log line."""
        words = ("list=%s " % name,)
        before = len(self.mxward.log_lines(*words))
        self.put(name, text)
        return self.mxward.wait_log(*words, after=before, seconds=LOOK + 10)

    def test_change_without_a_signal(self):
        self.assertEqual(self.told("blocked_later"), OK)
        self.assertIn("event=list_read", self.reread("more", "192.0.2.81\n"))
        self.assertTold("blocked_later", "sender@good.example", 553, "5.7.1", OWN)
        line = self.reread("more", "# empty again\n")
        self.assertIn("entries=0", line)
        self.assertEqual(self.told("blocked_later"), OK)
        self.assertEqual(self.mxward.log_lines("event=reloaded"), [])

    def test_open_session_sees_the_change(self):
        smtp = self.connect(self.way, C["blocked_later"])
        smtp.mail("open@good.example")
        self.assertEqual(str(smtp.rcpt(RCPT)), OK)
        smtp.rset()
        self.reread("more", "192.0.2.0/24 450 4.7.1 later\n")
        smtp.mail("open@good.example")
        self.assertEqual(smtp.rcpt(RCPT).code, 450)
        self.reread("more", "")

    def test_broken_file_keeps_the_old_entries(self):
        line = self.reread("shown", SHOWN + "\n\nnews.example REJECT\n")
        self.assertIn("level=error event=list_error list=shown", line)
        self.assertIn('%s:3: \\"REJECT\\" is no reply' % self.paths["shown"], line)
        self.assertTold("blocked_later", "joe@shown.example", 553, "5.7.1",
                        "not from you (case 17)")
        # It is said once, and other lists are read all the same.
        self.reread("more", "# %s\n" % "x")
        time.sleep(LOOK)
        self.assertEqual(len(self.mxward.log_lines("event=list_error", "list=shown")), 1)
        os.remove(self.paths["shown"])
        wait_for(lambda: self.mxward.log_lines("cannot be looked at"), LOOK + 10, "word of it")
        self.assertTold("blocked_later", "joe@shown.example", 553, "5.7.1",
                        "not from you (case 17)")
        self.assertIn("event=list_read", self.reread("shown", SHOWN))
        self.assertTold("blocked_later", "joe@shown.example", 553, "5.7.1",
                        "not from you (case 17)")


    def test_worker_that_died(self):
        """Its successor has the lists as they are by then."""
        self.reread("more", "192.0.2.81\n")
        parent, worker = self.mxward.pids()
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: len(set(self.mxward.pids()) - {parent, worker}) == 1, 10, "new worker")
        with self.outage():
            self.told("good")           # on the connection to the one that is gone
        self.assertTold("blocked_later", "sender@good.example", 553, "5.7.1", OWN)
        self.assertTold("blocked", "sender@good.example", 554, "5.7.9",
                        "user-defined policy: you know why, 100%")
        self.reread("more", "")


class PolicyLists(Lists, Policy, MxwardCase):
    pass


class MilterLists(Lists, Milter, MxwardCase):
    pass
