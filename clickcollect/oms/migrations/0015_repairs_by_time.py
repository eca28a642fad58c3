"""Orders to repair of some days are found without reading all. Nothing is locked."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations

from clickcollect.long_tables import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("omnitron", "0003_amounts_with_the_places_of_their_currency"),
        ("oms", "0014_ways_back"),
    ]
    operations = [
        AddIndex(
            model_name="ordertorepair",
            index=BrinIndex(autosummarize=True, fields=["received_at"], name="repair_time_range"),
        ),
    ]
