"""Wrong codes of programs are counted by owner and store; tokens that are there keep what is now a scope of its own."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models

from clickcollect.long_tables import AddIndex, AddTable

OVERRIDE, COMMAND = "packages:override", "packages:command"
AUTHORITY = ("manager", "operator", "admin")
WANTS_REVIEW = models.Q(
    models.Q(("command_code", "DELIVER_WITHOUT_CODE"), ("kind", "move")),
    ("code", "locked_out"),
    ("code", "delivered_after_phone_change"),
    ("code", "token_keeps_override"),
    _connector="OR",
)


def keep_override(apps, schema_editor):
    """Each of them stands on the list of what is to be reviewed."""
    tokens = apps.get_model("accounts", "ApiToken").objects.using(schema_editor.connection.alias)
    log = apps.get_model("oms", "CommandLog").objects.using(schema_editor.connection.alias)
    held = tokens.filter(revoked_at=None, scopes__contains=[COMMAND], user__role__in=AUTHORITY)
    for token in held.exclude(scopes__contains=[OVERRIDE]).iterator():
        tokens.filter(pk=token.pk).update(scopes=sorted([*token.scopes, OVERRIDE]))
        if token.name != "login":
            log.create(
                kind="note",
                code="token_keeps_override",
                attributes={"token.id": token.pk, "token.user": token.user_id},
            )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0002_idempotency_keys"), ("oms", "0005_review_index_and_number_terms")]
    operations = [
        AddTable(
            name="ProgramBudget",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("user_id", models.BigIntegerField()),
                ("store_id", models.BigIntegerField()),
                ("tried_at", ArrayField(base_field=models.DateTimeField(), size=None)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["user_id", "store_id"], name="program_budget_once"),
                ],
            },
        ),
        migrations.RunPython(keep_override, migrations.RunPython.noop, atomic=True),
        RemoveIndexConcurrently(model_name="commandlog", name="log_wants_review"),
        AddIndex(
            model_name="commandlog",
            index=models.Index(condition=WANTS_REVIEW, fields=["at", "id"], name="log_wants_review"),
        ),
    ]
