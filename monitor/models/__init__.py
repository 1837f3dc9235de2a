"""The stored records, one file a noun."""

from monitor.models.anomalies import Anomaly
from monitor.models.crowd import Crowd, CrowdWork, RunFacts
from monitor.models.events import Event, ResourceAccess, Run, Work
from monitor.models.failures import RuleFailure
from monitor.models.health import Counter, Pulse, SelfCheck
from monitor.models.incidents import Incident, IncidentLog, IncidentRun
from monitor.models.index import Canary, Outcome, RunValues
from monitor.models.notifications import Channel, DeliveryAttempt, Notification
from monitor.models.postmortems import Postmortem, PostmortemAction
from monitor.models.projects import ApiKey, Membership, Project
from monitor.models.workflows import MapVersion, Workflow

__all__ = [
    "Anomaly",
    "ApiKey",
    "Canary",
    "Channel",
    "Counter",
    "Crowd",
    "CrowdWork",
    "DeliveryAttempt",
    "Event",
    "Incident",
    "IncidentLog",
    "IncidentRun",
    "MapVersion",
    "Membership",
    "Notification",
    "Outcome",
    "Postmortem",
    "PostmortemAction",
    "Project",
    "Pulse",
    "ResourceAccess",
    "RuleFailure",
    "Run",
    "RunFacts",
    "RunValues",
    "SelfCheck",
    "Work",
    "Workflow",
]
