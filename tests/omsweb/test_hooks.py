"""OMS WEB, webhooks: write-only secrets, a new address needs a new secret and the password, codes."""

import html
import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from clickcollect.accounts.models import Role
from clickcollect.omnitron.order_schema import read_order
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.models import Package
from clickcollect.oms.orders.intake import receive_order
from clickcollect.whisperer import custom_headers
from clickcollect.whisperer.hooks import create_hook, with_clock
from clickcollect.whisperer.hooks import secrets_of as secrets
from clickcollect.whisperer.models import Delivery, DeliveryState, Endpoint, Hook, Reason
from tests.markup import markup, without_tags
from tests.shop import PASSWORD, make_package, make_store, make_user, order_document
from tests.whisperer.dispatch import publish_many

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "a-secret-to-keep"
URL = "http://127.0.0.1:9/events/"
FIELDS = {"event_type": "package.created", "target_url": URL, "secret_key": SECRET}
FORM = {"event_types": "package.created", "target_url": URL, "is_active": "on", "secret_key": SECRET}


def headers(*rows: tuple[str, str], shown: int = 0) -> dict[str, str]:
    """What the browser sends of the rows of headers, ``shown`` of which the page had already."""
    sent = {"headers-TOTAL_FORMS": str(len(rows)), "headers-INITIAL_FORMS": str(shown)}
    for at, (name, value) in enumerate(rows):
        sent |= {f"headers-{at}-name": name, f"headers-{at}-value": value}
    return sent


def signed_in(client: Client, role: Role) -> Client:
    client.force_login(make_user(role))
    return client


@pytest.fixture
def admin(client: Client) -> Client:
    return signed_in(client, Role.ADMIN)


def make_hook(event_type: str = "package.created", **fields: Any) -> Hook:
    owner = make_user(Role.ADMIN)
    return create_hook(user_id=owner.pk, fields=FIELDS | {"event_type": event_type, "is_active": True} | fields)


def change(client: Client, hook: Hook, **changes: str) -> Any:
    data = {"event_type": hook.event_type, "target_url": hook.target_url, "is_active": "on"} | changes
    return client.post(f"/oms/hooks/{hook.pk}/change/", data)


def test_a_hook_is_made_and_its_secret_never_shown(admin: Client) -> None:
    assert admin.post("/oms/hooks/add/", FORM).status_code == 302
    hook = with_clock().get()
    assert secrets(hook) == [SECRET]
    for address in ("/oms/hooks/", f"/oms/hooks/{hook.pk}/change/", f"/oms/hooks/{hook.pk}/history/"):
        page = admin.get(address)
        assert page.status_code == 200
        assert SECRET not in page.content.decode()
    refused = admin.post("/oms/hooks/add/", FORM | {"target_url": "ftp://x"})
    assert SECRET not in refused.content.decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"target_url": "http://2130706433/"}, "target_url"),
        ({"target_url": "http://user@example.com/"}, "target_url"),
        ({"target_url": ""}, "target_url"),
        ({"event_types": "no.such"}, "event_types"),
        ({"event_types": ""}, "event_types"),
        ({"secret_key": "whsec_x"}, "secret_key"),
        ({"retry_choice": "never"}, "retry_choice"),
        ({"retry_choice": "fixed"}, "retry_seconds"),
        ({"retry_choice": "fixed", "retry_seconds": "soon"}, "retry_seconds"),
        ({"retry_choice": "fixed", "retry_seconds": "86401"}, "retry_seconds"),
        ({"retry_choice": "linear", "retry_base": "-1"}, "retry_base"),
        ({"retry_choice": "exponential", "retry_base": "2", "retry_limit": "9" * 30}, "retry_limit"),
        ({"retry_choice": "random", "retry_min_value": "9", "retry_max_value": "3"}, "retry_max_value"),
        ({"auth_username": "a:b", "auth_password": "x"}, "auth_username"),
    ],
)
def test_a_wrong_hook_is_refused_at_its_field(admin: Client, changes: dict[str, str], field: str) -> None:
    answer = admin.post("/oms/hooks/add/", FORM | changes)
    assert answer.status_code == 400
    assert field in answer.context["form"].errors
    assert not Hook.objects.exists()


