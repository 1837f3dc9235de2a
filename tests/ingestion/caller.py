"""Somebody who calls the API with a key."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from monitor.models import Project
from tests.factories import (
    make_api_key,
)


class Caller:
    """Somebody with a key."""

    def __init__(self, project: Project, *scopes: str) -> None:
        self.key, token = make_api_key(project=project, scopes=scopes or ("ingest", "read", "write"))
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **headers: str):
        return Client().get(f"/api/v1{path}", headers={**self.headers, **headers})

    def post(self, path: str, body: Any = None):
        data = b"" if body is None else json.dumps(body)
        return Client().post(f"/api/v1{path}", data, content_type="application/json", headers=self.headers)

    def put(self, path: str, body: str | bytes, kind: str = "application/yaml"):
        return Client().put(f"/api/v1{path}", body, content_type=kind, headers=self.headers)


def is_problem(response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["detail"]
    return response.json()
