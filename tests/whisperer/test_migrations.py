"""A queue that is older than a migration goes on when it is brought up to date."""

import pytest
from django.db import IntegrityError

from clickcollect.whisperer import claims
from clickcollect.whisperer.models import Delivery, Hook
from tests import database_reset
from tests.whisperer.dispatch import publish


@pytest.mark.django_db(transaction=True)
def test_what_waits_and_what_is_under_way_stays_so_when_columns_are_renamed(hook: Hook) -> None:
    publish()
    publish()
    (claimed,) = claims.claim(5)
    before = list(Delivery.objects.order_by("id").values("ordering_key", "fencing_token", "state"))
    database_reset.migrate_there_and_back("whisperer", "0003")
    assert list(Delivery.objects.order_by("id").values("ordering_key", "fencing_token", "state")) == before
    assert claims.claim(5) == []  # one at a time still
    with pytest.raises(IntegrityError, match="delivery_one_at_a_time"):
        Delivery.objects.exclude(pk=claimed.id).update(state="delivering", lease_until="2099-01-01T00:00Z")
