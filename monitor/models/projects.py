"""Who may see what: projects, their members and their API keys."""

import secrets
import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value


def _fresh_key() -> bytes:
    return secrets.token_bytes(32)


class Project(models.Model):
    """The wall between customers: every stored record belongs to exactly one project."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA name; where a quarter begins")
    created_at = models.DateTimeField()
    canary_shapes = models.JSONField(
        default=list, blank=True, db_default=Value([], models.JSONField()),
        help_text="what the project's canaries look like: pairs of prefix and length",
    )  # fmt: skip
    redaction = models.JSONField(
        default=dict, blank=True, db_default=Value({}, models.JSONField()),
        help_text="what is hashed or dropped at the door, as it was put (docs/redaction.md)",
    )  # fmt: skip
    redaction_key = models.BinaryField(
        max_length=32, default=_fresh_key, editable=False, help_text="under which values are hashed; never shown"
    )
    redaction_changed_at = models.DateTimeField(null=True, blank=True)
    redaction_changed_by = models.CharField(max_length=200, blank=True, default="", db_default="")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """What a person may do in a project."""

    class Role(models.TextChoices):
        """Each role may do what the one before it may."""

        VIEWER = "viewer"
        RESPONDER = "responder"
        ADMIN = "admin"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.RESPONDER)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="membership_once"),
            models.CheckConstraint(
                condition=Q(role__in=["viewer", "responder", "admin"]), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.project_id}: {self.role}"


class ApiKey(models.Model):
    """A sender's or reader's key, stored as a hash; found by `digest`; people know it by its `prefix`."""

    class Scope(models.TextChoices):
        """What a key may do."""

        INGEST = "ingest"
        READ = "read"
        WRITE = "write"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=200)
    prefix = models.CharField(max_length=16, help_text="its first characters, to recognise it by")
    digest = models.BinaryField(max_length=32, unique=True, help_text="SHA-256 of the key")
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices))
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=["ingest", "read", "write"]) & ~Q(scopes=[]),
                name="api_key_scopes_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
