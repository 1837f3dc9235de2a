from django.db import migrations, models


class Migration(migrations.Migration):
    """Keeps with an anomaly its evidence, and which run behind a reused run id shows it."""

    dependencies = [('monitor', '0006_outcomes')]

    operations = [
        migrations.AddField(
            model_name='anomaly', name='evidence', field=models.JSONField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name='anomaly',
            name='owner',
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, help_text='number of the run behind a reused run id'
            ),
        ),
    ]
