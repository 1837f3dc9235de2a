import django.db.models.deletion
from django.db import migrations, models

_LOOK_AT_THE_LATEST = """
INSERT INTO monitor_crowdwork (project_id, run_id, created_at, not_before, failures, last_error)
SELECT project_id, id, now(), now(), 0, '' FROM (
    SELECT project_id, id, row_number() OVER (PARTITION BY project_id ORDER BY first_at DESC, id DESC) AS latest
    FROM monitor_run WHERE judged_at IS NOT NULL
) AS ranked WHERE latest <= 5000
"""


class Migration(migrations.Migration):
    """Judges the runs of a project together: what each held, which are still to be taken up, and when it was done.

    The latest runs of each project are taken up.
    """

    dependencies = [('monitor', '0007_anomaly_evidence')]

    operations = [
        migrations.CreateModel(
            name='Crowd',
            fields=[
                ('project', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='crowd', serialize=False, to='monitor.project')),
                ('judged_at', models.DateTimeField()),
                ('next_at', models.DateTimeField()),
                ('seconds', models.FloatField(help_text='how long it took')),
                ('runs', models.PositiveIntegerField(help_text='how many runs were looked at together')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('next_at__gte', models.F('judged_at'))), name='crowd_times_in_order'), models.CheckConstraint(condition=models.Q(('seconds__gte', 0)), name='crowd_seconds_positive')],
            },
        ),
        migrations.CreateModel(
            name='CrowdWork',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField()),
                ('not_before', models.DateTimeField()),
                ('failures', models.PositiveIntegerField(default=0)),
                ('last_error', models.CharField(blank=True, default='', help_text="the exception's type, no value", max_length=200)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='monitor.project')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='crowd_work', to='monitor.run')),
            ],
            options={
                'verbose_name_plural': 'crowd work',
                'indexes': [models.Index(fields=['project', 'not_before', 'id'], name='crowd_work_due'), models.Index(fields=['run'], name='crowd_work_of_run')],
            },
        ),
        migrations.CreateModel(
            name='RunFacts',
            fields=[
                ('run', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='facts', serialize=False, to='monitor.run')),
                ('first_at', models.DateTimeField(blank=True, null=True)),
                ('digest', models.BigIntegerField(help_text="of the facts and of the run's family: another one says, read it again")),
                ('body', models.BinaryField(help_text='MessagePack, compressed with zstd')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='monitor.project')),
            ],
            options={
                'verbose_name_plural': 'run facts',
                'indexes': [models.Index(condition=models.Q(('first_at__isnull', False)), fields=['project', '-first_at', '-run'], name='run_facts_latest')],
            },
        ),
        migrations.AddIndex(
            model_name='anomaly',
            index=models.Index(condition=models.Q(('rule', 'foreign-value')), fields=['run'], name='anomaly_of_crowd'),
        ),
        migrations.RunSQL(_LOOK_AT_THE_LATEST, migrations.RunSQL.noop),
    ]
