import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Remembers which canaries were issued to which run, and what they look like."""

    dependencies = [('monitor', '0004_reused_runs')]

    operations = [
        migrations.CreateModel(
            name='Canary',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(default=0)),
                ('token', models.TextField()),
                ('key', models.BigIntegerField(help_text='its fingerprint, as a value that a run holds')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='monitor.project')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='canaries', to='monitor.run')),
            ],
            options={
                'verbose_name_plural': 'canaries',
                'indexes': [models.Index(fields=['project', 'key'], name='canary_by_key')],
                'constraints': [models.UniqueConstraint(fields=('run', 'number', 'key'), name='canary_once')],
            },
        ),
        migrations.AddField(
            model_name='project',
            name='canary_shapes',
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                help_text="what the project's canaries look like: pairs of prefix and length",
            ),
        ),
    ]
