"""A network backend that connects to checked addresses alone, and is done by a deadline."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore

from monitor.channels.addresses import Address

_Option = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class Overtime(Exception):
    """The exchange's time is over."""


class PinnedBackend(httpcore.NetworkBackend):
    """Opens connections to the given addresses, whatever name it is asked for, until `deadline`.

    `deadline` is on the monotonic clock. TLS still names and verifies the host asked for.
    """

    def __init__(self, addresses: Sequence[Address], deadline: float) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - the base class's signature, here and below
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,
        socket_options: Iterable[_Option] | None = None,
    ) -> httpcore.NetworkStream:
        """The first of the addresses that takes the connection; raises the last one's refusal."""
        refusal: Exception = httpcore.ConnectError("no address")
        for position, address in enumerate(self._addresses):
            share = remaining(self._deadline) / (len(self._addresses) - position)
            try:
                stream = self._sockets.connect_tcp(str(address), port, share, local_address, socket_options)
                return _TimedStream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                refusal = error
        raise refusal

    def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[_Option] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Never: the door leads outside."""
        raise httpcore.ConnectError("no unix sockets")


class _TimedStream(httpcore.NetworkStream):
    """A stream whose every wait ends at the deadline: a byte now and then does not keep it open."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        try:
            return self._stream.read(max_bytes, remaining(self._deadline))
        except httpcore.ReadTimeout as error:
            raise Overtime from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        try:
            self._stream.write(buffer, remaining(self._deadline))
        except httpcore.WriteTimeout as error:
            raise Overtime from error

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, remaining(self._deadline))
        return _TimedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def remaining(deadline: float) -> float:
    """Seconds until the deadline; raises Overtime once it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise Overtime
    return left
