"""Handovers to review counts those of the last weeks without reading the log from end to end. Nothing is locked."""

from django.db import migrations, models
from django.db.models import Q

from clickcollect.long_tables import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("oms", "0009_configuration_version")]
    operations = [
        AddIndex(
            model_name="commandlog",
            index=models.Index(
                name="log_handovers",
                fields=["at"],
                include=["store_id", "actor_id", "command_code"],
                condition=Q(kind="move", new_state="700"),
            ),
        ),
    ]
