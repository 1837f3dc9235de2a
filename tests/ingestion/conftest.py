"""Who calls the API: somebody of the project, and a stranger.

Models are imported late: a folder named on the command line has its conftest read before the servers are up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from monitor.models import Project
    from tests.ingestion.caller import Caller


@pytest.fixture
def project(db: None) -> Project:
    from tests.factories import make_project

    return make_project()


@pytest.fixture
def caller(project: Project) -> Caller:
    from tests.ingestion.caller import Caller

    return Caller(project)


@pytest.fixture
def stranger(db: None) -> Caller:
    from tests.factories import make_project
    from tests.ingestion.caller import Caller

    return Caller(make_project())
