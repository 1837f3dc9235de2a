"""Lists a page at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.models import Incident
from monitor.queries.keyset import BadCursor, newest_first
from tests.factories import NOW, make_incident, make_project

pytestmark = pytest.mark.django_db


def test_rows_that_come_in_between_shift_no_page():
    project = make_project()
    made = [make_incident(project=project, now=NOW + timedelta(seconds=n // 2)) for n in range(6)]
    rows = Incident.objects.filter(project=project)

    first = newest_first(rows, by="detected_at", cursor=None, limit=4)
    make_incident(project=project, now=NOW + timedelta(hours=1))
    rest = newest_first(rows, by="detected_at", cursor=first.next, limit=4)

    assert [one.pk for one in (*first.items, *rest.items)] == [one.pk for one in reversed(made)]
    assert rest.next is None


def test_the_last_full_page_has_no_next():
    project = make_project()
    make_incident(project=project)
    rows = Incident.objects.filter(project=project)
    assert newest_first(rows, by="detected_at", cursor=None, limit=1).next is None
    assert newest_first(rows, by="detected_at", cursor="", limit=0).items != ()


def test_a_list_costs_one_query_however_long(django_assert_num_queries):
    project = make_project()
    for _ in range(20):
        make_incident(project=project)
    for limit in (2, 20):
        with django_assert_num_queries(1):
            newest_first(Incident.objects.filter(project=project), by="detected_at", cursor=None, limit=limit)


@pytest.mark.parametrize("cursor", ["x", "ÿ", "bm9uc2Vuc2U", "W10", "WyIyMDI2LTExLTIwVDEwOjAwOjAwIiwgMV0"])
def test_what_no_list_gave(cursor):
    with pytest.raises(BadCursor):
        newest_first(Incident.objects.all(), by="detected_at", cursor=cursor, limit=5)
