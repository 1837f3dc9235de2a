import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitor', '0010_calm_runs'),
    ]

    operations = [
        migrations.CreateModel(
            name='Counter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40)),
                ('label', models.CharField(blank=True, default='', help_text='a rule, a kind and an outcome', max_length=120)),
                ('slot', models.PositiveSmallIntegerField()),
                ('value', models.PositiveBigIntegerField()),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='monitor.project')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('project', 'name', 'label', 'slot'), name='counter_slot_once')],
            },
        ),
        # A row is changed many times a second: room on its page, so that the index is left alone
        migrations.RunSQL(
            "ALTER TABLE monitor_counter SET (fillfactor = 50)",
            "ALTER TABLE monitor_counter RESET (fillfactor)",
        ),
    ]