@pytest.mark.parametrize(
    "row", [("X-Whisperer-Event", "x"), ("Bad name", "x"), ("X-A", "ü"), ("", "x"), ("\x00", "x"), ("X" * 101, "x")]
)
def test_a_wrong_header_is_refused_in_its_row(admin: Client, row: tuple[str, str]) -> None:
    answer = admin.post("/oms/hooks/add/", FORM | headers(("X-Fine", "1"), row))
    assert answer.status_code == 400
    fine, wrong = answer.context["form"].headers.forms
    assert not fine.errors
    assert wrong.errors
    assert not Hook.objects.exists()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({}, {}),
        ({"retry_choice": "fixed", "retry_seconds": "30"}, {"choice": "fixed", "kwargs": {"seconds": 30}}),
        (
            {"retry_choice": "linear", "retry_base": "5", "retry_seconds": "9"},
            {"choice": "linear", "kwargs": {"base": 5}},
        ),
        (
            {"retry_choice": "exponential", "retry_base": "2", "retry_factor": "3", "retry_limit": "600"},
            {"choice": "exponential", "kwargs": {"base": 2, "factor": 3, "limit": 600}},
        ),
        (
            {"retry_choice": "random", "retry_min_value": "1", "retry_max_value": "9"},
            {"choice": "random", "kwargs": {"min_value": 1, "max_value": 9}},
        ),
    ],
)
def test_the_way_to_retry_is_kept_as_the_contract_has_it_and_shown_again(
    admin: Client, typed: dict[str, str], kept: dict[str, Any]
) -> None:
    assert admin.post("/oms/hooks/add/", FORM | typed).status_code == 302
    hook = Hook.objects.get()
    assert hook.retry_countdown_config == kept
    form = admin.get(f"/oms/hooks/{hook.pk}/change/").context["form"]
    shown = {"retry_choice": kept.get("choice", "")}
    shown |= {f"retry_{name}": str(value) for name, value in kept.get("kwargs", {}).items()}
    assert admin.post(f"/oms/hooks/{hook.pk}/change/", {"event_type": hook.event_type, "target_url": URL} | shown)
    hook.refresh_from_db()
    assert hook.retry_countdown_config == kept
    assert {name: str(form[name].value()) for name in shown} == shown


def test_several_types_are_subscribed_at_once_or_none(admin: Client) -> None:
    types = ["order.created", "package.created", "package.status.packed"]
    data = FORM | {"event_types": types} | headers(("X-Shop", "berlin"))
    assert admin.post("/oms/hooks/add/", data).status_code == 302
    assert sorted(Hook.objects.values_list("event_type", flat=True)) == types
    assert {custom_headers.unseal_headers(hook)["X-Shop"] for hook in Hook.objects.all()} == {"berlin"}
    assert {len(secrets(hook)) for hook in with_clock()} == {1}
    hook = Hook.objects.earliest("pk")
    assert "Added" in admin.get(f"/oms/hooks/{hook.pk}/history/").content.decode()
    more = admin.post("/oms/hooks/add/", FORM | {"event_types": ["order.updated", "package.created"]})
    assert more.status_code == 406
    assert "You already have a webhook for package.created" in more.content.decode()
    assert Hook.objects.count() == 3


def test_the_values_of_own_headers_are_not_shown_and_a_mask_leaves_them(admin: Client) -> None:
    hook = make_hook(additional_headers={"X-Api-Key": "k3y-to-keep"})
    page = admin.get(f"/oms/hooks/{hook.pk}/change/").content.decode()
    assert "X-Api-Key" in page
    assert custom_headers.MASK in page
    assert "k3y-to-keep" not in page
    assert (
        change(admin, hook, **headers(("X-Api-Key", custom_headers.MASK), ("X-New", "1"), shown=1)).status_code == 302
    )
    assert custom_headers.unseal_headers(Hook.objects.get()) == {"X-Api-Key": "k3y-to-keep", "X-New": "1"}
    lost = settings.ENCRYPTION_KEYS
    with override_settings(ENCRYPTION_KEYS={"another": bytes(32)}):
        assert change(admin, hook, callback="x").status_code == 302
    with override_settings(ENCRYPTION_KEYS=lost):
        assert custom_headers.unseal_headers(Hook.objects.get())["X-Api-Key"] == "k3y-to-keep", (
            "a lost key empties nothing"
        )


def test_a_new_address_needs_a_new_secret_and_the_own_password(admin: Client) -> None:
    hook = make_hook()
    moved = "http://127.0.0.1:10/events/"
    for changes in (
        {},
        {"secret_key": "another-secret"},
        {"your_password": PASSWORD},
        {"secret_key": "another-secret", "your_password": "wrong"},
        {"secret_key": SECRET, "your_password": PASSWORD},
    ):
        assert change(admin, hook, target_url=moved, **changes).status_code == 400, changes
    hook.refresh_from_db()
    assert hook.target_url == URL
    assert change(admin, hook, target_url=moved, secret_key="another-secret", your_password=PASSWORD).status_code == 302
    hook.refresh_from_db()
    assert hook.target_url == moved


def test_a_change_without_a_secret_keeps_the_one_that_is_kept(admin: Client) -> None:
    hook = make_hook()
    assert change(admin, hook, callback="x").status_code == 302
    assert secrets(with_clock().get(pk=hook.pk)) == [SECRET]


