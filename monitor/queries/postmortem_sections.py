"""The sections of a postmortem, and the form of its timeline."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the document: the model's field, its heading, the question it answers, and whether it must be."""

    name: str
    title: str
    question: str
    required: bool = False
    group: str = ""
    rows: int = 5


SECTIONS = (
    Section("summary", "Summary", "What happened, to whom, and how it ended, in a few sentences.", required=True),
    Section(
        "impact", "Impact", "How many runs, sessions and tenants; what they saw; for how long.", required=True
    ),
    Section(
        "timeline", "Timeline", "One line an entry, times in UTC: “- 2026-11-17 11:58:00 UTC: what”.", rows=10
    ),
    Section("detection", "Detection", "How was it found, and what would have found it earlier?"),
    Section(
        "root_cause", "Root cause", "The mechanism: what held the value, and why it reached another run.", True
    ),
    Section(
        "guideline_unclear",
        "Was a guideline unclear?",
        "Could somebody follow it and still write this?",
        True,
        "why",
    ),
    Section(
        "review_missed",
        "Did the review miss it, and why could it?",
        "What did the change show, and not?",
        True,
        "why",
    ),
    Section("test_gap", "Was there a gap in tests?", "Which test would have failed on the old code?", True, "why"),
    Section(
        "made_sense",
        "Why did it make sense at the time?",
        "What did people know, and what were they trying to do?",
        group="why",
    ),
    Section("went_well", "What went well", "What kept it smaller, or made it quicker?"),
    Section(
        "searched_elsewhere",
        "What we searched for elsewhere",
        "The same pattern: where did you look, what was there?",
    ),
)
FIELDS = tuple(section.name for section in SECTIONS)
GROUPS = {"why": ("What made it possible", "Questions about the system, none about a person.")}


@dataclass(frozen=True, slots=True)
class Moment:
    """A line of the timeline; `mark` is leak, person or empty, `text` is Markdown."""

    at: datetime
    mark: str
    text: str


_ENTRY = re.compile(r"[-*] (\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?)(?: UTC)?: (.+)")


def read_timeline(text: str) -> tuple[Moment, ...]:
    """Read `- 2026-11-17 11:58:00 UTC: what` lines; nothing at all where one line is something else."""
    moments = []
    for line in filter(None, map(str.strip, text.splitlines())):
        entry = _ENTRY.fullmatch(line)
        if entry is None:
            return ()
        try:
            at = datetime.fromisoformat(f"{entry[1]}T{entry[2]}").replace(tzinfo=UTC)
        except ValueError:
            return ()
        moments.append(Moment(at, _mark(entry[3]), entry[3]))
    return tuple(moments)


def add_missing(text: str, known: list[str]) -> str:
    """Add the known lines of moments that the timeline does not have, in order of time where all can be read.

    A moment that it has, by the second, is left as a person wrote it.
    """
    stands = {line.strip()[: len("- 2026-11-17 11:58:00")] for line in text.splitlines()}
    new = [line for line in known if line[: len("- 2026-11-17 11:58:00")] not in stands]
    lines = [*filter(None, map(str.rstrip, text.splitlines())), *new]
    if read_timeline("\n".join(lines)):
        lines.sort(key=lambda line: line.strip()[2:])
    return "\n".join(lines)


def _mark(text: str) -> str:
    if text.startswith(("**First leak**", "**Last leak**")):
        return "leak"
    return "person" if text.startswith("**") else ""
