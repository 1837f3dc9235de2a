"""When each part of Crosstalk last said that it is alive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.models import Pulse

BEAT = "beat"
WORKER = "worker"
JUDGE = "judge"


@dataclass(frozen=True, slots=True)
class LastPulse:
    """`beat` looked after the program, a `worker` swept, or a worker ended a pass of judging (`judge`)."""

    name: str
    at: datetime

    def age_seconds(self, now: datetime) -> float:
        """How long ago that was, in seconds."""
        return max(0.0, (now - self.at).total_seconds())


def pulses() -> tuple[LastPulse, ...]:
    """Every part that was ever alive, by name; one query."""
    return tuple(LastPulse(name, at) for name, at in Pulse.objects.order_by("name").values_list("name", "at"))


def silent(name: str, *, seconds: float, now: datetime) -> bool:
    """Whether a part has said nothing for so long, or never did."""
    at = Pulse.objects.filter(name=name).values_list("at", flat=True).first()
    return at is None or (now - at).total_seconds() > seconds
