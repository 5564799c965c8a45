#!/usr/bin/env python3
"""What tools/known-lists refuses: each fault is named with file and line, and nothing is compiled.

Usage: known_lists.py KNOWN_LISTS TABLE
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL, TABLE = sys.argv[1:3]

GOOD = """# a comment
list a.example
\ttitle A
\towner An owner
\tkind ip
\tfamilies 4
\tstatus live
\tterms Free for
\t\teverybody.
\tdefault_ok yes
\tlookup https://a.example/{address}
\tcode 127.0.0.2 2.5 a "source" of spam
\terror 127.255.255.0/24 refused
list b.example
\tlike a.example
\ttitle B
\tcode 127.0.0.3-127.0.0.5 1 something else
list c.example
\ttitle C
\towner An owner
\tkind domain
\tstatus dead 2020-01
\tnote Closed.
"""


class Table(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory(prefix="mxward-lists-")
        self.path = pathlib.Path(self.dir.name, "known.txt")
        self.out = pathlib.Path(self.dir.name, "known.c")

    def tearDown(self):
        self.dir.cleanup()

    def compile(self, text):
        self.path.write_text(text)
        return subprocess.run([sys.executable, TOOL, self.out, self.path], capture_output=True,
                              text=True, timeout=20)

    def test_good(self):
        done = self.compile(GOOD)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        text = self.out.read_text()
        self.assertIn('.terms = "Free for everybody."', text)
        self.assertIn('250, STR_INIT("a \\"source\\" of spam")', text)
        b = text[text.index("/* b.example */"):text.index("const struct known_list ")]
        self.assertIn("something else", b)     # its own codes instead of a's
        self.assertIn("refused", b)            # a's errors as well
        self.assertNotIn("source", b)

    def test_faults(self):
        for old, new, line, word in (
                ("\ttitle A\n", "", 2, "no title"),
                ("\ttitle A\n", "\ttitel A\n", 3, '"titel"'),
                ("\ttitle A\n", "\ttitle A\n\ttitle A\n", 4, "twice"),
                ("\ttitle A\n", "\ttitle A \\n\n", 3, "cannot be"),
                ("list b.example", "list a.example", 14, "there already"),
                ("list b.example", "list B.example", 14, "lower case"),
                ("list a.example\n", "", 2, "before the first list"),
                ("\tkind ip\n", "\tkind ips\n", 5, "kind cannot be"),
                ("\tfamilies 4\n", "", 2, "no families"),
                ("\tstatus live\n", "\tstatus changed\n", 2, "no note"),
                ("\tstatus live\n", "\tstatus dead\n", 2, "no note"),
                ("\tterms Free for\n\t\teverybody.\n", "", 2, "no terms"),
                ("\tdefault_ok yes\n", "", 2, "no default_ok"),
                ("https://a.example/{address}", "ftp://a.example/", 11, "lookup cannot be"),
                ("https://a.example/{address}", "https://a.example/{domain}", 11, "{domain}"),
                ("\tnote Closed.\n", "", 18, "no note"),
                ("\tnote Closed.\n", "\tnote Closed.\n\tfamilies 4\n", 24, "families"),
                ("\tnote Closed.\n", "\tnote Closed.\n\tcode 127.0.0.2 1 x\n", 18, "dead"),
                ("\tlike a.example\n", "\tlike c.example\n", 15, "no earlier list"),
                ("\tdefault_ok yes\n", "\tdefault_ok no\n\tkey {key}.x.example\n", 11, "key of"),
                ("\tdefault_ok yes\n", "\tdefault_ok yes\n\tkey {key}.a.example\n", 11, "first"),
                ("127.0.0.2 2.5", "127.0.0.2 9", 12, "more than 8"),
                ("127.0.0.2 2.5", "127.0.0.2 -1", 12, "wrong sign"),
                ("127.0.0.2 2.5", "127.0.0.2 high", 12, "code cannot be"),
                ("127.0.0.2 2.5", "10.0.0.2 1", 12, "127.0.0.0/8"),
                ("127.0.0.2 2.5", "127.0.0.1 1", 12, "127.0.0.1"),
                ("127.0.0.2 2.5", "127.255.255.2 1", 12, "127.255.255.2"),
                ("127.0.0.2 2.5", "127.0.0.256 1", 12, '"127.0.0.256"'),
                ("127.0.0.2 2.5", "127.0.0.02 1", 12, '"127.0.0.02"'),
                ("127.0.0.2 2.5", "127.0.0.&0 1", 12, '"127.0.0.&0"'),
                ("127.0.0.2 2.5", "127.0.0.2/24 1", 12, '"127.0.0.2/24"'),
                ("127.0.0.3-127.0.0.5", "127.0.0.5-127.0.0.3", 17, '"127.0.0.5-127.0.0.3"'),
                ("\terror 127.255.255.0/24", "\terror 127.0.0.2", 13, "there already")):
            self.assertIn(old, GOOD)
            done = self.compile(GOOD.replace(old, new, 1))
            self.assertEqual((done.returncode, done.stdout), (1, ""), new)
            self.assertTrue(done.stderr.startswith("%s:%d: " % (self.path, line)),
                            (new, done.stderr))
            self.assertIn(word, done.stderr)
            self.assertFalse(self.out.exists())

    def test_table_has_a_form(self):
        for number, line in enumerate(pathlib.Path(TABLE).read_text().splitlines(), 1):
            self.assertLessEqual(len(line.expandtabs(8)), 100, "line %d" % number)
            self.assertEqual(line, line.rstrip(), "line %d" % number)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
