"""An authority that certifies whatever the test says: names that are wrong, dates that are over."""
import os
import subprocess

CONF = """[ca]
default_ca = c
[c]
new_certs_dir = %(dir)s
database = %(dir)s/index
serial = %(dir)s/serial
default_md = sha256
policy = p
[p]
commonName = supplied
[req]
distinguished_name = n
[n]
[root]
basicConstraints = critical, CA:true
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:false
subjectAltName = %(san)s
"""


class Authority:
    """`file` is its own certificate, which makes it trusted; name: what it calls itself."""

    def __init__(self, folder, name="Authority of the tests"):
        self.dir = folder
        os.makedirs(folder, exist_ok=True)
        open(self.path("index"), "w", encoding="ascii").close()
        self.file = self.path("ca.pem")
        self.configure("DNS:nobody.invalid")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-days", "30", "-subj", "/CN=" + name, "-extensions", "root", "-config",
                     self.path("conf"), "-keyout", self.path("ca.key"), "-out", self.file)

    def path(self, name):
        return os.path.join(self.dir, name)

    def configure(self, san):
        with open(self.path("conf"), "w", encoding="ascii") as f:
            f.write(CONF % {"dir": self.dir, "san": san})

    @staticmethod
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def certify(self, name, san, expired=False):
        """(certificate, key) as files; san: "DNS:rdap.test", "IP:127.0.0.1"."""
        self.configure(san)
        certificate, key, request = (self.path(name + x) for x in (".pem", ".key", ".csr"))
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-subj", "/CN=" + name, "-config", self.path("conf"), "-keyout", key,
                     "-out", request)
        self.openssl("ca", "-batch", "-rand_serial", "-notext", "-config", self.path("conf"),
                     "-extensions", "leaf", "-keyfile", self.path("ca.key"), "-cert", self.file,
                     "-startdate", "20200101000000Z",
                     "-enddate", "20200102000000Z" if expired else "20490102000000Z",
                     "-in", request, "-out", certificate)
        return certificate, key
