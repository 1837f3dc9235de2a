"""How many wrong passwords one may try: enough for a forgetful person, too few for a machine."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import datetime
from functools import cache

import redis
from django.conf import settings

WINDOW_SECONDS = 900
LIMITS = {"name and address": 10, "name": 30, "address": 300}
_here: Counter[str] = Counter()
"""Counts of this process alone, for as long as Redis is away: slower to refuse, but never open."""


def allowed(*, name: str, address: str, now: datetime) -> bool:
    """Whether another password may be tried for this name from this address."""
    return all(_count(key) < limit for key, limit in _keys(name, address, now).items())


def record(*, name: str, address: str, now: datetime) -> None:
    """Counts a wrong password; a quarter of an hour later it is forgotten."""
    for key in _keys(name, address, now):
        try:
            with _redis().pipeline() as pipe:
                pipe.incr(key)
                pipe.expire(key, WINDOW_SECONDS)
                pipe.execute()
        except redis.RedisError:
            if len(_here) > 10_000:
                _here.clear()
            _here[key] += 1


def _count(key: str) -> int:
    try:
        return int(_redis().get(key) or 0)
    except redis.RedisError:
        return _here[key]


def _keys(name: str, address: str, now: datetime) -> dict[str, int]:
    """A key a limit; names are hashed, so that Redis holds nobody's address."""
    window = int(now.timestamp()) // WINDOW_SECONDS
    parts = {"name and address": f"{name.casefold()}\0{address}", "name": name.casefold(), "address": address}
    return {
        f"guesses:{window}:{hashlib.sha256(f'{kind}:{part}'.encode()).hexdigest()[:32]}": LIMITS[kind]
        for kind, part in parts.items()
    }


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, decode_responses=True
    )
