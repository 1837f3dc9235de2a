import uuid

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitor', '0011_counters'),
    ]

    operations = [
        migrations.CreateModel(
            name='Pulse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=20, unique=True)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='SelfCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('began_at', models.DateTimeField()),
                ('deadline_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('error', models.CharField(blank=True, default='', max_length=200)),
                ('detected_at', models.DateTimeField(blank=True, null=True)),
                ('alerted_at', models.DateTimeField(blank=True, null=True)),
                ('missed_at', models.DateTimeField(blank=True, null=True)),
                ('recovered_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['-began_at'], name='self_check_latest'), models.Index(condition=models.Q(('missed_at__isnull', False), ('recovered_at', None)), fields=['began_at'], name='self_check_outage')],
                'constraints': [models.CheckConstraint(condition=models.Q(('recovered_at', None), ('missed_at__isnull', False), _connector='OR'), name='self_check_recovers_from_a_miss'), models.CheckConstraint(condition=models.Q(('deadline_at__gt', models.F('began_at'))), name='self_check_has_time')],
            },
        ),
        migrations.AlterField(
            model_name='notification',
            name='kind',
            field=models.CharField(help_text='incident.opened, incident.reopened, incident.resolved, self_check.missed, self_check.recovered, test', max_length=40),
        ),
    ]
