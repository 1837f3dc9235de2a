"""Finds the common form of resource keys: the run's own ids become placeholders, what varies `*`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

PLACEHOLDERS = ("execution_id", "run_id", "session", "tenant")
MAX_WORDS = 5
"""Before the last word of a key so many different ones are a vocabulary; more of them are data."""
MAX_FORMS = 200

_SEPARATOR = r"[\W_]"
_PIECES = rf"[^\W_]+|{_SEPARATOR}"
_TAIL = re.compile(r"\A(.*[:/])(.*)\Z", re.DOTALL)
_STARS = re.compile(r"\*(?:[^:/{}*]?\*)+")

Ids = Mapping[str, str | None]
"""A run's own ids by placeholder; None is one that is not known in plain text."""


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a key: the placeholders whose id it is, and those whose id is not known in this run."""

    text: str
    equal: frozenset[str]
    unknown: frozenset[str]

    def may_be(self, name: str) -> bool:
        """Whether nothing speaks against the placeholder."""
        return name in self.equal or name in self.unknown


Key = tuple[_Word, ...]
Keys = Counter[Key]


def patterns(touches: Iterable[tuple[str, Ids]]) -> dict[str, int]:
    """Patterns that match every `store:key`, each with how many of them; those that another covers are left out.

    Keys are compared word by word, where their separators (what is no letter or digit) are the same.
    """
    shapes: dict[tuple[str, ...], Keys] = {}
    for text, ids in touches:
        shape, key = _cut(text, ids)
        shapes.setdefault(shape, Counter())[key] += 1
    found: Counter[str] = Counter()
    for shape, keys in shapes.items():
        for words, count in _forms(keys):
            rest = iter(words)
            found[_STARS.sub("*", "".join(piece or next(rest) for piece in shape))] += count
    return _widest(_with_short_tails(found))


def _with_short_tails(found: Counter[str]) -> Counter[str]:
    """Where many patterns differ only after their last colon or slash, `*` stands for what follows it."""
    tails: dict[str, list[str]] = {}
    for pattern in found:
        head, tail = _TAIL.findall(pattern)[0]
        if "{" not in tail:
            tails.setdefault(head, []).append(pattern)
    short: Counter[str] = Counter(found)
    for head, many in tails.items():
        if len(many) > MAX_WORDS:
            together = sum(short.pop(pattern) for pattern in many)
            short[f"{head}*"] = together
    return short


def _cut(text: str, ids: Ids) -> tuple[tuple[str, ...], Key]:
    """A key's separators, with "" where a word stands, and its words; an own id is one word whatever is in it."""
    own = {name: one for name, one in ids.items() if one}
    unknown = frozenset(ids.keys() - own.keys())
    longest_first = sorted({*own.values()}, key=lambda one: (-len(one), one))
    whole = [rf"(?<![^\W_]){re.escape(one)}(?![^\W_])" for one in longest_first]
    shape: list[str] = []
    words: list[_Word] = []
    for piece in re.findall("|".join([*whole, _PIECES]), text):
        equal = frozenset(name for name, one in own.items() if one == piece)
        if not equal and re.fullmatch(_SEPARATOR, piece):
            shape.append(piece)
        else:
            shape.append("")
            words.append(_Word(piece, equal, unknown))
    return tuple(shape), tuple(words)


def _forms(keys: Keys) -> Iterator[tuple[list[str], int]]:
    """The forms of keys with one shape, word by word: what follows a word is compared among its own kind."""
    groups: list[tuple[list[str], Keys]] = [([], keys)]
    width = len(next(iter(keys)))
    for at in range(width):
        groups = [
            ([*forms, form], part)
            for forms, group in groups
            for form, part in _split(group, at, is_last=at == width - 1)
        ]
        if len(groups) > MAX_FORMS:
            yield [next(iter(keys))[0].text, *["*"] * (width - 1)], keys.total()
            return
    for forms, group in groups:
        yield forms, group.total()


def _split(keys: Keys, at: int, *, is_last: bool) -> Iterable[tuple[str, Keys]]:
    """The keys by the form of one of their words."""
    words = {key[at] for key in keys}
    own = next((name for name in PLACEHOLDERS if _is_own(name, words)), None)
    if own is None:
        own = next((name for name in PLACEHOLDERS if sum(name in word.equal for word in words) > 1), None)
    others = {word.text for word in words if own is None or not word.may_be(own)}
    literal = len(others) <= (1 if is_last else MAX_WORDS) and (len(others) < 2 or all(map(str.isalpha, others)))
    parts: dict[str, Keys] = {}
    for key, count in keys.items():
        is_own = own is not None and key[at].may_be(own) and (literal or not others)
        form = f"{{{own}}}" if is_own else key[at].text if literal else "*"
        parts.setdefault(form, Counter())[key] += count
    return parts.items()


def _is_own(name: str, words: Iterable[_Word]) -> bool:
    """Whether a place of the keys holds one of the run's own ids in all of them, and not always the same."""
    held = {word.text for word in words if name in word.equal}
    return len(held) > 1 and all(word.may_be(name) for word in words)


def _widest(found: Counter[str]) -> dict[str, int]:
    kept: dict[str, int] = {}
    for pattern in sorted(found, key=lambda one: (-one.count("*"), len(one), one)):
        wider = next((one for one in kept if is_wider(one, pattern)), pattern)
        kept[wider] = kept.get(wider, 0) + found[pattern]
    return kept


def is_wider(wide: str, narrow: str) -> bool:
    """Whether a pattern matches all that another one does, as far as their `*` say it."""
    return re.fullmatch(".*".join(map(re.escape, wide.split("*"))), narrow, re.DOTALL) is not None
