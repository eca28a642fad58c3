"""A PIN may approve a step on a colleague's device, and is locked after too many wrong ones."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_browser_session")]
    operations = [
        migrations.AddField("user", "pin_can_approve", models.BooleanField(default=False, editable=False)),
        migrations.AddField("user", "pin_locked_at", models.DateTimeField(editable=False, null=True)),
    ]
