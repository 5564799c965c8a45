"""A registry on loopback, with all the ways in which one can be of no help."""
import collections
import datetime
import http.server
import json
import ssl
import threading
import time


def hours_ago(hours):
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=hours)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


def about(domain, hours, action="registration"):
    """An answer as RFC 9083 has it, with what else registries put into it."""
    return json.dumps({
        "objectClassName": "domain", "ldhName": domain.upper(), "handle": "D1-X",
        "rdapConformance": ["rdap_level_0"], "status": ["active"],
        "nameservers": [{"objectClassName": "nameserver", "ldhName": "NS1." + domain}],
        "events": [{"eventAction": "expiration", "eventDate": hours_ago(-9000)},
                   {"eventAction": action, "eventDate": hours_ago(hours)}]}).encode()


class Registry:
    """`domains` says how many hours ago each was registered.  What is no number there is done with
    the request: a function of the handler.  Others are not registered (404).  With a certificate (its
    file and its key's) it speaks TLS; host: how its URL calls it."""

    def __init__(self, certificate=None, host="127.0.0.1"):
        self.domains, self.asked = {}, collections.Counter()
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                registry.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http%s://%s:%d/" % ("s" if certificate else "", host,
                                        self.server.server_address[1])
        if certificate:
            self.use_tls(*certificate)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def use_tls(self, certificate, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.handle_error = lambda *_: None

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, handler):
        domain = handler.path.rsplit("/", 1)[-1].split("?")[0]
        self.asked[domain] += 1
        what = self.domains.get(domain)
        try:
            if callable(what):
                what(handler, domain)
            elif what is None:
                send(handler, 404, b'{"errorCode":404}')
            else:
                send(handler, 200, about(domain, what))
        except OSError:
            pass        # it has hung up


def send(handler, code, body, **headers):
    handler.send_response(code)
    handler.send_header("Content-Type", "application/rdap+json")
    handler.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def redirect(to, then=None):
    """To that URL, ending with the domain; `then` is what is answered the second time."""
    def answer(handler, domain):
        if then is not None and handler.path.startswith("/moved/"):
            send(handler, 200, about(domain, then))
        else:
            send(handler, 302, b"", Location=to + domain)
    return answer


def garbage(handler, domain):
    send(handler, 200, b"<html><body>We are renovating.</body></html>")


def another(handler, domain):
    send(handler, 200, about("another.domain", 1))


def huge(handler, domain):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(4000):
        handler.wfile.write(b" " * 65536)


def deep(handler, domain):
    send(handler, 200, b"[" * 100000)


def slow(handler, domain):
    """A byte now and then, and never the last."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b" ")
        time.sleep(0.05)


def error(handler, domain):
    send(handler, 500, b"{}")


def limited(times, hours, seconds=1):
    """So often 429 with Retry-After, then an answer."""
    left = [times]

    def answer(handler, domain):
        if left[0]:
            left[0] -= 1
            send(handler, 429, b"{}", Retry_After=str(seconds))
        else:
            send(handler, 200, about(domain, hours))
    return answer
