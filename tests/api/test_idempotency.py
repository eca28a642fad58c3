"""A request that is sent again is one request (contract section 2; T19)."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.models import F
from django.http import HttpResponse

from clickcollect.accounts import idempotency
from clickcollect.accounts.models import IdempotencyKey
from clickcollect.api import packages as packages_api
from clickcollect.omnitron.models import Order, StoreMembership
from clickcollect.oms import states
from clickcollect.oms.codes.attempt_limits import PROGRAM_TIMES
from clickcollect.oms.commands import statements
from clickcollect.oms.log_models import CommandLog, LogKind
from clickcollect.oms.models import Package
from tests import concurrency, shop
from tests.api.caller import ORDERS, PACKAGES, SETTINGS, Caller, caller_for, code_of, make_caller

pytestmark = pytest.mark.django_db
PACK = {"slug": "complete-packaging-without-shipment"}
DELIVER = "self-service-package-delivery"


@pytest.fixture
def till() -> Caller:
    return make_caller("associate", shop.make_store())


def test_the_same_request_gets_the_same_answer_and_runs_once(till: Caller) -> None:
    package = shop.make_package()
    answers = [till.command(package.pk, PACK, Idempotency_Key="a") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert [answer.get("Idempotency-Replayed") for answer in answers] == [None, "true", "true"]
    assert ["Content-Type" in answer for answer in answers] == [False, False, False]
    assert CommandLog.objects.filter(package_id=package.pk).count() == 1
    # Without the key, the second one is a conflict.
    assert till.command(package.pk, PACK).status_code == 409


def test_an_answer_with_a_body_is_given_again_to_the_byte() -> None:
    shop.make_store()
    office = make_caller("operator")
    sent = shop.order_document("WEB-ü")
    first, again = (office.post(ORDERS, sent, Idempotency_Key="a") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first["Content-Type"] == again["Content-Type"]


@pytest.mark.parametrize("body", [{"slug": "no-such"}, {}, {"slug": "ready-for-customer-pickup"}])
def test_400_and_409_are_kept(till: Caller, body: dict[str, str]) -> None:
    package = shop.make_package()
    first = till.command(package.pk, body, Idempotency_Key="a")
    shop.package_of(package.pk)
    again = till.command(package.pk, body, Idempotency_Key="a")
    assert first.status_code in (400, 409)
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert again["Idempotency-Replayed"] == "true"


def test_a_wrong_code_is_counted_once_however_often_it_is_sent(till: Caller) -> None:
    package = shop.make_package(states.READY)
    body = {"slug": DELIVER, "otp": shop.wrong_code(package)}
    for _ in range(3):
        answer = till.command(package.pk, body, Idempotency_Key="a")
        assert (answer.status_code, code_of(answer)) == (422, "otp_incorrect")
    assert shop.reread(package).total_attempts == 1


def test_a_new_try_of_a_code_needs_a_new_key(till: Caller) -> None:
    """The fingerprint leaves the code out: it could be asked "was it this one?" otherwise."""
    package = shop.make_package(states.READY)
    till.command(package.pk, {"slug": DELIVER, "otp": shop.wrong_code(package)}, Idempotency_Key="a")
    right = {"slug": DELIVER, "otp": shop.right_code(package)}
    assert till.command(package.pk, right, Idempotency_Key="a").status_code == 422
    assert till.command(package.pk, right, Idempotency_Key="b").status_code == 204


def test_no_code_and_no_hash_over_it_is_kept() -> None:
    def fingerprint(**body: Any) -> str:
        return idempotency.fingerprint_of({"body": body})

    assert fingerprint(otp="482913") == fingerprint(otp="482914") == fingerprint()
    assert fingerprint(OTP="1", config={"auth": {"password": "x", "username": "u"}}) == fingerprint(
        config={"auth": {"username": "u"}}
    )
    assert fingerprint(a=[{"secret_key": "x"}]) == fingerprint(a=[{}])
    assert fingerprint(reason="x") != fingerprint(reason="y")


def test_a_fingerprint_is_worth_nothing_without_the_sites_key(settings: Any) -> None:
    before = idempotency.fingerprint_of({"body": {"reason": "482913"}})
    settings.SECRET_KEY = "another"
    assert idempotency.fingerprint_of({"body": {"reason": "482913"}}) != before


def test_the_same_key_for_another_request_is_a_mismatch(till: Caller) -> None:
    package, other = shop.make_package(), shop.make_package()
    till.command(package.pk, PACK, Idempotency_Key="a")
    for answer in (
        till.command(package.pk, PACK | {"reason": "x"}, Idempotency_Key="a"),
        till.command(other.pk, PACK, Idempotency_Key="a"),
        till.post(f"{PACKAGES}{package.pk}/command/?x=1", PACK, Idempotency_Key="a"),
    ):
        assert (answer.status_code, code_of(answer)) == (422, "idempotency_mismatch")
    assert shop.state_of(other) == states.WAITING


def test_keys_belong_to_their_caller(till: Caller) -> None:
    package = shop.make_package()
    till.command(package.pk, PACK, Idempotency_Key="a")
    colleague = make_caller("associate", shop.make_store())
    assert colleague.command(package.pk, PACK, Idempotency_Key="a").status_code == 409


def test_an_answer_is_not_given_to_a_caller_who_has_lost_the_right_to_it() -> None:
    store = shop.make_store()
    user = shop.make_user("associate", store)
    till = caller_for(user)
    package = shop.make_package(store=store)
    till.command(package.pk, PACK, Idempotency_Key="a")
    StoreMembership.objects.filter(user=user).delete()
    assert till.command(package.pk, PACK, Idempotency_Key="a").status_code == 422
    assert till.command(package.pk, PACK).status_code == 404


def test_404_403_and_500_are_not_kept(till: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    assert till.post(ORDERS, {}, Idempotency_Key="a").status_code == 403
    package_id = shop.make_package().pk + 1
    assert till.command(package_id, PACK, Idempotency_Key="b").status_code == 404
    assert shop.make_package().pk == package_id
    with monkeypatch.context() as patch:
        patch.setattr(f"{packages_api.__name__}.run_command", lambda **_: 1 / 0)
        assert till.command(package_id, PACK, Idempotency_Key="b").status_code == 500
    assert till.command(package_id, PACK, Idempotency_Key="b").status_code == 204


def test_a_breakdown_frees_the_key() -> None:
    request = idempotency.Request(caller="user:1", key="a", subject={})
    with pytest.raises(ZeroDivisionError):
        idempotency.answer_once(request, lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    assert idempotency.answer_once(request, lambda: idempotency.Answer(status=204)).status == 204


def test_throttled_is_not_kept_and_keeps_its_header(till: Caller) -> None:
    shop.put_setting("OTP_ATTEMPTS_PER_EMPLOYEE_HOUR", value=1)
    package = shop.make_package(states.READY)
    for _ in range(PROGRAM_TIMES):
        till.command(shop.make_package(states.READY).pk, {"slug": DELIVER, "otp": "000000"})
    for _ in range(2):
        answer = till.command(package.pk, {"slug": DELIVER, "otp": "000000"}, Idempotency_Key="a")
        assert (answer.status_code, "Retry-After" in answer, "Idempotency-Replayed" in answer) == (429, True, False)
    assert IdempotencyKey.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_while_the_first_one_runs_the_second_one_does_not_wait() -> None:
    """It hears so at once, before it looks at the package, which the first one waits for."""
    store = shop.make_store()
    key = make_caller("associate", store).headers["Authorization"].split()[1]
    package = shop.make_package(store=store)

    def deed() -> Any:
        return Caller(key).command(package.pk, PACK, Idempotency_Key="a")

    second: list[Any] = []
    (first,) = concurrency.stopped_at(
        lambda: Package.objects.select_for_update(no_key=True).get(pk=package.pk),
        deed,
        meanwhile=lambda: second.extend(concurrency.at_once([deed])),
    )
    assert isinstance(first, HttpResponse)
    assert (first.status_code, second[0].status_code) == (204, 409)
    assert code_of(second[0]) == "idempotency_in_progress"
    assert "Retry-After" not in second[0]
    assert deed().status_code == 204, "afterwards it is told what came of the first"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("commits", [False, True])
@pytest.mark.parametrize("what", ["command", "order"])
def test_after_a_crash_a_retry_runs_at_once_and_after_commit_it_hears_its_answer(
    *, what: str, commits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = shop.make_store()
    package = shop.make_package(store=store)
    operator = make_caller("operator")

    def send() -> HttpResponse:
        if what == "order":
            return operator.post(ORDERS, sent, Idempotency_Key="a")
        return operator.command(package.pk, PACK, Idempotency_Key="a")

    sent = shop.order_document("WEB-1")
    with monkeypatch.context() as patch:
        crash_at_commit(patch, commits=commits)
        assert send().status_code == 503
    connection.close()
    assert IdempotencyKey.objects.count() == commits
    answer = send()
    assert (answer.status_code, answer.get("Idempotency-Replayed")) == (
        201 if what == "order" else 204,
        "true" if commits else None,
    )
    assert Order.objects.filter(number="WEB-1").count() == (what == "order")
    assert CommandLog.objects.filter(package_id=package.pk, kind=LogKind.MOVE).count() == (what == "command")


def crash_at_commit(patch: pytest.MonkeyPatch, *, commits: bool) -> None:
    """The process loses its database just before COMMIT is sent, or when it was carried out."""
    commit = connection._commit  # type: ignore[attr-defined]

    def crash(*_given: object) -> None:
        if commits:
            commit()
        raise OperationalError("gone")

    patch.setattr(connection, "_commit", crash)
    if not commits:
        patch.setattr(statements, "commit", crash)


def test_elsewhere_in_progress_ends_after_60_seconds() -> None:
    admin = make_caller("admin")
    body = {"key": "OTP_LENGTH", "json_value": 5}
    assert admin.post(SETTINGS, body, Idempotency_Key="a").status_code == 201
    crashed = IdempotencyKey.objects.all()
    crashed.update(status=None, body=b"", started_at=F("started_at") - timedelta(seconds=59))
    answer = admin.post(SETTINGS, body, Idempotency_Key="a")
    assert (answer.status_code, code_of(answer)) == (409, "idempotency_in_progress")
    crashed.update(started_at=F("started_at") - timedelta(seconds=2))
    assert admin.post(SETTINGS, body, Idempotency_Key="a").status_code == 201


def test_after_24_hours_the_key_is_free(till: Caller) -> None:
    package, other = shop.make_package(), shop.make_package()
    till.command(package.pk, PACK, Idempotency_Key="a")
    IdempotencyKey.objects.update(started_at=F("started_at") - timedelta(hours=24, seconds=1))
    assert till.command(other.pk, PACK, Idempotency_Key="a").status_code == 204
    IdempotencyKey.objects.update(started_at=F("started_at") - timedelta(hours=24, seconds=1))
    assert idempotency.purge() == 1
    assert IdempotencyKey.objects.count() == 0


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "é\x7f"])
def test_a_key_that_is_none_is_refused(till: Caller, key: str) -> None:
    package = shop.make_package()
    answer = till.command(package.pk, PACK, Idempotency_Key=key)
    assert (answer.status_code, code_of(answer)) == (400, "validation_error")
    assert shop.state_of(package) == states.WAITING


def test_only_posts_have_keys() -> None:
    admin = make_caller("admin")
    address = "/api/v1/oms/settings/application_settings/10/"
    for value in (3, 4):
        assert admin.patch(address, {"json_value": value}, Idempotency_Key="a").status_code == 200
    assert IdempotencyKey.objects.count() == 0


def fifty(deed: Callable[[], Any]) -> list[Any]:
    """Do the same fifty times at once."""
    return concurrency.at_once([deed] * 50, threads=50)


@pytest.mark.django_db(transaction=True)
def test_fifty_orders_at_once_with_one_key_are_one_order() -> None:
    shop.make_store()
    key = make_caller("operator").headers["Authorization"].split()[1]
    sent = shop.order_document("WEB-1")
    answers = fifty(lambda: Caller(key).post(ORDERS, sent, Idempotency_Key="a"))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    assert statuses[201] >= 1
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert {code_of(a) for a in answers if a.status_code == 409} <= {"idempotency_in_progress"}
    assert (Order.objects.count(), Package.objects.count(), IdempotencyKey.objects.count()) == (1, 1, 1)
    assert json.loads(Caller(key).post(ORDERS, sent, Idempotency_Key="a").content)["number"] == "WEB-1"


@pytest.mark.django_db(transaction=True)
def test_fifty_wrong_codes_at_once_with_one_key_are_one_attempt() -> None:
    store = shop.make_store()
    key = make_caller("associate", store).headers["Authorization"].split()[1]
    package = shop.make_package(states.READY, store=store)
    body = {"slug": DELIVER, "otp": shop.wrong_code(package)}
    answers = fifty(lambda: Caller(key).command(package.pk, body, Idempotency_Key="a"))
    assert {answer.status_code for answer in answers} <= {422, 409}
    assert shop.reread(package).total_attempts == 1
    right = {"slug": DELIVER, "otp": shop.right_code(package)}
    answers = fifty(lambda: Caller(key).command(package.pk, right, Idempotency_Key="b"))
    assert {answer.status_code for answer in answers} <= {204, 409}
    assert CommandLog.objects.filter(package_id=package.pk, kind=LogKind.MOVE, new_state=states.DELIVERED).count() == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_a_key_fifty_requests_are_fifty_attempts_at_it() -> None:
    store = shop.make_store()
    key = make_caller("associate", store).headers["Authorization"].split()[1]
    package = shop.make_package(states.READY, store=store)
    body = {"slug": DELIVER, "otp": shop.wrong_code(package)}
    concurrency.at_once([lambda: Caller(key).command(package.pk, body)] * 10)
    assert shop.reread(package).total_attempts == 5
