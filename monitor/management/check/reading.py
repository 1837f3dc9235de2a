"""Reads the events and the maps of a check: what is good into the spool, what is not among the complaints."""

from __future__ import annotations

from dataclasses import dataclass, field

from ingestion.formats.canonical import MAX_EVENT_BYTES, check_event
from ingestion.formats.faults import EventError
from monitor.detection.context_map import ContextMap
from monitor.detection.maps import MapError, parse_map
from monitor.management.check.opening import CannotOpen, Opener
from monitor.management.check.pieces import NoEvents, Piece, pieces
from monitor.management.check.report import Complaint
from monitor.management.check.spool import Place, Spool

MOST_COMPLAINTS = 10_000
"""After so many in one file the rest of it is not read: it is something else than events."""
MOST_MAP_BYTES = 1024 * 1024
"""Four bytes for each character that a map may have."""


@dataclass(slots=True)
class Reading:
    """What was read so far, and what could not be."""

    spool: Spool
    opener: Opener
    maps: dict[str, ContextMap] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def read_map(self, name: str) -> None:
        """One context map; two of one workflow are a complaint."""
        try:
            parsed = parse_map(self._text(name))
        except CannotOpen as error:
            self._complain(name, None, "", str(error))
            return
        except MapError as error:
            for problem in error.errors:
                self._complain(name, problem.line, problem.key, problem.message)
            return
        if parsed.workflow in self.maps:
            self._complain(name, None, "workflow", f'a second map of workflow "{parsed.workflow}": give one')
        self.maps.setdefault(parsed.workflow, parsed)

    def _text(self, name: str) -> str:
        text = b""
        for chunk in self.opener.chunks(name):
            text += chunk
            if len(text) > MOST_MAP_BYTES:
                raise CannotOpen(f"larger than {MOST_MAP_BYTES} bytes: no context map")
        try:
            return text.decode()
        except UnicodeDecodeError as error:
            raise CannotOpen(f"not UTF-8 at byte {error.start}: save the map as UTF-8") from error

    def read_events(self, name: str) -> None:
        """All events of one file; what is wrong with one costs no other."""
        before = len(self.complaints)
        try:
            for piece in pieces(self.opener.chunks(name)):
                self._take(name, piece)
                if len(self.complaints) - before >= MOST_COMPLAINTS:
                    self._complain(name, piece.line, "", "too much is wrong: the rest of the file was not read")
                    return
        except CannotOpen as error:
            self._complain(name, None, "", str(error))
        except NoEvents as error:
            self._complain(name, error.line, "", error.problem)

    def _take(self, name: str, piece: Piece) -> None:
        try:
            if piece.size > MAX_EVENT_BYTES:
                raise EventError(
                    "context",
                    f"makes the event larger than 4 MiB ({piece.size} bytes): send a part of it, marked partial",
                )
            self.spool.add(check_event(piece.raw), piece.raw, Place(name, piece.line))
        except EventError as error:
            self._complain(name, piece.line, error.field, error.problem)

    def _complain(self, file: str, line: int | None, about: str, error: str) -> None:
        self.complaints.append(Complaint(file, line, about, error))
