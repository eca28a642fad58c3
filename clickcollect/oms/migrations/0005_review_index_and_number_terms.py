"""Reviews are found by an index; an order number of three parts or more is found by how its later parts begin."""

from django.db import migrations, models

from clickcollect.long_tables import AddIndex, UpdateInBatches

# The rule of `search.number_terms`, for the packages that are there.
TERMS = """search = coalesce(search, '') || array_to_tsvector(ARRAY(
    SELECT left(array_to_string(parts[start:], ''), 64)
    FROM regexp_split_to_array(lower(btrim(order_number, '#./:-_ ')), '[^[:alnum:]]+') parts,
        generate_series(1, least(cardinality(parts), 6)) start
    WHERE array_to_string(parts[start:], '') <> ''
))"""
HAS_THREE_PARTS = "order_number ~ '[[:alnum:]][^[:alnum:]]+[[:alnum:]]+[^[:alnum:]]+[[:alnum:]]'"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("oms", "0004_what_lists_are_filtered_by")]
    operations = [
        AddIndex(
            model_name="commandlog",
            index=models.Index(
                condition=models.Q(
                    models.Q(("command_code", "DELIVER_WITHOUT_CODE"), ("kind", "move")),
                    ("code", "locked_out"),
                    ("code", "delivered_after_phone_change"),
                    _connector="OR",
                ),
                fields=["at", "id"],
                name="log_wants_review",
            ),
        ),
        UpdateInBatches("oms_package", sets=TERMS, where=HAS_THREE_PARTS, back=None),
    ]
