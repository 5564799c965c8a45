#!/usr/bin/env python3
"""The command `mxward causes`, its pages for a web server, and the languages of `explain`.

Usage: causes_cli.py MXWARD SOURCE_ROOT
"""
import html.parser
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

MXWARD, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
EX_USAGE, EX_CANTCREAT = 64, 73
LANGUAGES = {"en", "de"}
PLAIN = {k: v for k, v in os.environ.items() if k not in ("LC_ALL", "LC_MESSAGES", "LANG")}
PTR = "550 5.7.25 <ann@b.example>: [203.0.113.5] has no PTR record"


def run(*args, stdin="", **env):
    done = subprocess.run([MXWARD, *args], input=stdin.encode(), capture_output=True, timeout=60,
                          env={**PLAIN, **env})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Causes(unittest.TestCase):
    def good(self, *args, **more):
        status, out, error = run("causes", *args, **more)
        self.assertEqual((status, error), (0, ""), args)
        return out

    def rows(self, *args):
        return {r["id"]: r for r in map(json.loads, self.good("--json", *args).splitlines())}

    def test_list(self):
        text, rows = self.good(), self.rows()
        self.assertEqual(len(rows), 45)
        for row in rows.values():
            self.assertRegex(text, r"\n  %s +%s\n" % (row["id"], re.escape(row["title"])))

    def test_findings(self):
        """Each finding that tells something bad stands with its cause, and nowhere else."""
        _, out, _ = run("conf", "findings", "--json")
        bad = {(r["cause"], r["id"]) for r in map(json.loads, out.splitlines()) if not r["good"]}
        self.assertEqual({(r["id"], f) for r in self.rows().values() for f in r["findings"]}, bad)

    def test_one(self):
        text = self.good("no_ptr")
        for part in ["no_ptr: The sending address has no reverse name",
                     "whoever owns the sending address's network",
                     "5.113.0.203.in-addr.arpa. IN PTR mail.example.com.", "dig -x 203.0.113.5",
                     "550 5.7.25", "rdns_none", "RFC 8601 3"]:
            self.assertIn(part, text)
        for row in self.rows().values():
            text = self.good(row["id"])
            self.assertNotRegex(text, r"\{[a-z]", row["id"])
            for part in row["wordings"] + row["codes"] + row["findings"] + row["records"]:
                self.assertIn(part.split()[-1], text)

    def test_wordings(self):
        """What receivers say is what `explain` takes to be this cause."""
        said = [{"id": row["id"], "text": text}
                for row in self.rows().values() for text in row["wordings"]]
        self.assertGreater(len(said), 100)
        _, out, _ = run("explain", "--batch", stdin="\n".join(map(json.dumps, said)))
        for row in map(json.loads, out.splitlines()):
            self.assertEqual(row["cause"], row["id"], row["reply"])

    def test_language(self):
        german = self.good("no_ptr", "--lang", "de")
        self.assertIn("hat keinen Reverse-Namen", german)
        self.assertLessEqual(max(map(len, german.splitlines())), 90)
        english = self.rows()
        for name, row in self.rows("--lang", "de").items():
            for key in ("group", "fixer", "nature", "codes", "findings", "records", "references"):
                self.assertEqual(row[key], english[name][key])
            self.assertNotEqual(row["title"], english[name]["title"])
            self.assertEqual(len(row["steps"]), len(english[name]["steps"]))

    def test_environment(self):
        german = "hat keinen Reverse-Namen"
        for env, is_german in [
                ({}, False), ({"LANG": "de_DE.UTF-8"}, True), ({"LANG": "de_AT.utf8@euro"}, True),
                ({"LANG": "de_DE"}, False), ({"LANG": "de_DE.ISO-8859-1"}, False),
                ({"LANG": "C.UTF-8"}, False), ({"LANG": "fr_FR.UTF-8"}, False),
                ({"LANG": "C", "LC_MESSAGES": "de_DE.UTF-8"}, True),
                ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, False),
                ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": ""}, True)]:
            with self.subTest(env):
                self.assertEqual(german in self.good("no_ptr", **env), is_german)
        # The option goes before; programs get the same everywhere.
        self.assertNotIn(german, self.good("no_ptr", "--lang", "en", LANG="de_DE.UTF-8"))
        self.assertNotIn(german, self.good("no_ptr", "--json", LANG="de_DE.UTF-8"))

    def test_usage(self):
        status, out, error = run("causes", "no_pt")
        self.assertEqual((status, out), (EX_USAGE, ""))
        self.assertIn('there is no cause "no_pt": did you mean "no_ptr"?', error)
        status, _, error = run("causes", "--lang", "xx")
        self.assertEqual(status, EX_USAGE)
        self.assertIn('there is no language "xx", only en, de', error)
        for args in (("no_ptr", "virus"), ("--wrong",), ("--html", "x", "no_ptr"),
                     ("--html", "x", "--json")):
            self.assertEqual(run("causes", *args)[0], EX_USAGE, args)
        self.assertFalse(os.path.exists("x"))
        self.assertIn("Usage: mxward causes", self.good("--help"))


