"""The Celery app: the bell that says "look now"; what is to be done stands in the database."""

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import (
    beat_init,
    celeryd_init,
    setup_logging,
    task_postrun,
    task_prerun,
    worker_init,
    worker_shutdown,
)
from django.conf import settings

from monitor import log_ids
from monitor.conf.logging import take_over
from monitor.detection import collector

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.conf.settings")
logger = logging.getLogger(__name__)

FORGET_SECONDS = 600.0

app = Celery("crosstalk", broker=settings.BROKER_URL)
app.conf.update(
    accept_content=["json"],
    task_serializer="json",
    result_backend=None,
    task_ignore_result=True,
    task_default_queue="crosstalk",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_time_limit=600,
    task_publish_retry=False,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    broker_connection_timeout=2,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": 660,  # above task_time_limit, or a long task would run twice
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "retry_on_timeout": True,
    },
    beat_schedule_filename=str(settings.HOME_DIR / "beat-schedule"),
    beat_schedule={
        "forget": {
            "task": "monitor.tasks.forget",
            "schedule": FORGET_SECONDS,
            "options": {"expires": FORGET_SECONDS},
        },
        "sweep": {
            "task": "monitor.tasks.sweep",
            "schedule": settings.SWEEP_SECONDS,
            "options": {"expires": max(2 * settings.SWEEP_SECONDS, 10)},
        },
    },
)
app.autodiscover_tasks(["monitor"])


@setup_logging.connect
def _keep_logging(**_: Any) -> None:
    """Django's logging stands: without a receiver here Celery would put its own in its place."""


@celeryd_init.connect
@beat_init.connect
def _take_over(**_: Any) -> None:
    """From here on everything that a worker or beat says is a log line.

    Celery prints that it ends, past all logging; our worker logs that it has.
    """
    from celery.apps import worker  # noqa: PLC0415 - heavy, and only a worker or beat needs it

    take_over()
    setattr(worker, "safe_say", lambda *_, **__: None)  # noqa: B010 - unknown to its type stubs


@worker_shutdown.connect
def _say_end(**_: Any) -> None:
    """The worker's last line."""
    logger.info("the worker ends")


@task_prerun.connect
def _begin_task(task_id: str, task: Any, **_: Any) -> None:
    """What a task logs names it."""
    log_ids.begin(task=task.name, task_id=task_id)


@task_postrun.connect
def _end_task(**_: Any) -> None:
    """What comes after it is not its own."""
    log_ids.end()


@worker_init.connect
def _spare_the_collector(**_: Any) -> None:
    """The processes that judge come out of this one, and keep what it sets."""
    collector.spare()


@worker_init.connect
@beat_init.connect
def _demand_settings(**_: Any) -> None:
    """Stops a worker or beat at once, with a message, where a setting is missing."""
    from monitor.conf.serving import demand_settings  # noqa: PLC0415 - only what serves demands them

    demand_settings()


@beat_init.connect
def _begin_watch(**_: Any) -> None:
    """Beat's process watches the program as a whole, beside its schedule."""
    from monitor.conf.watch import start  # noqa: PLC0415 - needs the models, which need this app

    start()
