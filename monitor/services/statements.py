"""A cursor for statements over many rows at once."""

from __future__ import annotations

from typing import Any, cast

import psycopg
from django.db import connection


def cursor() -> psycopg.Cursor[tuple[Any, ...]]:
    """A cursor on Django's connection that sends its arguments apart from the statement, and bytes as bytes.

    Errors come as psycopg raises them, unless the caller wraps them (`connection.wrap_database_errors`).
    """
    connection.ensure_connection()
    return psycopg.Cursor(cast("psycopg.Connection[tuple[Any, ...]]", connection.connection))
