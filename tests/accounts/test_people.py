"""Names of people."""

import pytest

from clickcollect.accounts.people import full_names
from tests import shop


@pytest.mark.django_db
def test_names_are_those_of_the_people_asked_for() -> None:
    one, two = shop.make_user("operator"), shop.make_user("admin")
    assert full_names([one.pk, None, one.pk]) == {one.pk: one.get_full_name()}
    assert full_names([one.pk, two.pk]) == {one.pk: one.get_full_name(), two.pk: two.get_full_name()}
    assert full_names([None]) == {}
