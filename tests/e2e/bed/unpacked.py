"""Programs of packages that Debian does not install beside Postfix: tools/deps unpacks them."""
import os

from .place import Missing

SOURCE_ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
FOLDERS = [root + more for root in ("/var/cache/mxward-test", os.path.join(SOURCE_ROOT, ".cache", "unpacked"))
           for more in ("", "-opensmtpd")]


def find_unpacked(path):
    """A file or folder of an unpacked package, by its path from the root: its real path."""
    for folder in FOLDERS:
        full = os.path.join(folder, path)
        if os.path.exists(full):
            return full
    raise Missing("%s is not unpacked (tools/deps test)" % path)
