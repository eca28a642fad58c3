"""Seed the states and commands of contract section 1."""

from django.db import migrations

from clickcollect.oms.workflow.seed import seed_reference_data


def seed(apps, schema_editor):
    seed_reference_data(using=schema_editor.connection.alias, apps=apps)


class Migration(migrations.Migration):
    dependencies = [("oms", "0001_initial")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