def test_where_codes_go_is_decided_by_administrators_only(client: Client) -> None:
    hook = make_hook("package.status.ready_for_pickup")
    plain = make_hook("package.created")
    operator = signed_in(client, Role.OPERATOR)
    assert change(operator, plain, callback="x").status_code == 302
    assert change(operator, hook, callback="x").status_code == 403
    assert change(operator, plain, event_type="package.pickup.code_resent").status_code == 403
    assert operator.post(f"/oms/hooks/{hook.pk}/delete/").status_code == 403
    assert operator.post("/oms/hooks/add/", FORM | {"event_types": hook.event_type}).status_code == 403
    hook.refresh_from_db()
    assert hook.deleted_at is None


def test_a_deleted_hook_can_be_made_again(admin: Client) -> None:
    admin.post("/oms/hooks/add/", FORM)
    assert admin.post("/oms/hooks/add/", FORM).status_code == 406
    admin.post(f"/oms/hooks/{Hook.objects.get().pk}/delete/")
    assert admin.post("/oms/hooks/add/", FORM).status_code == 302


def test_failing_hooks_are_counted_dated_and_linked(admin: Client) -> None:
    fine, failing, gone = (make_hook(target_url=f"{URL}{name}") for name in ("fine", "failing", "gone"))
    Endpoint.objects.filter(pk=failing.endpoint_id).update(failing_since="2026-01-02T03:04:00Z", failures=12)
    Hook.objects.filter(pk=gone.pk).update(is_active=False, stopped_at="2026-01-05T00:00:00Z", stopped_reason="gone")
    home = without_tags("time", markup(admin.get("/oms/")))
    assert "Since 2 Jan, 03:04 a receiver is not responding, or has unsubscribed." in home
    assert 'href="/oms/hooks/?state=failing"><span' in home
    page = without_tags("time", admin.get("/oms/hooks/?state=failing").content.decode().replace("<wbr>", ""))
    assert (failing.target_url in page, gone.target_url in page, fine.target_url in page) == (True, True, False)
    assert "since 2 Jan, 03:04" in page


def test_dead_letters_are_narrowed_by_reason_and_named_as_people_know_them(admin: Client) -> None:
    make_hook("package.status.ready_for_pickup")
    package = make_package(states.READY)
    Delivery.objects.update(state=DeliveryState.DEAD, reason=Reason.TOO_OLD)
    home = admin.get("/oms/").content.decode()
    link = re.search(r'href="(/oms/deliveries/[^"]+)"', home)
    assert link
    page = admin.get(html.unescape(link[1])).content.decode()
    assert f'<a href="/oms/packages/{package.pk}/">{package.number}</a>' in page
    assert "No success for too long" in page
    assert package.number in admin.get(f"/oms/deliveries/?reason=too_old&q={package.number}").content.decode()
    assert "1 hidden by filters." in admin.get("/oms/deliveries/?reason=gone").content.decode()


def test_messages_are_found_by_their_order(admin: Client) -> None:
    make_store("IST-01")
    for event_type in ("order.created", "package.created"):
        make_hook(event_type)
    received = receive_order(order=read_order(order_document("UX-HOOK1")), actor=SYSTEM)
    receive_order(order=read_order(order_document("UX-HOOK2")), actor=SYSTEM)
    package = Package.objects.get(order=received.order)

    def found(text: str) -> set[str]:
        rows = admin.get("/oms/deliveries/", {"q": text}).context["listing"].page_rows
        return {f"{row.event_type} {row.subject}" for row in rows}

    of_package = {f"package.created package:{package.pk}"}
    assert found("UX-HOOK1") == {f"order.created order:{received.order.pk}"} | of_package
    assert found(package.number) == found(package.number.lower().replace("-", " ")) == of_package
    assert found("UX-HOOK3") == found("\x00") - found("") == set()
    event = Delivery.objects.earliest("pk").event
    assert len(found(event.uuid)) == 1


def test_history_speaks_in_labels_and_a_row_taken_away_is_a_header_less(admin: Client) -> None:
    hook = make_hook(additional_headers={"X-One": "1", "X-Two": "2"})
    kept = {"headers-TOTAL_FORMS": "2", "headers-INITIAL_FORMS": "2", "headers-1-name": "X-Two"}
    assert change(admin, hook, **kept, **{"headers-1-value": custom_headers.MASK}).status_code == 302
    assert custom_headers.unseal_headers(Hook.objects.get()) == {"X-Two": "2"}
    assert "Additional headers" in admin.get(f"/oms/hooks/{hook.pk}/history/").content.decode()


