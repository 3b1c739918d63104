"""A proxy between a client and a server on this machine that does what networks and sick servers do.

with FaultProxy(Path("/…/redis.sock")) as proxy:
    client.connect(proxy.port)
    proxy.swallow()     # whatever comes is taken and never passed on, on old and on new connections
    proxy.mute()        # whatever comes is passed on, and no answer comes back
    proxy.refuse()      # nobody listens, what was connected is closed
    proxy.delay(0.05)   # each answer comes late
    proxy.pass_on()     # all is well again
"""

import socket
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
_PIECE = 65536


class FaultProxy:
    """Listens on a port of its own and passes on to the Unix socket `target`, which may be changed at any time.

    `questions` counts the pieces that came from clients, `callers` the connections that were accepted.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self.questions = self.callers = 0
        self._swallows, self._mutes, self._delay_s = False, False, 0.0
        self._lock = Lock()
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._threads: list[Thread] = []
        with socket.create_server((HOST, 0)) as server:
            self.port: int = server.getsockname()[1]

    def __enter__(self) -> Self:
        self.pass_on()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _fault: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.refuse()
        while thread := self._take_thread():
            thread.join()

    def pass_on(self) -> None:
        """Be a good proxy; connections that something was swallowed of are closed."""
        if self._swallows or self._mutes:
            self._hang_up()
        self._swallows, self._mutes, self._delay_s = False, False, 0.0
        if self._listener is None:
            self._listener = socket.create_server((HOST, self.port))
            self._start(self._accept, self._listener)

    def swallow(self) -> None:
        """Take everything and answer nothing."""
        self._swallows = True

    def mute(self) -> None:
        """Pass everything on and let no answer through."""
        self._mutes = True

    @property
    def held(self) -> int:
        """How many connections stand, those to the server among them."""
        with self._lock:
            return len(self._open)

    def delay(self, seconds: float) -> None:
        """Pass every answer on that much later."""
        self._delay_s = seconds

    def refuse(self) -> None:
        """Listen no more, and close what is connected."""
        if self._listener is not None:
            _shut(self._listener)
            self._listener.close()
            self._listener = None
        self._hang_up()

    def _hang_up(self) -> None:
        with self._lock:
            for each in self._open:
                _shut(each)

    def _start(self, work: Callable[..., None], *given: socket.socket) -> Thread:
        thread = Thread(target=work, args=given, name="fault-proxy", daemon=True)
        with self._lock:
            thread.start()
            self._threads.append(thread)
        return thread

    def _take_thread(self) -> Thread | None:
        with self._lock:
            return self._threads.pop() if self._threads else None

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # the listener was shut
            while True:
                caller, _ = listener.accept()
                self.callers += 1
                self._start(self._serve, caller)

    def _serve(self, caller: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        with closing(caller), closing(server):
            with self._lock:
                self._open |= {caller, server}
            if self._listener is not None:
                with suppress(OSError):
                    server.connect(str(self.target))
                    answers = self._start(self._answer, server, caller)
                    self._question(caller, server)
                    answers.join()
            with self._lock:
                self._open -= {caller, server}

    def _question(self, caller: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while piece := caller.recv(_PIECE):
                self.questions += 1
                if not self._swallows:
                    server.sendall(piece)
        _shut(server)

    def _answer(self, server: socket.socket, caller: socket.socket) -> None:
        with suppress(OSError):
            while piece := server.recv(_PIECE):
                time.sleep(self._delay_s)
                if not (self._swallows or self._mutes):
                    caller.sendall(piece)
        _shut(caller)


def _shut(connection: socket.socket) -> None:
    """Wake whoever reads from it."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
