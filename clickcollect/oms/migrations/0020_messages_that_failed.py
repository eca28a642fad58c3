"""Packages whose customer was not reached are found without reading all of them."""

from django.db import migrations, models
from django.db.models import Q

from clickcollect.long_tables import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("oms", "0019_when_an_import_was_started")]
    operations = [
        AddIndex(
            "package",
            models.Index(
                name="package_message_failed", fields=["state", "-id"], condition=Q(message_state="failed")
            ),
        ),
    ]
