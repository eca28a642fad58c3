"""The application settings over HTTP."""

import json
from typing import Any

import pytest

from clickcollect.api.settings import IDS
from clickcollect.oms.app_settings import SETTINGS, settings_in_force
from clickcollect.oms.log_models import CommandLog, LogKind, LogNote
from tests import shop
from tests.api.caller import SETTINGS as ADDRESS
from tests.api.caller import Caller, code_of, document_of, make_caller

pytestmark = pytest.mark.django_db
OTP = f"{ADDRESS}{IDS['IS_OTP_ENABLED']}/"


@pytest.fixture
def admin() -> Caller:
    return make_caller("admin")


def test_every_known_setting_is_listed_also_at_its_default(admin: Caller) -> None:
    shop.put_setting("PICKUP_HOLD_DAYS", value=3)
    page = document_of(admin.get(f"{ADDRESS}?limit=100"))
    assert page["count"] == len(SETTINGS) == len(page["results"])
    values = {row["key"]: row["json_value"] for row in page["results"]}
    assert values == {key: setting.default for key, setting in SETTINGS.items()} | {"PICKUP_HOLD_DAYS": 3}
    for row in page["results"]:
        assert document_of(admin.get(f"{ADDRESS}{row['id']}/")) == row


def test_ids_of_settings_never_change() -> None:
    """New settings are added at the end of the list."""
    assert list(IDS)[:6] == [
        "IS_OTP_ENABLED",
        "OTP_LENGTH",
        "OTP_ATTEMPTS_PER_ISSUE",
        "OTP_ATTEMPTS_PER_PACKAGE",
        "OTP_ATTEMPTS_PER_EMPLOYEE_HOUR",
        "OTP_ATTEMPTS_PER_EMPLOYEE_DAY",
    ]
    assert list(IDS.values()) == list(range(1, len(SETTINGS) + 1))


def test_key_filters_by_what_it_contains(admin: Caller) -> None:
    def keys(text: str) -> list[str]:
        return [row["key"] for row in document_of(admin.get(f"{ADDRESS}?key={text}"))["results"]]

    assert keys("otp_length") == keys("OTP_LENGTH") == ["OTP_LENGTH"]
    assert keys("is_enabled_otp") == ["IS_OTP_ENABLED"]
    assert keys("NOTHING") == []


def test_the_list_has_pages(admin: Caller) -> None:
    first = document_of(admin.get(f"{ADDRESS}?limit=2"))
    second = document_of(admin.get(first["next"]))
    assert [row["id"] for row in first["results"] + second["results"]] == [1, 2, 3, 4]
    assert document_of(admin.get(second["previous"]))["results"] == first["results"]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    "body", [{"json_value": False}, {"json_value": False, "key": "OTHER", "reason": "Provider down."}]
)
def test_a_setting_is_changed_and_the_log_says_why(admin: Caller, method: str, body: dict[str, Any]) -> None:
    answer = admin.send(method, OTP, body)
    assert document_of(answer) == {"id": 1, "key": "IS_OTP_ENABLED", "json_value": False}
    assert settings_in_force().is_otp_enabled is False
    entry = CommandLog.objects.get(kind=LogKind.SETTING)
    assert (entry.attributes["setting.old"], entry.attributes["setting.new"]) == (True, False)
    assert [note.text for note in LogNote.objects.filter(log_id=entry.pk)] == (
        [body["reason"]] if "reason" in body else []
    )


@pytest.mark.parametrize("key", ["IS_OTP_ENABLED", "is_enabled_otp"])
def test_posting_a_known_key_sets_it(admin: Caller, key: str) -> None:
    answer = admin.post(ADDRESS, {"key": key, "json_value": False})
    assert (answer.status_code, document_of(answer)["key"]) == (201, "IS_OTP_ENABLED")
    assert settings_in_force().is_otp_enabled is False


@pytest.mark.parametrize("value", ["false", 0, None, [], {}, 1.5, "x" * 5000])
def test_a_value_of_the_wrong_type_is_refused(admin: Caller, value: object) -> None:
    for answer in (
        admin.patch(OTP, {"json_value": value}),
        admin.post(ADDRESS, {"key": "OTP_LENGTH", "json_value": value}),
    ):
        assert (answer.status_code, code_of(answer)) == (400, "validation_error")
        assert [fault["loc"] for fault in json.loads(answer.content)["errors"]] == ["json_value"]
    assert CommandLog.objects.count() == 0


def test_a_bound_is_kept(admin: Caller) -> None:
    address = f"{ADDRESS}{IDS['OTP_LENGTH']}/"
    assert [admin.patch(address, {"json_value": size}).status_code for size in (3, 4, 8, 9)] == [400, 200, 200, 400]


def test_unknown_keys_and_ids(admin: Caller) -> None:
    answer = admin.post(ADDRESS, {"key": "NO_SUCH", "json_value": 1})
    assert [fault["loc"] for fault in json.loads(answer.content)["errors"]] == ["json_value"]
    assert admin.get(f"{ADDRESS}999/").status_code == 404
    assert admin.patch(f"{ADDRESS}999/", {"json_value": 1}).status_code == 404
    assert admin.patch(OTP, {}).status_code == 400


def test_who_may_change_what() -> None:
    hold = f"{ADDRESS}{IDS['PICKUP_HOLD_DAYS']}/"
    store = shop.make_store()
    got = {
        role: [
            make_caller(role, store).get(OTP).status_code,
            make_caller(role, store).patch(OTP, {"json_value": True}).status_code,
            make_caller(role, store).patch(hold, {"json_value": 5}).status_code,
        ]
        for role in ("associate", "manager", "operator", "admin")
    }
    assert got == {
        "associate": [403, 403, 403],
        "manager": [200, 403, 403],
        "operator": [200, 403, 200],
        "admin": [200, 200, 200],
    }
