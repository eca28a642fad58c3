"""A delivery writes fewer index entries: what its event leads to, and what other indexes find, needs none of its own."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

from clickcollect.long_tables import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("whisperer", "0008_the_oldest_code")]
    operations = [
        AddIndex("delivery", models.Index(name="delivery_superseded", fields=["-id"], condition=Q(state="superseded"))),
        RemoveIndexConcurrently("delivery", "delivery_not_delivered"),
        RemoveIndexConcurrently("delivery", "delivery_of_subject"),
    ]
