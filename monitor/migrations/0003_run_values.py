import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

_JUDGE_ALL = """
INSERT INTO monitor_work (project_id, run_id, reason, event_pks, created_at, not_before, failures, last_error)
SELECT project_id, id, 'dependency', '{}', now(), now(), 0, '' FROM monitor_run WHERE judged_at IS NOT NULL
"""


class Migration(migrations.Migration):
    """Indexes every value that a run held, by fingerprint, in place of some with their paths.

    All runs are judged again, which fills the new index.
    """

    dependencies = [('monitor', '0002_rule_failures')]

    operations = [
        migrations.CreateModel(
            name='RunValues',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('values', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ('since', models.DateTimeField()),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='monitor.project')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='held_values', to='monitor.run')),
            ],
            options={
                'verbose_name_plural': 'run values',
                'indexes': [
                    django.contrib.postgres.indexes.GinIndex(fields=['values'], name='run_values_by_value'),
                    models.Index(fields=['run'], name='run_values_of_run'),
                ],
            },
        ),
        migrations.DeleteModel(name='Holding'),
        migrations.RemoveIndex(model_name='anomaly', name='anomaly_by_value'),
        migrations.RemoveField(model_name='anomaly', name='wants'),
        migrations.AddField(
            model_name='anomaly',
            name='wants',
            field=models.BigIntegerField(blank=True, help_text='fingerprint of the value to trace', null=True),
        ),
        migrations.AddField(
            model_name='anomaly',
            name='sought_until',
            field=models.DateTimeField(
                blank=True,
                help_text="nothing that a run did later, by the sender's clock, can be its source",
                null=True,
            ),
        ),
        migrations.AddIndex(
            model_name='anomaly',
            index=models.Index(
                condition=models.Q(('wants__isnull', False)), fields=['project', 'wants'], name='anomaly_by_value'
            ),
        ),
        migrations.AddIndex(
            model_name='anomaly',
            index=models.Index(
                condition=models.Q(('wants__isnull', False)), fields=['project', 'sought_until'], name='anomaly_sought'
            ),
        ),
        migrations.RunSQL(_JUDGE_ALL, migrations.RunSQL.noop),
    ]
