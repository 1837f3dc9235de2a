"""The Celery app: the bell that says "look now"; what is to be done stands in the database."""

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.conf.settings")
app = Celery("crosstalk", broker=settings.REDIS_URL)
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    beat_schedule={
        "sweep": {"task": "monitor.tasks.sweep", "schedule": settings.SWEEP_SECONDS},
    },
)
app.autodiscover_tasks(["monitor"])
