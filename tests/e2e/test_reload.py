"""SIGHUP: new settings at once, a broken file changes nothing, no session is lost."""
import concurrent.futures
import threading
import time

from case import MxwardCase
from test_verdicts import OK, SITE
from world import C, CROWD

RELOADS, SESSIONS, THREADS = 20, 200, 8
REFUSE = SITE + "[actions]\nrdns_none = reject\n"
LET_PASS = SITE + "[actions]\nrdns_none = off\n"


class Reload(MxwardCase):
    sections = REFUSE

    def reload(self, sections, *words):
        """New settings, and wait until the log says so with these words."""
        before = len(self.mxward.log_lines(*words))
        self.mxward.configure(sections)
        self.mxward.reload()
        return self.mxward.wait_log(*words, after=before)

    def tearDown(self):
        self.reload(REFUSE, "reload")
        super().tearDown()

    def test_new_settings_hold_at_once(self):
        for way in ("policy", "milter"):
            self.assertEqual(self.ask(way, C["no_ptr"]).code, 550)
        self.reload(LET_PASS, "reload")
        for way in ("policy", "milter"):
            self.assertEqual(str(self.ask(way, C["no_ptr"])), OK)

    def test_new_settings_hold_in_a_session_that_is_open(self):
        smtp = self.connect("policy", C["no_ptr"])
        smtp.mail("open@good.example")
        self.assertEqual(smtp.rcpt("user@example.org").code, 550)
        smtp.rset()
        self.reload(LET_PASS, "reload")
        smtp.mail("open@good.example")
        self.assertEqual(str(smtp.rcpt("user@example.org")), OK)

    def test_broken_file_keeps_the_old_settings(self):
        for broken, words in (
                ("rdns_nun = reject\n", ("rdns_nun", "rdns_none")),
                ("[policy]\nreject_at = lots\n", ("reject_at", "lots")),
                ("[exmpt]\n", ("exmpt", "exempt")),
                ("[exempt]\n192.0.2.0/33 = rdns\n", ("192.0.2.0/33",))):
            with self.subTest(broken):
                text = LET_PASS + broken
                line = self.line_of(text, broken)
                self.reload(text, self.mxward.conf + ":%d" % line, *words)
                self.assertEqual(self.ask("policy", C["no_ptr"]).code, 550)

    def line_of(self, sections, broken):
        """The number in the file of the last line of the broken part."""
        self.mxward.configure(sections)
        with open(self.mxward.conf) as f:
            return f.read().rstrip("\n").count("\n") + 1

    def load(self, way):
        """SESSIONS sessions while the daemon is reloaded RELOADS times; all replies."""
        stop, reloads = threading.Event(), []

        def reloader():
            while not stop.is_set() and len(reloads) < RELOADS:
                self.mxward.configure((REFUSE, REFUSE + "[exempt]\n")[len(reloads) % 2])
                self.mxward.reload()
                reloads.append(time.monotonic())
                time.sleep(0.05)

        def session(i):
            client = C["no_ptr"] if i % 10 == 0 else CROWD[i % len(CROWD)]
            return i, self.ask(way, client, "load%d@good.example" % i)
        thread = threading.Thread(target=reloader)
        thread.start()
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            replies = list(pool.map(session, range(SESSIONS)))
            while len(reloads) < RELOADS:       # the sessions were faster: some more
                replies += pool.map(session, range(THREADS))
        stop.set()
        thread.join()
        self.assertEqual(len(reloads), RELOADS)
        self.assertGreaterEqual(len(replies), SESSIONS)
        wrong = [(i, str(r)) for i, r in replies
                 if (r.code != 550 if i % 10 == 0 else str(r) != OK)]
        self.assertEqual(wrong, [])

    def test_policy_under_load(self):
        self.load("policy")

    def test_milter_under_load(self):
        self.load("milter")
