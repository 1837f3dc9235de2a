"""What a quarter's figures say, in sentences that claim no more than was measured."""

from monitor.metrics.definitions import Figures
from monitor.metrics.summary import Summary
from monitor.metrics.words import count, duration

ALIKE = 0.05
"""Means that differ by less than this share of the earlier one are called the same."""
VERBS = (("detect", "detect"), ("acknowledge", "acknowledge"), ("resolve", "resolve"))


def change(now: Summary, before: Summary) -> str | None:
    """Say how the mean moved: `faster`, `slower` or `same`; None unless both stand on at least one incident."""
    if now.mean is None or before.mean is None:
        return None
    if abs(now.mean - before.mean) <= ALIKE * before.mean:
        return "same"
    return "faster" if now.mean < before.mean else "slower"


def headline(now: Figures, before: Figures, *, name: str, before_name: str) -> str:
    """Give the quarter's first line: what became faster or slower since the quarter before, else what there is.

    `name` is the quarter as the page calls it, `2026-Q4 so far`; `before_name` the other, `last quarter`.
    """
    if now.incidents == 0:
        return f"No incidents in {name}"
    compared = _compared(now, before, before_name)
    if not compared:
        return f"{count(now.incidents, 'incident')} in {name}, {_open(now)}"
    sentence = compared[0].upper() + compared[1:]
    return f"{sentence}; none resolved yet" if now.resolve.n == 0 else sentence


def lede(now: Figures, before: Figures, *, name: str, days: str, workflows: int) -> str:
    """Say the counts of the quarter and how its mean time to resolve stands against the one before.

    `workflows` is how many ran: where none did, that nothing was detected says nothing.
    """
    if now.incidents == 0:
        seen = f"nothing was detected in the {count(workflows, 'workflow')} that ran"
        said = f"{name} ({days}): {seen if workflows else 'no workflow ran, so there was nothing to judge'}."
        if now.false_positives:
            said += f" {count(now.false_positives, 'false positive')} left out."
        return said
    return " ".join(
        [f"{name} ({days}): {count(now.incidents, 'incident')}, {_open(now)}.", *moves(now, before)[-1:]]
    )


def moves(now: Figures, before: Figures) -> list[str]:
    """Say each mean that was measured, with n, and where it came from if the quarter before measured it too."""
    said = []
    for verb, name in VERBS:
        summary: Summary = getattr(now, name)
        earlier: Summary = getattr(before, name)
        if summary.mean is None:
            continue
        sentence = f"Mean time to {verb} is {duration(summary.mean)} (n{EQUALS}{summary.n})"
        if earlier.mean is not None:
            way = {"faster": "down from", "slower": "up from", "same": "about as before:"}[
                change(summary, earlier) or ""
            ]
            sentence += f", {way} {duration(earlier.mean)} (n{EQUALS}{earlier.n})"
        said.append(sentence + ".")
    return said


def open_parts(figures: Figures) -> str:
    """Say what the incidents still open are: `2 unacknowledged, 1 known`; empty without any."""
    parts = (
        (figures.waiting, "unacknowledged"),
        (figures.worked_on, "being worked on"),
        (figures.mitigated, "mitigated"),
        (figures.known, "known"),
    )
    return ", ".join(f"{number:,} {word}" for number, word in parts if number)


EQUALS = "\u00a0=\u00a0"


def _open(now: Figures) -> str:
    if now.still_open == 0:
        return "all resolved"
    if now.resolved == 0:
        return "none resolved yet" if now.incidents > 1 else "still open"
    return f"{now.resolved:,} resolved, {now.still_open:,} still open"


def _compared(now: Figures, before: Figures, before_name: str) -> str:
    said: dict[str, list[str]] = {}
    for verb, name in VERBS:
        moved = change(getattr(now, name), getattr(before, name))
        if moved is not None:
            said.setdefault(moved, []).append(verb)
    parts = [f"{word} to {_and(said[word])}" for word in ("faster", "slower") if word in said]
    if parts:
        return f"{', '.join(parts)} than {before_name}"
    return f"as fast to {_and(said['same'])} as {before_name}" if "same" in said else ""


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
