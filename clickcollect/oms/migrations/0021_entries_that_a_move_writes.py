"""A move of a package writes fewer index entries: what another index or the key finds has none. Nothing is locked long."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models

from clickcollect.long_tables import AddIndex, MovePrimaryKey



class Migration(migrations.Migration):
    atomic = False
    dependencies = [("oms", "0020_messages_that_failed")]
    operations = [
        AddIndex(
            model_name="package",
            index=models.Index(
                name="package_of_store_in_state", fields=["stock_location", "-id", "state"], include=["delivery_type"]
            ),
        ),
        RemoveIndexConcurrently(model_name="package", name="package_of_store"),
        RemoveIndexConcurrently(model_name="package", name="package_store_state_newest"),
        RemoveIndexConcurrently(model_name="package", name="package_state_newest"),
        # It is made of the id, which is there once.
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE oms_package DROP CONSTRAINT IF EXISTS package_number_once",
                    "ALTER TABLE oms_package ADD CONSTRAINT package_number_once UNIQUE (number)",
                )
            ],
            state_operations=[migrations.RemoveConstraint(model_name="package", name="package_number_once")],
        ),
        # The column `id` stays for programs that run meanwhile.
        migrations.SeparateDatabaseAndState(
            database_operations=[
                MovePrimaryKey(
                    "oms_codeissue",
                    key=("package_id, number", "issue_of_package"),
                    drops=("oms_codeissue_pkey", "issue_number_once"),
                    back=("id", "oms_codeissue_pkey"),
                    besides="ADD CONSTRAINT issue_number_once UNIQUE (package_id, number)",
                )
            ],
            state_operations=[
                migrations.RemoveConstraint(model_name="codeissue", name="issue_number_once"),
                migrations.RemoveField(model_name="codeissue", name="id"),
                migrations.AddField(
                    model_name="codeissue",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "package", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
            ],
        ),
    ]
