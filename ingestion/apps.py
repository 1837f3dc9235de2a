"""The front door, as a Django app."""

from django.apps import AppConfig


class IngestionConfig(AppConfig):
    """Receives context events over HTTP and makes them durable."""

    name = "ingestion"
    default_auto_field = "django.db.models.BigAutoField"
