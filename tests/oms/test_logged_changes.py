"""Tokens, stores and administrators change by one function each, which logs, whatever door or command calls it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connections
from django.test import Client
from django.utils import timezone
from typer.testing import CliRunner

from clickcollect.accounts.models import LOGIN_NAME, ApiToken, Channel, Role, User
from clickcollect.cli import app
from clickcollect.errors import DomainError, Forbidden, NotFound, ValidationFailed
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms.access import SYSTEM, actor_for
from clickcollect.oms.log_models import CommandLog, NoteKind
from clickcollect.oms.staff import add_first_admin
from clickcollect.oms.stores import FIELDS, save_store
from clickcollect.oms.tokens import create_api_token, revoke_api_token
from clickcollect.runtime.errors import Problem
from tests import shop
from tests.concurrency import stopped_at

pytestmark = pytest.mark.django_db(transaction=True)

STORE: Final = {
    "erp_code": "ANK-01", "name": "Kızılay", "country": "TR", "currency": "TRY", "time_zone": "Europe/Istanbul",
    "language_code": "tr", "click_and_collect": "on", "is_active": "on",
}  # fmt: skip
PHRASE: Final = "a long good phrase"


def office() -> Client:
    """An administrator in OMS WEB."""
    client = Client()
    client.force_login(User.objects.filter(username="boss").first() or shop.make_user(Role.ADMIN, username="boss"))
    return client


def console(*arguments: str) -> None:
    result = CliRunner().invoke(app, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output


def a_user() -> User:
    return User.objects.filter(username="lena").first() or shop.make_user(Role.OPERATOR, username="lena")


def a_store() -> RetailStore:
    return RetailStore.objects.filter(erp_code="IST-01").first() or shop.make_store("IST-01")


def a_token() -> ApiToken:
    return ApiToken.objects.first() or make_token().token


def make_token(**changes: Any) -> Any:
    wanted: dict[str, Any] = {"name": "till", "scopes": ["orders:read"], "channel": Channel.OMS_WEB, "stores": ()}
    return create_api_token(**{"user": a_user(), "expires_at": None, "actor": SYSTEM, **wanted, **changes})


def open_store(code: str = "ANK-01", **changes: Any) -> RetailStore:
    fields = {name: getattr(RetailStore(name="Kızılay"), name) for name in FIELDS}
    return save_store(**{"store_id": None, "erp_code": code, "fields": fields, "actor": SYSTEM, **changes})


def post_token() -> None:
    data = {"name": "ERP", "user": str(a_user().pk), "channel": "OMS WEB", "scopes": ["packages:read"]}
    office().post("/oms/tokens/add/", data)


WAYS: Final[dict[str, tuple[Callable[[], object], NoteKind]]] = {
    "a token made in OMS WEB": (post_token, NoteKind.TOKEN_CREATED),
    "a token made by the console": (
        lambda: console("token", "create", a_user().username, "--name", "till"),
        NoteKind.TOKEN_CREATED,
    ),
    "a token revoked in OMS WEB": (
        lambda: office().post(f"/oms/tokens/{a_token().pk}/revoke/"),
        NoteKind.TOKEN_REVOKED,
    ),
    "a token revoked by the console": (lambda: console("token", "revoke", str(a_token().pk)), NoteKind.TOKEN_REVOKED),
    "a store opened in OMS WEB": (lambda: office().post("/oms/stores/add/", STORE), NoteKind.STORE_CHANGED),
    "a store changed in OMS WEB": (
        lambda: office().post(f"/oms/stores/{a_store().pk}/change/", STORE | {"erp_code": "IST-01"}),
        NoteKind.STORE_CHANGED,
    ),
    "an administrator added by the console": (
        lambda: console("staff", "add-admin", "chief", "--password", PHRASE),
        NoteKind.STAFF_CHANGED,
    ),
    "an administrator added in OMS WEB": (
        lambda: office().post(
            "/oms/staff/add/", {"username": "chief", "role": "admin", "is_active": "on", "password": PHRASE}
        ),
        NoteKind.STAFF_CHANGED,
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_door_and_command_writes_the_log_row(way: str) -> None:
    change, kind = WAYS[way]
    if "revoked" in way:
        a_token()
    before = set(CommandLog.objects.values_list("pk", flat=True))
    change()
    rows = CommandLog.objects.exclude(pk__in=before)
    assert [row.note_kind for row in rows] == [kind]
    who = User.objects.filter(username="boss").first()
    assert rows[0].actor_id == (who.pk if who and "OMS WEB" in way else None)


CHANGES: Final[dict[str, tuple[Callable[[], object], Callable[[], object]]]] = {
    "a token made": (make_token, ApiToken.objects.count),
    "a token revoked": (
        lambda: revoke_api_token(token_id=a_token().pk, actor=SYSTEM),
        lambda: ApiToken.objects.filter(revoked_at=None).count(),
    ),
    "a store opened": (open_store, RetailStore.objects.count),
    "an administrator": (lambda: add_first_admin(username="chief", password=PHRASE), User.objects.count),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_cannot_be_logged_does_not_happen(change: str) -> None:
    deed, state = CHANGES[change]
    a_user(), a_token()
    before, role = state(), settings.DATABASES["default"]["USER"]
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"REVOKE INSERT ON oms_commandlog FROM {role}")
        try:
            with pytest.raises(DatabaseError):
                deed()
        finally:
            cursor.execute(f"GRANT INSERT ON oms_commandlog TO {role}")
    assert state() == before
    deed()
    assert state() != before, "control: with its log row it happens"


def test_a_race_on_a_stores_code_is_told_at_its_field() -> None:
    (answer,) = stopped_at(lambda: shop.make_store("ANK-01"), open_store)
    assert isinstance(answer, ValidationFailed)
    assert [fault["loc"] for fault in answer.errors] == ["erp_code"]
    assert not CommandLog.objects.exists()


def test_control_the_database_alone_would_answer_a_race_with_an_error_of_its_own() -> None:
    with pytest.raises(IntegrityError):
        stopped_at(lambda: shop.make_store("ANK-01"), lambda: RetailStore.objects.create(erp_code="ANK-01", name="x"))


def test_a_race_on_the_username_of_the_first_administrator_is_told_at_its_field() -> None:
    (answer,) = stopped_at(
        lambda: shop.make_user(Role.OPERATOR, username="chief"),
        lambda: add_first_admin(username="chief", password=PHRASE),
    )
    assert isinstance(answer, ValidationFailed)
    assert [fault["loc"] for fault in answer.errors] == ["username"]


def test_a_stores_code_is_given_once_whoever_changes_it() -> None:
    store = open_store()
    open_store("NEW-01", store_id=store.pk)
    store.refresh_from_db()
    assert store.erp_code == "ANK-01"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": LOGIN_NAME}, "name"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"stores": ["XXX-99"]}, "stores"),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "expires_at"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused_at_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        make_token(**changes)
    assert [fault["loc"] for fault in caught.value.errors] == [field]
    assert not ApiToken.objects.exists()


def test_a_token_named_like_a_sign_in_is_refused_by_the_console() -> None:
    a_user()
    with pytest.raises(Problem, match="reserved for sign-ins"):
        console("token", "create", "lena", "--name", LOGIN_NAME)


@pytest.mark.parametrize(
    "change",
    [
        lambda actor: make_token(actor=actor),
        lambda actor: revoke_api_token(token_id=1, actor=actor),
        lambda actor: open_store(actor=actor),
    ],
)
def test_who_has_no_right_to_it_changes_nothing(change: Callable[[Any], object]) -> None:
    with pytest.raises(Forbidden):
        change(actor_for(shop.make_user(Role.MANAGER, shop.make_store())))


def test_what_is_not_there_is_not_found() -> None:
    refusals: list[type[DomainError]] = []
    for deed in (
        lambda: revoke_api_token(token_id=2**70, actor=SYSTEM),
        lambda: open_store(store_id=2**70),
    ):
        with pytest.raises(DomainError) as caught:
            deed()
        refusals.append(caught.type)
    assert refusals == [NotFound, NotFound]


def test_codes_that_differ_only_in_case_are_one_store_for_two_who_open_it_at_once() -> None:
    """The second waits until the first commits; a look before writing sees nothing of it. Control: another code."""
    (refusal,) = stopped_at(lambda: open_store("ANK-01"), lambda: open_store("ank-01"))
    assert isinstance(refusal, ValidationFailed)
    assert [fault["loc"] for fault in refusal.errors] == ["erp_code"]
    open_store("ANK-02")
    assert set(RetailStore.objects.values_list("erp_code", flat=True)) == {"ANK-01", "ANK-02"}
