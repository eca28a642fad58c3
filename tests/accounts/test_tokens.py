"""API tokens, as the packages above use them: what is kept of a key, how often use is noted, how many are listed."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from clickcollect.accounts import tokens
from clickcollect.accounts.models import ApiToken, User
from clickcollect.errors import NotAuthenticated
from tests import shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return shop.make_user("admin")


def test_nine_characters_of_a_key_are_shown(admin: User) -> None:
    made = tokens.create_token(user=admin, name="till", scopes=())
    assert made.token.prefix == made.key[:9]


@pytest.mark.parametrize(("ago", "noted"), [(30, False), (61, True)])
def test_a_use_that_another_process_has_noted_in_the_last_minute_is_not_noted_again(
    admin: User, *, ago: int, noted: bool
) -> None:
    """The token was read before that; the database decides."""
    token = tokens.create_token(user=admin, name="till", scopes=()).token
    then = timezone.now() - timedelta(seconds=ago)
    ApiToken.objects.update(last_used_at=then)
    tokens.note_use(token.pk)
    assert (ApiToken.objects.get().last_used_at != then) is noted


@pytest.mark.parametrize("ended", [{"is_active": False}, {"password": "of somebody else"}])
def test_a_sign_in_that_began_before_access_ended_makes_no_key(admin: User, ended: dict[str, Any]) -> None:
    User.objects.update(**ended)
    with pytest.raises(NotAuthenticated):
        tokens.create_login(user=admin, scopes=())
    assert not ApiToken.objects.exists()


def test_a_list_ends_with_a_thousand_tokens_the_newest_first(admin: User) -> None:
    ApiToken.objects.bulk_create(
        ApiToken(user=admin, name="till", prefix="cc_", digest=f"{number:064}", scopes=[], channel=admin.channel)
        for number in range(1001)
    )
    listed = tokens.list_tokens()
    assert len(listed) == 1000
    assert listed == sorted(listed, key=lambda token: -token.pk)
    assert listed[0].digest == f"{1000:064}"


def test_ending_tokens_says_how_many_there_were(admin: User) -> None:
    kept = tokens.create_token(user=admin, name="till", scopes=()).token
    logins = [tokens.create_login(user=admin, scopes=()).token for _ in range(2)]
    assert tokens.revoke_logins_of(admin) == 2
    assert [tokens.revoke_token(logins[0].pk), tokens.revoke_token(kept.pk), tokens.revoke_token(kept.pk)] == [
        False,
        True,
        False,
    ]
    assert tokens.revoke_tokens_of(admin) == 0
