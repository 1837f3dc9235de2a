"""The database states what must hold: constraints are named after their table, paired fields are checked."""

from __future__ import annotations

from django.apps import apps
from django.db import models


def our_models() -> list[type[models.Model]]:
    return [model for name in ("monitor", "ingestion") for model in apps.get_app_config(name).get_models()]


def test_constraint_and_index_names_are_unique() -> None:
    names = [item.name for model in our_models() for item in (*model._meta.constraints, *model._meta.indexes)]
    assert len(names) == len(set(names))
    assert all(names)


def test_a_field_with_choices_is_checked_by_the_database() -> None:
    unchecked = []
    for model in our_models():
        conditions = " ".join(
            str(item.condition) for item in model._meta.constraints if isinstance(item, models.CheckConstraint)
        )
        for field in model._meta.local_fields:
            if getattr(field, "choices", None) and field.name not in conditions:
                unchecked.append(f"{model.__name__}.{field.name}")
    assert unchecked == []
