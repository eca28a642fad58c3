"""What every list of packages asks of the database, so that its indexes are used however many packages there are."""

from collections.abc import Iterable

from django.db.models import Subquery

from clickcollect.oms import states
from clickcollect.oms.models import PackageState


def state_id(number: str) -> Subquery:
    """The id of one state; a plain value to the planner, so that a list's index gives its order too."""
    return Subquery(PackageState.objects.filter(enum_class=states.ENUM_CLASS, enum_value=number).values("pk")[:1])


def state_ids(numbers: Iterable[str]) -> Subquery:
    """The ids of several states, looked up inside the statement that needs them."""
    found = PackageState.objects.filter(enum_class=states.ENUM_CLASS, enum_value__in=tuple(numbers)).order_by()
    return Subquery(found.values("pk"))
