"""In which time zone a person reads OMS WEB; empty: in the store's."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_pin_for_approvals")]
    operations = [
        migrations.AddField(
            "user", "time_zone", models.CharField(blank=True, db_default="", default="", max_length=64, verbose_name="time zone")
        ),
    ]
