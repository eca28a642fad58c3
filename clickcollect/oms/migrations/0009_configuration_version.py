"""One row whose value is new after every change of the configuration, whoever makes it (oms/configuration.py)."""

from django.db import migrations, models

WATCHED = ("oms_packagestate", "oms_commandtransition", "oms_appliedsetting")
# Of a hook, only what decides who hears of an event.
HOOK = ("event_type", "is_active", "endpoint_id")

FUNCTION = """
CREATE FUNCTION configuration_has_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE oms_configurationversion SET version = gen_random_uuid();
    RETURN NULL;
END
$$;
INSERT INTO oms_configurationversion (id, version) VALUES (1, gen_random_uuid());
"""
TRIGGERS = "".join(
    f"""
CREATE TRIGGER configuration_has_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION configuration_has_changed();
"""
    for table in WATCHED
) + f"""
CREATE TRIGGER configuration_has_changed AFTER INSERT OR DELETE OR TRUNCATE ON whisperer_hook
    FOR EACH STATEMENT EXECUTE FUNCTION configuration_has_changed();
CREATE TRIGGER configuration_has_changed_by_update AFTER UPDATE ON whisperer_hook FOR EACH ROW
    WHEN (({", ".join(f"OLD.{column}" for column in HOOK)}) IS DISTINCT FROM
          ({", ".join(f"NEW.{column}" for column in HOOK)}))
    EXECUTE FUNCTION configuration_has_changed();
"""
LEAVE_IT = "".join(
    f"DROP TRIGGER configuration_has_changed ON {table};" for table in (*WATCHED, "whisperer_hook")
) + """
DROP TRIGGER configuration_has_changed_by_update ON whisperer_hook;
DROP FUNCTION configuration_has_changed;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("oms", "0008_fewer_indexes"),
        ("whisperer", "0003_why_no_secure_connection"),
    ]
    operations = [
        migrations.CreateModel(
            name="ConfigurationVersion",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("version", models.UUIDField()),
            ],
        ),
        migrations.RunSQL(FUNCTION + TRIGGERS, LEAVE_IT),
    ]