class Page(html.parser.HTMLParser):
    """Links, the balance of elements, and whatever would be loaded from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.links, self.open, self.foreign, self.lang, self.text = [], [], [], None, ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "html":
            self.lang = attrs["lang"]
        if tag == "a":
            self.links.append(attrs["href"])
        if tag in ("script", "img", "link", "iframe", "object") or "src" in attrs:
            self.foreign.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            raise ValueError("</%s> closes something else" % tag)

    def handle_data(self, data):
        self.text += data


class Html(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mxward-causes-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name, "site")

    def write(self, *args):
        status, out, error = run("causes", "--html", str(self.folder), *args)
        self.assertEqual((status, out, error), (0, "", ""))
        return {p.relative_to(self.folder): Page(p.read_text(encoding="utf-8"))
                for p in self.folder.rglob("*") if p.is_file()}

    def check(self, pages):
        """Every page is whole, asks for nothing from elsewhere, and is reached by links that hold."""
        reached, todo = set(), [pathlib.PurePath("index.html")]
        while todo:
            path = todo.pop()
            if path in reached:
                continue
            reached.add(path)
            page = pages[path]
            self.assertEqual((page.open, page.foreign), ([], []), path)
            self.assertNotRegex(page.text, r"\{[a-z]", path)
            for link in page.links:
                self.assertRegex(link, r"^(\.\./[a-z]+/|[a-z]+/)?[a-z_]+\.html$")
                todo.append(pathlib.PurePath(os.path.normpath(path.parent / link)))
        self.assertEqual(reached, set(pages))

    def test_pages(self):
        pages = self.write()
        self.check(pages)
        self.assertEqual(len(pages), 1 + len(LANGUAGES) * (1 + 45))
        for path, page in pages.items():
            if len(path.parts) == 2:
                self.assertEqual(page.lang, path.parts[0])
        self.assertIn("5.113.0.203.in-addr.arpa. IN PTR", pages[pathlib.Path("de/no_ptr.html")].text)
        self.assertIn("MAIL FROM:<>", pages[pathlib.Path("en/sender_verify_failed.html")].text)

    def test_again(self):
        """What is there is replaced, and nothing is left beside it."""
        first = self.write()
        path = self.folder / "en" / "virus.html"
        path.write_text("old")
        self.assertEqual(set(self.write()), set(first))
        self.assertIn("<h1>", path.read_text())

    def test_one_language(self):
        pages = self.write("--lang", "de")
        self.check(pages)
        self.assertEqual({p.parts[0] for p in pages}, {"index.html", "de"})

    def test_no_folder(self):
        self.folder.write_text("a file")
        status, _, error = run("causes", "--html", str(self.folder))
        self.assertEqual(status, EX_CANTCREAT)
        self.assertIn("cannot", error)


class Explain(unittest.TestCase):
    """`mxward explain` in German."""

    def german(self, text, *args):
        status, out, error = run("explain", "--lang", "de", *args, stdin=text)
        self.assertEqual((status, error), (0, ""))
        return out

    def test_page(self):
        text = self.german(PTR)
        for part in ["Was         Der empfangende Server hat die Nachricht an ann@b.example nicht "
                     "angenommen: Die IP-Adresse des sendenden Servers hat keinen Reverse-Namen\n",
                     "\nWer         der Anbieter", "\nSchritte  1 Bitten Sie den Anbieter",
                     "\nNoch einmal nein: ", '\nGewissheit  sicher (93 %), nach den Worten: "no PTR"',
                     "\nAntwort     " + PTR]:
            self.assertIn(part, text)
        self.assertLessEqual(max(map(len, text.splitlines()[1:])), 78)

    def test_nothing_english(self):
        """Apart from what the bounce itself says."""
        english = re.compile(r"\b(the|your|and|server's|what|who|steps|sure|said|of)\b")
        for text in [PTR, "504 5.5.2 <box>: Helo command rejected: need a name",
                     "550 forward != reverse for 203.0.113.5", "552 5.2.2 over quota",
                     "554 5.7.1 Client host [203.0.113.5] blocked using zen.spamhaus.org",
                     "550 5.7.606 Access denied, banned sending IP [203.0.113.5]",
                     "550 the wombat objects", "450 4.2.0 <a@b.example>: greylisted",
                     "From: a@b.example\nTo: c@d.example\nSubject: lunch?\n\nAt noon?\n"]:
            with self.subTest(text):
                out = re.sub(r'".*?"', "", re.sub(r"(?s)\nAntwort .*", "", self.german(text)))
                self.assertIsNone(english.search(out), out)

    def test_live(self):
        with tempfile.TemporaryDirectory(prefix="mxward-causes-") as folder:
            zone, conf = pathlib.Path(folder, "zone"), pathlib.Path(folder, "conf")
            zone.write_text("5.113.0.203.in-addr.arpa PTR mail.a.example\n"
                            "mail.a.example A 203.0.113.5\n")
            conf.write_text("[dns]\nresolver = none\nzone = %s\n" % zone)
            fixed = self.german(PTR, "--live", "-c", str(conf))
            still = self.german(PTR.replace("113.5", "113.6"), "--live", "-c", str(conf))
        self.assertIn("Jetzt       inzwischen behoben: 203.0.113.5 hat den Reverse-Namen "
                      "mail.a.example, und der führt zu der Adresse zurück",
                      re.sub(r"\n +", " ", fixed))
        self.assertIn("noch immer so: 203.0.113.6 hat keinen Reverse-Namen", re.sub(r"\s+", " ", still))

    def test_json(self):
        """The same but for title, steps and sentences."""
        english = json.loads(run("explain", "--json", stdin=PTR)[1])
        german = json.loads(self.german(PTR, "--json"))
        self.assertEqual({k for k in english if english[k] != german[k]}, {"title", "steps"})
        self.assertEqual(english, json.loads(run("explain", "--json", stdin=PTR,
                                                 LANG="de_DE.UTF-8")[1]))

    def test_unknown_language(self):
        self.assertEqual(run("explain", "--lang", "xx", stdin=PTR)[0], EX_USAGE)

    def test_live_sentences(self):
        """Whatever --live can find has a sentence in each language, with places that are there."""
        source = (ROOT / "src/cli/explain_live.c").read_text()
        told = set(re.findall(r'"((?:rdns|helo|sender|spf|dnsbl)_[a-z_]+)"', source))
        self.assertGreater(len(told), 30)
        _, out, _ = run("conf", "findings", "--json")
        findings = {r["id"]: r["text"] for r in map(json.loads, out.splitlines())}
        self.assertLessEqual(told, set(findings))
        for path in (ROOT / "data/texts").glob("*.txt"):
            text = path.read_text(encoding="utf-8")
            own = dict(re.findall(r"(?m)^finding (\w+)\n\ttext +(.*(?:\n\t\t.*)*)", text))
            if path.name == "en.txt":
                self.assertEqual(own, {})
                continue
            self.assertLessEqual(told, set(own), path)
            for name, words in own.items():
                places = set(re.findall(r"\{\w+\}", words))
                # What is known of every finding of a check beside the places of its sentence.
                known = set(re.findall(r"\{\w+\}", findings[name])) | {"{domain}"}
                if name.startswith("rdns_"):
                    known.add("{name}")
                self.assertLessEqual(places, known, name)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
