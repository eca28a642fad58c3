"""Orders to repair of some days are found without reading all. The table is new and short: nothing waits."""

import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('omnitron', '0003_amounts_with_the_places_of_their_currency'),
        ('oms', '0014_ways_back'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='ordertorepair',
            index=django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=['received_at'], name='repair_time_range'),
        ),
    ]
