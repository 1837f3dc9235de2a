"""docs/rules.md, from what each rule says about itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitor.detection.rule import Rule

_HEAD = """# The rules

Written by `make docs` from the rules themselves (monitor/detection/rules/); edit them there. A rule's id
is public: it stands in the API, in alerts and in reports, and never changes its meaning.
"""
_CLASS_BY_SOURCE = "by source"


def render(rules: Iterable[Rule]) -> str:
    """The whole page: a table of the rules in the catalogue's order, then a section a rule."""
    every = list(rules)
    lines = [_HEAD, "| rule | finds | severity | class | needs |", "| --- | --- | --- | --- | --- |"]
    lines += [_row(rule) for rule in every]
    for rule in every:
        lines += ["", *_section(rule)]
    return "\n".join(lines) + "\n"


def _row(rule: Rule) -> str:
    cells = (
        f"[`{rule.id}`](#{rule.id})",
        rule.title,
        rule.severity,
        rule.leak_class or _CLASS_BY_SOURCE,
        rule.needs or "nothing",
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _section(rule: Rule) -> Iterator[str]:
    guide = rule.guide
    yield f"## {rule.id}"
    yield ""
    yield f"{guide.summary} {guide.why}"
    yield ""
    yield f"- Leaking: {guide.leaking}"
    yield f"- Clean: {guide.clean}"
    yield f"- False positives: {guide.false_positives}"
    yield f"- Source: {guide.source}"
    yield ""
    yield "What to do:"
    yield ""
    yield from (f"{number}. {step}" for number, step in enumerate(guide.fix, start=1))
