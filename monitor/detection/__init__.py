"""What a context leak is, decided in pure functions (docs/architecture.md)."""

from monitor.detection.compiled import state, use_sources

if state() == "stale":
    use_sources()
