from django.db import migrations, models


class Migration(migrations.Migration):
    """Says of each run id how many runs are behind it."""

    dependencies = [('monitor', '0003_run_values')]

    operations = [
        migrations.AddField(
            model_name='run',
            name='parts',
            field=models.PositiveSmallIntegerField(
                db_default=1, default=1, help_text='runs behind the run id: more than one where it was reused'
            ),
        ),
    ]
