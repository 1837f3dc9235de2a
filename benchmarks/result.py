"""What a benchmark says, and how it is written down."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """One figure; `params` say under which load and on what machine it was measured."""

    name: str
    value: float
    unit: str
    higher_is_better: bool
    params: Mapping[str, Any] = field(default_factory=dict)


def write(results: Sequence[Result], file: Path) -> None:
    """Writes the list as JSON, replacing what was measured under the same names before."""
    names = {result.name for result in results}
    before = json.loads(file.read_text()) if file.exists() else []
    kept = [entry for entry in before if entry["name"] not in names]
    file.write_text(json.dumps(kept + [asdict(result) for result in results], indent=2) + "\n")


def table(results: Sequence[Result]) -> str:
    """The figures for people, one a line."""
    width = max((len(result.name) for result in results), default=0)
    lines = []
    for result in results:
        better = "higher is better" if result.higher_is_better else "lower is better"
        params = ", ".join(f"{name} {value}" for name, value in result.params.items())
        lines.append(f"{result.name:{width}}  {result.value:>12,.2f} {result.unit:<9} ({better}; {params})")
    return "\n".join(lines)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = max(1, -(-int(share * 1000) * len(ordered) // 1000))
    return ordered[rank - 1]
