"""Which values a run ever held, as fingerprints: what other runs' leaks are traced by.

A fingerprint is 8 bytes, keyed by the project: it is of no use to another project. Two values may
share one: a look-up by fingerprint may find too much, never too little. Strings and numbers that read
alike share one on purpose, because identities compare as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from monitor.detection.canary_shapes import Shape, stretches
from monitor.detection.snapshot import Part, Snapshot
from monitor.detection.values import number_text, value_key

HASH_BYTES = 8
MAX_MEMBERS = 512
"""Members of a context whose forms are remembered between two events; a context with more is read anew."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is written down of the values of a run.

    `secret` is the project's key, up to 64 bytes. `most` bounds the values of a run; what says whose
    a context is, and what may be a canary, has as much room again. `shapes` are those of the project's
    canaries: texts inside of other texts that look like one are written down as well.
    """

    secret: bytes = b""
    most: int = 2_000
    shapes: tuple[Shape, ...] = ()

    @property
    def digest(self) -> str:
        """Names this watch: two that watch the same have the same digest."""
        shapes = sorted([one.prefix, one.length] for one in self.shapes)
        return value_key([self.secret.hex(), self.most, shapes]).hex()


def fingerprint(value: Any, secret: bytes) -> int:
    """The fingerprint of a JSON value, signed; equal for equal values and under equal secrets."""
    return _signed(_Walk(Watch(secret), None).digest(value))


class Held:
    """What a run was seen to hold, event by event: only members that changed are read again."""

    __slots__ = ("_last", "_parts")

    def __init__(self) -> None:
        self._last: dict[str, tuple[bytes, bytes]] = {}
        self._parts: Mapping[str, Part] = {}

    def take(self, snapshot: Snapshot, watch: Watch, found: dict[int, bool]) -> None:
        """Adds the fingerprints of what this event holds and the one before did not.

        `found` says of each whether it may be an identity or a canary. One that is added may have been
        held before.
        """
        walk = _Walk(watch, found)
        issued = snapshot.event.attributes.get("canary")
        if issued:
            found[walk.fingerprint(issued)] = True
        parts, known = snapshot.parts, self._parts
        if parts is known:
            return
        self._parts = parts
        last, now = self._last, {}
        changed = set()
        for name, part in sorted(parts.items()):
            before = last.get(name)
            if before is not None and part is known.get(name):
                now[name] = before
                continue
            form = blake2b(part.form, digest_size=HASH_BYTES).digest()
            if before is not None and before[0] == form:
                now[name] = before
                continue
            changed.add(name)
            now[name] = form, walk.digest(part.value)
        if not changed and len(now) == len(last):
            return
        walk.add(walk.of_members((name, one[1]) for name, one in now.items()), special=False)
        for mark in snapshot.marks:
            if mark.location[0] in changed:
                walk.add(walk.leaf(mark.text), special=True)
        self._last = now if len(now) <= MAX_MEMBERS else {}

    def dump(self) -> Any:
        """The state as plain data."""
        return self._last

    @classmethod
    def load(cls, state: Any) -> Held:
        """The state that `dump` gave."""
        held = cls()
        held._last = state
        return held


class _Walk:
    """One walk over a value: each object and list is known by what stands in it.

    An event with more values than the watch has room for is read so far, and no further.
    """

    __slots__ = ("_base", "_found", "_left", "_shapes")

    def __init__(self, watch: Watch, found: dict[int, bool] | None) -> None:
        self._base = blake2b(key=watch.secret, digest_size=HASH_BYTES)
        self._found = found
        self._left = watch.most * 2
        self._shapes = watch.shapes

    def leaf(self, text: str) -> bytes:
        """The digest of a text."""
        return self._hash(text.encode("utf-8", "surrogatepass"))

    def _hash(self, data: bytes) -> bytes:
        one = self._base.copy()
        one.update(data)
        return one.digest()

    def fingerprint(self, value: Any) -> int:
        """The fingerprint of a value alone."""
        return _signed(self.leaf(value) if isinstance(value, str) else self.digest(value))

    def add(self, digest: bytes, *, special: bool) -> None:
        """Writes one down."""
        if self._found is not None:
            key = _signed(digest)
            self._found[key] = special or self._found.get(key, False)

    def digest(self, value: Any) -> bytes:
        """The digest of a value; all that is in it is written down on the way, unless it is empty."""
        kind = type(value)
        if self._found is not None and self._left <= 0:
            return b""
        if kind is str:
            digest = self.leaf(value)
            if self._shapes and self._found is not None:
                self._search(value)
        elif kind is dict:
            digest = self.of_members((name, self.digest(value[name])) for name in sorted(value))
        elif kind is list:
            digest = self._hash(b"[" + b"".join([self.digest(item) for item in value]))
        elif kind is int or kind is float:
            digest = self.leaf(number_text(value))
        else:
            return self._constant(value)
        if value or kind is int or kind is float:
            self._note(digest)
        return digest

    def _constant(self, value: Any) -> bytes:
        digest = self._hash(b"!true" if value else b"!false" if value is False else b"!null")
        if value:
            self._note(digest)
        return digest

    def _note(self, digest: bytes) -> None:
        if self._found is not None and self._left > 0:
            self._left -= 1
            self._found.setdefault(_signed(digest), False)

    def of_members(self, members: Iterable[tuple[str, bytes]]) -> bytes:
        """The digest of an object, by its members in the order of their names."""
        pieces = [b"{"]
        for name, digest in members:
            pieces += (name.encode("utf-8", "surrogatepass"), b"\0", digest)
        return self._hash(b"".join(pieces))

    def _search(self, text: str) -> None:
        for stretch in stretches(text, self._shapes):
            self.add(self.leaf(stretch), special=True)


def _signed(digest: bytes) -> int:
    return int.from_bytes(digest, "big", signed=True)
