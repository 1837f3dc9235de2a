"""The domain and the site, as a Django app."""

from django.apps import AppConfig


class MonitorConfig(AppConfig):
    """Loads the Celery app with Django, so that a task rung from anywhere finds its broker."""

    name = "monitor"
    verbose_name = "Crosstalk"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from monitor import checks  # noqa: F401, PLC0415 - checks register themselves once apps are loaded
        from monitor.conf import celery  # noqa: F401, PLC0415 - Celery must be configured once settings are
