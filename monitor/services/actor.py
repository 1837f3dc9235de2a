"""Who acts: a person, an API key, or Crosstalk itself."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser, User

from monitor.models import ApiKey


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who does something, as an incident's log names them: `label` is never empty."""

    label: str
    user: User | None = None
    api_key: ApiKey | None = None

    @classmethod
    def of_user(cls, user: AbstractUser) -> Actor:
        """A signed-in person, by full name, else by user name."""
        if not isinstance(user, User):
            raise TypeError("only a stored person acts")
        return cls(label=(user.get_full_name() or user.get_username())[:200], user=user)

    @classmethod
    def of_key(cls, key: ApiKey) -> Actor:
        """A program, by the name of its API key."""
        return cls(label=f"key {key.name}"[:200], api_key=key)


SYSTEM = Actor(label="Crosstalk")
"""What happens by itself."""
