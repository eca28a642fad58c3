"""What only the shop's own code can prepare, run as a child with its environment: `python -m scripts.bench.inside`.

`people N` makes N associates of one store, each with a token, and tokens of operator and admin; prints the keys.
`events N TYPE` publishes N events of that type in one transaction.
"""

import json
import sys

from clickcollect.runtime.console import django_command

STORE = "IST-01"


def people(count: int) -> dict[str, list[str]]:
    """Keys of so many associates, and of operator and admin."""
    from django.db import transaction

    from clickcollect.accounts.models import User
    from clickcollect.accounts.tokens import create_token
    from clickcollect.omnitron.models import RetailStore, StoreMembership
    from clickcollect.oms.access import RIGHTS

    store = RetailStore.objects.get(erp_code=STORE)
    first = User.objects.count()
    with transaction.atomic():
        staff = [User(username=f"bench-{first + number}", role="associate", password="!") for number in range(count)]
        User.objects.bulk_create(staff)
        StoreMembership.objects.bulk_create(StoreMembership(user=user, store=store) for user in staff)
    office = [User.objects.get(username=name) for name in ("operator", "admin")]
    return {
        kind: [create_token(user=user, name="bench", scopes=RIGHTS).key for user in users]
        for kind, users in (("associates", staff), ("office", office))
    }


def events(count: int, event_type: str) -> None:
    """Publish so many, each about an order of its own."""
    from django.db import transaction

    from clickcollect.whisperer import outbox

    payload = {"number": "BENCH", "status": "400", "amount": "12.40", "currency": "TRY"}
    with transaction.atomic():
        for start in range(0, count, 1000):
            numbers = range(start, min(start + 1000, count))
            outbox.publish_all(
                [
                    outbox.OutgoingEvent(type=event_type, subject=f"order:{10**9 + place}", payload=payload)
                    for place in numbers
                ]
            )


if __name__ == "__main__":
    with django_command("bench"):
        if sys.argv[1] == "people":
            sys.stdout.write(json.dumps(people(int(sys.argv[2]))))
        else:
            events(int(sys.argv[2]), sys.argv[3])
