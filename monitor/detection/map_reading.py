"""Takes typed values out of a map's source and notes what is wrong, instead of stopping at it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from monitor.detection.map_source import Entry, MapProblem
from monitor.detection.paths import Path, PathError, compile_path
from monitor.detection.schemas import SchemaError, check_schema

NAME_MAX_CHARS = 200
_NO_NAME = f"must be text of 1 to {NAME_MAX_CHARS} characters without NUL"
_PLACE = re.compile(r", line \d+, column (\d+)\Z")

Read = Callable[[Entry, str, "Reading"], Any]
_NOWHERE = compile_path("$")


@dataclass(frozen=True, slots=True)
class Required:
    """In place of a default: the key must be there, and what stands for it until the map is refused."""

    stand_in: Any


NAME_REQUIRED: Final = Required("")
NAMES_REQUIRED: Final = Required(())
PATH_REQUIRED: Final = Required(_NOWHERE)


def _is_name(text: str) -> bool:
    return 0 < len(text) <= NAME_MAX_CHARS and "\0" not in text


class Record:
    """An object of the map: its keys are taken one by one, and those left over are unknown."""

    def __init__(self, reading: Reading, entry: Entry, key: str) -> None:
        self._reading = reading
        self._entry = entry
        self._key = key
        self._left: dict[str, Entry] = dict(entry.value) if isinstance(entry.value, dict) else {}
        self._known: list[str] = []

    def _path(self, name: str) -> str:
        return name if self._key == "$" else f"{self._key}.{name}"

    def take(self, name: str, read: Callable[..., Any], default: Any) -> Any:
        """The value of a key as `read` understands it, or the default; notes a required key missing."""
        self._known.append(name)
        entry = self._left.pop(name, None)
        if entry is not None:
            return read(entry, self._path(name), self._reading)
        if isinstance(default, Required):
            if isinstance(self._entry.value, dict):
                self._reading.complain(self._entry.line, self._path(name), "is missing")
            return default.stand_in
        return default

    def complain(self, name: str, message: str) -> None:
        """Notes a problem with one of the keys."""
        line = self._entry.name_lines.get(name, self._entry.line)
        self._reading.complain(line, self._path(name), message)

    def done(self) -> None:
        """Notes every key that nobody took."""
        for name in self._left:
            self.complain(name, f"unknown key; known here: {', '.join(sorted(self._known))}")


class Reading:
    """One pass over a map; `problems` collects what is wrong with it."""

    def __init__(self) -> None:
        self.problems: list[MapProblem] = []

    def complain(self, line: int | None, key: str, message: str) -> None:
        """Notes a problem."""
        self.problems.append(MapProblem(line, key, message))

    def record(self, entry: Entry, key: str, *, empty: bool = False) -> Record:
        """An object; where `empty`, nothing at all stands for one without keys."""
        if not isinstance(entry.value, dict) and not (empty and entry.value is None):
            self.complain(entry.line, key, "must be an object")
        return Record(self, entry, key)

    def name(self, entry: Entry, key: str, _: Reading | None = None) -> str:
        """A non-empty text of at most 200 characters."""
        if isinstance(entry.value, str) and _is_name(entry.value):
            return entry.value
        self.complain(entry.line, key, _NO_NAME)
        return ""

    def path(self, entry: Entry, key: str, _: Reading | None = None) -> Path:
        """An RFC 9535 JSONPath."""
        if not isinstance(entry.value, str):
            self.complain(entry.line, key, "must be a path such as $.cart.items")
            return _NOWHERE
        try:
            return compile_path(entry.value)
        except PathError as error:
            # The library counts lines within the path, which would read as a line of the map.
            said = _PLACE.sub(r" at its character \1", str(error))
            self.complain(entry.line, key, f"does not parse as an RFC 9535 JSONPath: {said}")
            return _NOWHERE

    def positive(self, entry: Entry, key: str, _: Reading | None = None) -> int:
        """A whole number from 1."""
        if isinstance(entry.value, int) and not isinstance(entry.value, bool) and entry.value > 0:
            return entry.value
        self.complain(entry.line, key, "must be a whole number from 1")
        return 1

    def flag(self, entry: Entry, key: str, _: Reading | None = None) -> bool:
        """true or false."""
        if isinstance(entry.value, bool):
            return entry.value
        self.complain(entry.line, key, "must be true or false")
        return False

    def schema(self, entry: Entry, key: str, _: Reading | None = None) -> Any:
        """A JSON Schema (2020-12) that refers to nothing outside itself, as written."""
        if not isinstance(entry.value, (dict, bool)):
            self.complain(entry.line, key, "must be a JSON Schema (an object, true or false)")
            return True
        schema = entry.plain()
        try:
            check_schema(schema)
        except SchemaError as error:
            self.complain(entry.line, key, f"cannot be used as a JSON Schema: {error}")
        return schema

    def names(self, entry: Entry, key: str, _: Reading | None = None) -> tuple[str, ...]:
        """A list of texts."""
        return self._list(entry, key, self.name)

    def paths(self, entry: Entry, key: str, _: Reading | None = None) -> tuple[Path, ...]:
        """A list of paths."""
        return self._list(entry, key, self.path)

    def pair(self, entry: Entry, key: str, _: Reading | None = None) -> tuple[Path, Path]:
        """Two paths that belong together."""
        found = self.paths(entry, key)
        if isinstance(entry.value, list) and len(found) != 2:
            self.complain(entry.line, key, "must be a list of two paths")
        return (found[0], found[1]) if len(found) == 2 else (_NOWHERE, _NOWHERE)

    def each(self, read: Read) -> Read:
        """A list whose members `read` understands."""
        return lambda entry, key, _: self._list(entry, key, read)

    def named(self, read: Read) -> Read:
        """An object with names of steps, workflows or versions, whose values `read` understands."""

        def members(entry: Entry, key: str, _: Reading) -> dict[str, Any]:
            if not isinstance(entry.value, dict):
                self.complain(entry.line, key, "must be an object")
                return {}
            for name in entry.value:
                if not _is_name(name):
                    self.complain(entry.name_lines[name], f"{key}.{name}", f"a name here {_NO_NAME}")
            return {name: read(value, f"{key}.{name}", self) for name, value in entry.value.items()}

        return members

    def _list(self, entry: Entry, key: str, read: Read) -> tuple[Any, ...]:
        if not isinstance(entry.value, list):
            self.complain(entry.line, key, "must be a list")
            return ()
        return tuple(read(item, f"{key}[{index}]", self) for index, item in enumerate(entry.value))
