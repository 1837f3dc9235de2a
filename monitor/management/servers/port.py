"""Whether an address is free, asked before anything is started."""

from __future__ import annotations

import errno
import socket

from monitor.management.servers.problems import CannotStart

_LOOPBACK = {"127.0.0.1", "localhost"}


def demand_free(host: str, port: int) -> None:
    """Raises CannotStart where somebody listens on the address already, or we may not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise _taken(host, port) from error
            raise CannotStart(f"{host}:{port} cannot be used ({error.strerror}). Give another PORT.") from error
    if host in _LOOPBACK and _answers("::1", port):
        raise _taken("[::1]", port)  # where "localhost" leads a browser first


def local_address(host: str) -> str:
    """Where this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - translates, binds nothing


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


def _taken(host: str, port: int) -> CannotStart:
    return CannotStart(
        f"Port {port} on {host} is taken by another program. Stop that one, or give another: PORT={port + 1}."
    )
