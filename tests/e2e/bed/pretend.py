"""Lets a real sending mail server on loopback be a client of world.py to the bed's Postfix."""
import asyncio

from .tap import connect, listen


class Pretend:
    """A relay to the Postfix at this port, which trusts XCLIENT: whoever connects to `address` is
    `client` there.  It may be changed at any time, for the connections to come."""

    def __init__(self, loop, place, port, client):
        self.target, self.client = ("127.0.0.1", port), client
        self.address = ("127.0.0.1", place.port())
        loop.call(listen(self.address, self._serve))

    async def _serve(self, reader, writer):
        far_reader, far_writer = await connect(self.target)
        await far_reader.readline()
        name = self.client.rdns or "[UNAVAILABLE]"
        addr = ("IPV6:" if ":" in self.client.addr else "") + self.client.addr
        far_writer.write(b"XCLIENT ADDR=%s NAME=%s REVERSE_NAME=%s\r\n"
                         % (addr.encode(), name.encode(), name.encode()))
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))

    @staticmethod
    async def _pump(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
