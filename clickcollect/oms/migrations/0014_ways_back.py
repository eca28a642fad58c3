"""Two ways back: from Packed to Waiting, and from Ready to Packed."""

from django.db import migrations

from clickcollect.oms.workflow.seed import seed_reference_data


def seed(apps, schema_editor):
    """Seed the rows “back-to-waiting” and “back-to-packed”."""
    seed_reference_data(using=schema_editor.connection.alias, apps=apps, slugs=["back-to-waiting", "back-to-packed"])


class Migration(migrations.Migration):
    dependencies = [("oms", "0013_what_shops_told")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
