"""The stored records, one file a noun."""

from monitor.models.anomalies import Anomaly
from monitor.models.events import Event, Holding, ResourceAccess, Run, Work
from monitor.models.incidents import Incident, IncidentLog, IncidentRun
from monitor.models.notifications import Channel, DeliveryAttempt, Notification
from monitor.models.postmortems import Postmortem, PostmortemAction
from monitor.models.projects import ApiKey, Membership, Project
from monitor.models.workflows import MapVersion, Workflow

__all__ = [
    "Anomaly",
    "ApiKey",
    "Channel",
    "DeliveryAttempt",
    "Event",
    "Holding",
    "Incident",
    "IncidentLog",
    "IncidentRun",
    "MapVersion",
    "Membership",
    "Notification",
    "Postmortem",
    "PostmortemAction",
    "Project",
    "ResourceAccess",
    "Run",
    "Work",
    "Workflow",
]
