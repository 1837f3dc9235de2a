"""The play itself: set up, send, wait until all is judged and told, look at what was found."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from monitor.channels.webhook import new_secret
from monitor.detection.catalogue import CATALOGUE
from monitor.management.demo.client import BATCH_EVENTS, Client
from monitor.management.demo.outcome import differences, found_in, worst
from monitor.management.demo.receiver import Received, Receiver
from monitor.management.demo.recording import Recording, recordings
from monitor.management.demo.setting import Setting, set_up
from monitor.management.demo.telling import Outcome

SETTLED_TIMEOUT_SECONDS = 150.0
_POLL_SECONDS = 0.1


class Unsettled(Exception):
    """Judging or alerting did not come to an end in time."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a play happens: the API, the receiver's box, and the access that was made for it."""

    client: Client
    received: Received
    setting: Setting
    base_url: str
    say: Callable[[str], None]


@contextmanager
def stage(*, address: str, base_url: str, now: datetime, say: Callable[[str], None]) -> Iterator[Stage]:
    """Sets up project, login, key and webhook; the receiver listens for the length of the block."""
    secret = new_secret()
    with Receiver(secret) as receiver:
        setting = set_up(receiver_url=receiver.url, receiver_secret=secret, now=now)
        yield Stage(Client(address, setting.key), receiver.received, setting, base_url, say)


def play(stage: Stage, *, now: datetime) -> Outcome:
    """Plays every recording once, ending at `now`; raises Unsettled or Refused."""
    tag = secrets.token_hex(8)
    known = {incident["id"] for incident in stage.client.every("/api/v1/incidents")}
    started = time.monotonic()
    first = _FirstIncident(stage.client, started)
    played = []
    for recording in recordings(now=now, play=tag):
        stage.say(f"playing {recording.name}: {recording.about} ({recording.framework})")
        _send(stage.client, recording, first)
        played.append(recording)
    stage.say("waiting until everything is judged and told ...")
    _settle(stage.client, first)
    return _outcome(stage, played, known, first)


class _FirstIncident:
    """Notes when a leak of this play could first be read as part of an incident; seconds since the first event."""

    def __init__(self, client: Client, started: float) -> None:
        self.seconds: float | None = None
        self._client, self._started = client, started
        self._runs: set[str] = set()

    def look(self, runs: Collection[str] = ()) -> None:
        """Asks the API, until it was seen; `runs` are being played from now on."""
        self._runs.update(runs)
        if self.seconds is None:
            newest = self._client.get("/api/v1/anomalies")["items"]
            if any(anomaly["incident"] and anomaly["run_id"] in self._runs for anomaly in newest):
                self.seconds = round(time.monotonic() - self._started, 2)


def _send(client: Client, recording: Recording, first: _FirstIncident) -> None:
    if recording.map_text is not None and recording.map_workflow is not None:
        client.put_map(recording.map_workflow, recording.map_text)
    for start in range(0, len(recording.events), BATCH_EVENTS):
        client.send(recording.events[start : start + BATCH_EVENTS])
        first.look(recording.run_ids)


def _settle(client: Client, first: _FirstIncident) -> None:
    deadline = time.monotonic() + SETTLED_TIMEOUT_SECONDS
    pause = threading.Event()
    while True:
        first.look()
        status = client.get("/api/v1/status")
        if status["pending_events"] == 0 and status["pending_alerts"] == 0:
            first.look()
            return
        if time.monotonic() > deadline:
            raise Unsettled(
                f"after {SETTLED_TIMEOUT_SECONDS:.0f} s there are still {status['pending_events']} events to "
                f"judge and {status['pending_alerts']} alerts to deliver"
            )
        pause.wait(_POLL_SECONDS)


def _outcome(stage: Stage, played: Sequence[Recording], known: set[str], first: _FirstIncident) -> Outcome:
    found = [found_in(stage.client, recording) for recording in played]
    keys = {key for one in found for key in one.incidents}
    every = list(stage.client.every("/api/v1/incidents"))
    incidents = [incident for incident in every if incident["key"] in keys]
    rules = {rule.id for rule in CATALOGUE}
    wrong = [line for one in found for line in differences(one, rules)]
    new = [incident for incident in incidents if incident["id"] not in known]
    told = {message["data"]["id"] for message in stage.received.verified.values()}
    wrong += [f"no alert came for {incident['key']}" for incident in new if incident["id"] not in told]
    if stage.received.refused:
        wrong.append(f"{stage.received.refused} alerts had a wrong signature")
    if not any(anomaly["source"] for one in found for anomaly in one.anomalies):
        wrong.append("no anomaly names its source")
    first_to_see = worst(incidents)
    return Outcome(
        found=found,
        incidents=len(incidents),
        alerts_delivered=len(stage.received.verified),
        seconds_to_first_incident=first.seconds,
        worst_title=first_to_see["title"] if first_to_see else "",
        url=first_to_see["url"] if first_to_see else stage.base_url,
        differences=wrong,
    )
