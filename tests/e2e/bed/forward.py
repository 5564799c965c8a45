"""Another address for a server: what comes in at `address` is passed on to `target`, both ways."""
import contextlib
import socket
import socketserver
import threading


class Forward:
    """address, target: (host, port).  `count` is how many connections came."""

    def __init__(self, address, target):
        self.count = 0
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                outer.count += 1
                with socket.create_connection(target) as there:
                    back = threading.Thread(target=outer.copy, args=(there, self.request))
                    back.start()
                    outer.copy(self.request, there)
                    back.join()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        self.server = Server(address, Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def copy(one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        with contextlib.suppress(OSError):
            other.shutdown(socket.SHUT_WR)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
