"""How times, durations, sizes, counts and other people's values look on a page."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from monitor.metrics import words

register = template.Library()
NBSP = "\u00a0"
VALUE_CHARS = 200
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds as people say them, with at most two units: 0.4 s, 41 s, 16 min, 3 h 20 min, 2 days 4 h."""
    if seconds is None:
        return "none yet"
    return words.duration(max(seconds, 0.0))


@register.filter
def age(seconds: float) -> str:
    """A rough duration, one unit: what "3 s ago" needs."""
    for size, name in ((_DAY, "days"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count}{NBSP}{'day' if name == 'days' and count == 1 else name}"
    return f"{max(int(seconds), 0)}{NBSP}s"


@register.filter
def size(octets: float | None) -> str:
    """Bytes with a decimal unit: 871 B, 6.1 kB, 1.2 MB."""
    if octets is None:
        return "none yet"
    if octets < 1000:
        return f"{octets:.0f}{NBSP}B"
    unit, scale = ("kB", 1e3) if octets < 1e6 else ("MB", 1e6)
    value = octets / scale
    return f"{value:.1f}".removesuffix(".0") + NBSP + unit if value < 100 else f"{value:.0f}{NBSP}{unit}"


@register.filter
def number(value: float | None) -> str:
    """A whole number with its thousands apart: 1,284."""
    return "none yet" if value is None else f"{value:,.0f}"


@register.filter
def percent(share: float | None) -> str:
    """A share of one, in hundredths: 0.60 %."""
    if share is None:
        return "none yet"
    digits = 2 if share < 0.1 else 1 if share < 0.9995 else 0
    return f"{share * 100:.{digits}f}{NBSP}%"


@register.filter
def value(observed: Any) -> str:
    """A JSON value on one line, cut where it grows long; the page escapes it."""
    text = json.dumps(observed, ensure_ascii=False, separators=(", ", ": "))
    return text if len(text) <= VALUE_CHARS else text[:VALUE_CHARS] + "…"


@register.filter
def plain(observed: Any) -> str:
    """A string without its quotes, everything else as JSON."""
    return observed[:VALUE_CHARS] if isinstance(observed, str) else value(observed)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A drawing of components/icons.html; the word beside it says what it means."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>', name)


_FORMATS = {"clock": "%H:%M:%S", "minute": "%H:%M", "day": "%a %-d %b, %H:%M", "date": "%-d %b %Y"}


@register.simple_tag
def moment(at: datetime | None, show: str = "clock") -> SafeString | str:
    """A time in UTC with the whole of it on hover; the browser turns it into the reader's own zone."""
    if at is None:
        return "none yet"
    utc = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC" data-show="{}">{}</time>',
        utc.isoformat().replace("+00:00", "Z"),
        utc.strftime("%Y-%m-%d %H:%M:%S"),
        show,
        utc.strftime(_FORMATS[show]),
    )


@register.simple_tag(takes_context=True)
def ago(context: template.Context, at: datetime | None, suffix: str = " ago") -> SafeString | str:
    """How long ago a time is; the browser keeps it counting."""
    if at is None:
        return "never"
    now = context.get("now") or timezone.now()
    utc = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC" data-ago="{}">{}{}</time>',
        utc.isoformat().replace("+00:00", "Z"),
        utc.strftime("%Y-%m-%d %H:%M:%S"),
        suffix,
        age((now - at).total_seconds()),
        suffix,
    )


@register.filter
def seconds_since(later: datetime, earlier: datetime) -> float:
    """Seconds between two times, for `duration`."""
    return (later - earlier).total_seconds()


@register.filter
def initials(name: str) -> str:
    """Two letters for a person: KI."""
    words = [word for word in name.replace(".", " ").replace("_", " ").replace("-", " ").split() if word]
    return (words[0][0] + words[1][0] if len(words) > 1 else name[:2]).upper()


@register.filter
def plural(count: int, forms: str) -> str:
    """The count with its noun: `3|plural:"run,runs"`."""
    one, many = forms.split(",")
    return f"{count:,}{NBSP}{one if count == 1 else many}"
