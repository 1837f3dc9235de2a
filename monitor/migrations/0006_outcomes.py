import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Remembers what each run of a deterministic workflow made of its input."""

    dependencies = [('monitor', '0005_canaries')]

    operations = [
        migrations.CreateModel(
            name='Outcome',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(default=0)),
                ('workflow', models.CharField(max_length=200)),
                ('began', models.DateTimeField()),
                ('given', models.BinaryField(help_text='digest of the input', max_length=16)),
                ('made', models.BinaryField(help_text='digest of the output', max_length=16)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='monitor.project')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='outcomes', to='monitor.run')),
            ],
            options={
                'indexes': [models.Index(fields=['project', 'workflow', 'given', 'began'], name='outcome_group')],
                'constraints': [models.UniqueConstraint(fields=('run', 'number'), name='outcome_once')],
            },
        ),
    ]
