"""Making deliveries and looking at them."""

from typing import Any, Final

from django.db import transaction

from clickcollect.accounts.models import Role, User
from clickcollect.whisperer import hooks, outbox
from clickcollect.whisperer.models import Delivery, Event, Hook
from clickcollect.whisperer.outbox import OutgoingEvent

NEWS: Final = "test.news"
CODE: Final = "test.code"
TARGET: Final = "http://127.0.0.1:9/hook"


def make_user(name: str, *, role: Role = Role.ADMIN) -> User:
    return User.objects.create_user(name, role=role)


def make_hook(user: User, *, url: str = TARGET, type: str = NEWS, **fields: Any) -> Hook:  # noqa: A002
    return hooks.create_hook(user_id=user.pk, fields={"event_type": type, "target_url": url, **fields})


def publish(*, subject: str = "package:1", type: str = NEWS, payload: dict[str, Any] | None = None) -> Event:  # noqa: A002
    with transaction.atomic():
        return outbox.publish(type=type, subject=subject, payload=payload or {"number": "P1"})


def publish_many(count: int, *, type: str = NEWS, per_subject: int = 1) -> None:  # noqa: A002
    for start in range(0, count, 1000):
        with transaction.atomic():
            outbox.publish_all(
                [
                    OutgoingEvent(
                        type=type, subject=f"package:{number // per_subject}", payload={"number": f"P{number}"}
                    )
                    for number in range(start, min(start + 1000, count))
                ]
            )


def states() -> dict[str, int]:
    """How many deliveries are in which state."""
    found: dict[str, int] = {}
    for state in Delivery.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found
