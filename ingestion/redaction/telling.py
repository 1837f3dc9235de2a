"""Where redaction changed something, without a value: for dry runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from monitor.detection.paths import Location


def changed(before: Any, after: Any, location: Location = ()) -> Iterator[tuple[Location, str]]:
    """The places at which a context was redacted, in document order, each with "hash" or "drop"."""
    if after is before:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before):
            if name in after:
                yield from changed(before[name], after[name], (*location, name))
            else:
                yield (*location, name), "drop"
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            yield location, "drop"
            return
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from changed(one, other, (*location, place))
    elif before != after:
        yield location, "hash"