def test_a_dead_letter_goes_again_and_no_page_shows_a_body_or_a_code(admin: Client) -> None:
    make_hook("package.status.ready_for_pickup")
    package = make_package(states.READY)
    delivery = Delivery.objects.get()
    Delivery.objects.update(state=DeliveryState.DEAD, reason=Reason.NO_CONNECTION, finished_at="2026-01-01T00:00:00Z")
    page = admin.get("/oms/deliveries/?state=dead").content.decode()
    assert package.number in page
    assert package.order.phone_number not in page
    detail = admin.get(f"/oms/deliveries/{delivery.pk}/").content.decode()
    assert "No connection" in detail
    admin.post("/oms/deliveries/again/", {"id": [str(delivery.pk), "x", "9" * 30]})
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.QUEUED


def test_what_has_arrived_shows_no_trouble_of_before_and_cannot_go_again(admin: Client) -> None:
    make_hook()
    publish_many(1, type="package.created")
    delivery, again, why = Delivery.objects.get(), 'action="/oms/deliveries/again/"', "The receiver failed"
    ended = {"reason": Reason.SERVER_ERROR, "finished_at": "2026-01-01T00:00:00Z"}
    for state, is_open in ((DeliveryState.DEAD, True), (DeliveryState.DELIVERED, False)):
        Delivery.objects.update(state=state, **ended)
        assert (again in admin.get(f"/oms/deliveries/{delivery.pk}/").content.decode()) is is_open
        assert (f"<small>{why}" in markup(admin.get("/oms/deliveries/"))) is is_open
    Delivery.objects.update(state=DeliveryState.SUPERSEDED, **ended)
    assert again not in admin.get(f"/oms/deliveries/{delivery.pk}/").content.decode()  # a newer event took its place


def test_the_list_counts_the_dead_letters_of_each_webhook(admin: Client) -> None:
    make_hook("package.created")
    make_hook("package.status.packed")
    publish_many(2, type="package.created")
    ended = {"finished_at": "2026-01-01T00:00:00Z", "next_attempt_at": "2026-01-01T00:00:00Z"}
    Delivery.objects.update(state=DeliveryState.DEAD, reason=Reason.NO_CONNECTION, **ended)
    page = markup(admin.get("/oms/hooks/"))
    assert '<a href="/oms/deliveries/?state=dead&amp;type=package.created">2</a>' in page
    assert "?state=dead&amp;type=package.status.packed" not in page


def test_everything_found_that_was_given_up_goes_again_and_the_filters_stay(admin: Client) -> None:
    make_hook("package.created")
    make_hook("package.status.packed")
    publish_many(60, type="package.created")
    publish_many(2, type="package.status.packed")
    ended = {"finished_at": "2026-01-01T00:00:00Z", "next_attempt_at": "2026-01-01T00:00:00Z"}
    Delivery.objects.update(state=DeliveryState.DEAD, reason=Reason.NO_CONNECTION, **ended)
    first, second = Delivery.objects.filter(event_type="package.created")[:2]
    Delivery.objects.filter(pk=first.pk).update(state=DeliveryState.DELIVERED, reason="")
    Delivery.objects.filter(pk=second.pk).update(reason=Reason.EXPIRED)
    page = admin.get("/oms/deliveries/?type=package.created").content.decode()
    assert 'action="/oms/deliveries/again/?type=package.created"' in page
    answer = admin.post("/oms/deliveries/again/?type=package.created&page=2", {"all": "1"})
    assert answer["Location"] == "/oms/deliveries/?type=package.created"
    assert "58 events will be sent again" in admin.get(answer["Location"]).content.decode()
    assert Delivery.objects.filter(event_type="package.created", state=DeliveryState.QUEUED).count() == 58
    assert Delivery.objects.filter(event_type="package.status.packed", state=DeliveryState.DEAD).count() == 2


def test_ticks_that_are_no_numbers_are_left_out(admin: Client) -> None:
    answer = admin.post("/oms/deliveries/again/", {"id": ["9" * 5_000, "x", "-1", "\x00"]}, follow=True)
    assert "Nothing was selected" in answer.content.decode()


def test_what_was_delivered_does_not_go_again(admin: Client) -> None:
    make_hook("package.status.ready_for_pickup")
    make_package(states.READY)
    Delivery.objects.update(state=DeliveryState.DELIVERED, finished_at="2026-01-01T00:00:00Z")
    answer = admin.post("/oms/deliveries/again/", {"id": str(Delivery.objects.get().pk)}, follow=True)
    assert "has this event already" in answer.content.decode()
    assert Delivery.objects.get().state == DeliveryState.DELIVERED


def test_a_test_event_is_sent(admin: Client) -> None:
    hook = make_hook("package.status.ready_for_pickup")
    admin.post(f"/oms/hooks/{hook.pk}/test/")
    assert Delivery.objects.get().event.is_test
