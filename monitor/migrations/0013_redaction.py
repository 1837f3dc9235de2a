"""What a project hashes or drops at the door, and the key it hashes under: one of its own for each project."""

import secrets

from django.db import migrations, models

import monitor.models.projects


def give_keys(apps, schema_editor):
    for project in apps.get_model("monitor", "Project").objects.all():
        project.redaction_key = secrets.token_bytes(32)
        project.save(update_fields=["redaction_key"])


class Migration(migrations.Migration):
    dependencies = [("monitor", "0012_self_checks")]

    operations = [
        migrations.AddField(
            model_name="project",
            name="redaction",
            field=models.JSONField(
                blank=True,
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                help_text="what is hashed or dropped at the door, as it was put (docs/redaction.md)",
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="redaction_key",
            field=models.BinaryField(
                default=monitor.models.projects._fresh_key,
                help_text="under which values are hashed; never shown",
                max_length=32,
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="redaction_changed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="project",
            name="redaction_changed_by",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.RunPython(give_keys, migrations.RunPython.noop),
    ]
