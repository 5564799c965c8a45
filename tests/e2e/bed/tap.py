"""A relay with a memory between Postfix and the daemon under test, and two servers without purpose.

Contract: bytes pass unchanged and at once, in both directions; an end of one side is passed on to
the other.  Everything runs on one event loop in one thread, which the tests share.  The no-op
servers prove the bed before there is a daemon, and their lies prove that the bystander sees them.
"""
import asyncio
import os
import socket
import struct
import threading

from .wire import MilterRecorder, PolicyRecorder


class Loop:
    """An asyncio loop in a thread."""

    def __init__(self, place):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        place.at_close(self.close)

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def close(self):
        # asyncio's stream server complains about each handler that is cancelled.
        self.loop.set_exception_handler(lambda loop, context: None)

        async def cancel():
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self.call(cancel())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)


async def listen(address, on_connection):
    """address: (host, port), the path of a unix socket that everybody may use, or a socket."""
    if isinstance(address, socket.socket):
        return await asyncio.start_server(on_connection, sock=address)
    if isinstance(address, str):
        server = await asyncio.start_unix_server(on_connection, address)
        os.chmod(address, 0o666)
        return server
    return await asyncio.start_server(on_connection, *address, backlog=512)


async def connect(address):
    if isinstance(address, str):
        return await asyncio.open_unix_connection(address)
    return await asyncio.open_connection(*address)


def no_delay(writer):
    sock = writer.get_extra_info("socket")
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Tap:
    """Listens at `address`, relays to `target`, and keeps exchanges and problems."""

    def __init__(self, loop, recorder, address, target):
        self.recorder, self.address, self.target = recorder, address, target
        self.exchanges, self.problems, self.connections = [], [], 0
        loop.call(listen(address, self._serve))

    async def _serve(self, reader, writer):
        self.connections += 1
        try:
            far_reader, far_writer = await connect(self.target)
        except OSError:
            writer.close()
            return
        no_delay(writer)
        no_delay(far_writer)
        recorder = self.recorder(self.exchanges, self.problems)
        await asyncio.gather(self._pump(reader, far_writer, recorder.client_bytes),
                             self._pump(far_reader, writer, recorder.server_bytes))

    async def _pump(self, reader, writer, note):
        try:
            while data := await reader.read(65536):
                note(data)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    def policy_requests(self, **wanted):
        """Exchanges whose request has these attributes."""
        return [x for x in self.exchanges if x.kind == "policy"
                and all(x.request.get(k) == v for k, v in wanted.items())]


def policy_tap(loop, address, target):
    return Tap(loop, PolicyRecorder, address, target)


def milter_tap(loop, address, target):
    return Tap(loop, MilterRecorder, address, target)


class NoopPolicy:
    """Answers each request with answer(attributes) -> bytes."""

    def __init__(self, loop, address, answer=lambda attributes: b"action=DUNNO\n\n"):
        self.answer = answer
        loop.call(listen(address, self._serve))

    async def _serve(self, reader, writer):
        try:
            while block := await reader.readuntil(b"\n\n"):
                lines = block.decode().split("\n")
                writer.write(self.answer(dict(x.split("=", 1) for x in lines if "=" in x)))
        except (asyncio.IncompleteReadError, OSError):
            writer.close()


class NoopMilter:
    """Says "continue" to everything that wants an answer, or what answer(command, data) says;
    protocol: the bits that it negotiates."""

    def __init__(self, loop, address, answer=lambda command, data: [b"c"], protocol=0):
        self.answer, self.protocol = answer, protocol
        loop.call(listen(address, self._serve))

    async def _serve(self, reader, writer):
        try:
            while True:
                size = struct.unpack("!I", await reader.readexactly(4))[0]
                frame = await reader.readexactly(size)
                command, data = chr(frame[0]), frame[1:]
                if command == "O":
                    replies = [b"O" + struct.pack("!III", 6, 0, self.protocol)]
                elif command in "DA":
                    replies = []
                elif command == "Q":
                    break
                else:
                    replies = self.answer(command, data)
                writer.write(b"".join(struct.pack("!I", len(r)) + r for r in replies))
        except (asyncio.IncompleteReadError, OSError):
            pass
        writer.close()
