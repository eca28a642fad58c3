"""The index of what was not delivered holds the codes alone: nobody asks for the oldest of anything else."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

from clickcollect.long_tables import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("whisperer", "0007_sending_pause")]
    operations = [
        AddIndex(
            model_name="delivery",
            index=models.Index(
                name="delivery_code_undelivered",
                fields=["event_type", "queued_at"],
                condition=Q(state__in=("queued", "retrying", "delivering"), code_bearing=True),
            ),
        ),
        RemoveIndexConcurrently(model_name="delivery", name="delivery_undelivered"),
    ]
