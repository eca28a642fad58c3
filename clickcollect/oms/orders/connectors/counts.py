"""How much came of what connectors were sent: every message is counted, by what became of it."""

from typing import Final

from django.db.models import F

from clickcollect.oms.connector_models import ConnectorCount

LONGEST: Final = 40


def count_message(connector: str, outcome: str) -> None:
    """Count one message. Arguments: ``outcome``, one of a few words, never a word of the message itself."""
    rows = ConnectorCount.objects.filter(connector=connector[:LONGEST], outcome=outcome[:LONGEST])
    one_more = F("number") + 1
    if not rows.update(number=one_more):
        ConnectorCount.objects.get_or_create(connector=connector[:LONGEST], outcome=outcome[:LONGEST])
        rows.update(number=one_more)


def counts() -> dict[tuple[str, str], int]:
    """How many messages came to what, by connector and outcome."""
    rows = ConnectorCount.objects.values_list("connector", "outcome", "number")
    return {(connector, outcome): number for connector, outcome, number in rows}
