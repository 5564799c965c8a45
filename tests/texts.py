#!/usr/bin/env python3
"""What tools/texts refuses in data/texts/: each fault is named with file and line.  What a language
lacks is said and taken from English.

Usage: texts.py TOOL CAUSE_H TEXTS_H ENGLISH OTHER...
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

TOOL, CAUSE_H, TEXTS_H, ENGLISH, *OTHERS = sys.argv[1:]


class Texts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mxward-texts-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.english = pathlib.Path(ENGLISH).read_text()
        self.german = pathlib.Path(OTHERS[0]).read_text()

    def compile(self, english=None, german=None):
        """(status, what was said, the C)"""
        for name, text in (("en.txt", english or self.english), ("de.txt", german or self.german)):
            (self.folder / name).write_text(text)
        out = self.folder / "out.c"
        done = subprocess.run([sys.executable, TOOL, out, CAUSE_H, TEXTS_H, self.folder / "en.txt",
                               self.folder / "de.txt"], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr, \
            out.read_text() if out.exists() else ""

    def refuse(self, pattern, **texts):
        status, said, code = self.compile(**texts)
        self.assertNotEqual(status, 0, said)
        self.assertEqual(code, "")
        self.assertRegex(said, pattern)

    def replace(self, text, old, new):
        self.assertIn(old, text)
        return text.replace(old, new, 1)

    def test_complete(self):
        """English and all other languages: nothing is missing."""
        out = self.folder / "all.c"
        done = subprocess.run([sys.executable, TOOL, out, CAUSE_H, TEXTS_H, ENGLISH, *OTHERS],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_umlauts(self):
        self.assertNotRegex(self.german, r"\b(fuer|ueber|koennen|muessen|Empfaenger|Eintraege)\b")

    def test_english_is_complete(self):
        for old, missing in [
                ("\tretry_no       no: the same message will fail again until that is done\n",
                 "say retry_no"),
                ("\ttitle    The message was taken for spam\n", "cause spam_content title"),
                ("fixer nobody\n\ttext     nobody: there is nothing to repair\n",
                 "fixer nobody text")]:
            self.refuse(r"en\.txt:1: missing: " + missing,
                        english=self.replace(self.english, old, ""))
        self.refuse(r"en\.txt:1: missing: cause virus title",
                    english=re.sub(r"(?s)cause virus\n.*?\n\n", "", self.english))

    def test_fallback(self):
        status, said, code = self.compile(
            german=re.sub(r"(?s)cause virus\n.*?\n\n", "", self.german))
        self.assertEqual(status, 0, said)
        self.assertEqual(re.findall(r"missing: (.*)", said),
                         ["cause virus title", "cause virus meaning", "cause virus step"])
        self.assertEqual(code.count("The message contains a virus or other malware"), 2)

    def test_places(self):
        for old, new in [("{client} hat den Reverse-Namen {name}.", "Er hat den Namen {name}."),
                         ("Reverse-Namen {name}.", "Reverse-Namen {helo}."),
                         ("helo_exim      Exim: primary_hostname = {host}, oder helo_data = {host}",
                          "helo_exim      Exim: primary_hostname = x, oder helo_data = x")]:
            self.refuse(r"de\.txt:\d+: the places are not those of the English text",
                        german=self.replace(self.german, old, new))
        self.refuse(r"de\.txt:\d+: unknown place \{klient\}",
                    german=self.replace(self.german, "Die IP-Adresse ist {client};",
                                        "Die IP-Adresse ist {klient};"))
        self.refuse(r"de\.txt:\d+: a place is a name", german=self.replace(
            self.german, "Die IP-Adresse ist {client};", "Die IP-Adresse ist {client;"))

    def test_steps(self):
        self.refuse(r"de\.txt:\d+: not_bounce has 2 steps in English, 1 here", german=self.replace(
            self.german, "\tstep     Es ist nichts zu tun.\n", ""))

    def test_form(self):
        head = "fixer nobody\n\ttext     "
        for new, fault in [
                ("cause wombat\n\ttitle    x\n\n" + head, 'there is no cause "wombat"'),
                ("wombat\n\ttext     x\n\n" + head, 'there is no block "wombat"'),
                ("fixer unknown\n\ttext     x\n\n" + head, "fixer unknown is there already"),
                ("fixer nobody\n\ttext     x\n\ttext     ", "a second text"),
                ("fixer nobody\n\ttitle    x\n\ttext     ", 'there is no "title" in fixer nobody'),
                ("fixer nobody\n\ttext\n", "a line is a tab, a key"),
                ("fixer nobody \n\ttext     ", "blanks at the end"),
                ("fixer nobody\n\ttext     a  b ", "two blanks"),
                ("fixer nobody\n\ttext     a\x07b ", "control characters")]:
            self.refuse(r"de\.txt:\d+: .*" + re.escape(fault),
                        german=self.replace(self.german, head, new))
        self.refuse("English is ASCII", english=self.replace(
            self.english, "nobody: there is nothing", "nobody: thére is nothing"))
        self.refuse("at most 11 letters", german=self.replace(
            self.german, "head_what      Was", "head_what      Was geschehen ist"))
        self.refuse("the English words for that stand elsewhere", english=self.english
                    + "\nfinding rdns_none\n\ttext     x\n")
        self.refuse("a text stands in a block", german="\ttext     x\n" + self.german)
        self.refuse("nothing to go on with", german="\t\tx\n" + self.german)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
