"""What a token may never do, whoever owns it: weaken the check without a scope of its own, or guess without end."""

import json
from functools import partial
from typing import Any

import pytest

from clickcollect.accounts.models import ApiToken
from clickcollect.accounts.tokens import create_login, create_token
from clickcollect.errors import DomainError
from clickcollect.omnitron.models import Order
from clickcollect.oms import reviews, states
from clickcollect.oms.access import OVERRIDES, RIGHTS, Actor
from clickcollect.oms.codes import attempt_limits
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.models import CommandTransition, EmployeeBudget, Package, ProgramBudget
from tests import database_reset, shop
from tests.api.caller import ORDERS, PACKAGES, caller_for, code_of, document_of
from tests.concurrency import at_once

COMMANDS = sorted(set(RIGHTS) - {"packages:override"})


def program_of(user: Any, *stores: str) -> Actor:
    return acting_with(create_token(user=user, name="till", scopes=RIGHTS, stores=stores).key)


def acting_with(key: str) -> Actor:
    actor = shop.caller_of(key)
    assert actor is not None
    return actor


def guess(package: Package, actor: Actor, offset: int = 1) -> str:
    """The code of the refusal of a wrong guess."""
    try:
        run_command(
            package_id=package.pk,
            transition="self-service-package-delivery",
            actor=actor,
            data={"otp": shop.wrong_code(package, offset)},
        )
    except DomainError as error:
        return error.code
    return ""


@pytest.mark.django_db
@pytest.mark.parametrize("command", sorted(OVERRIDES))
def test_what_weakens_the_check_needs_a_scope_of_its_own(command: str) -> None:
    row = CommandTransition.objects.filter(command_code=command).first()
    assert row is not None
    CommandTransition.objects.filter(pk=row.pk).update(visibility=["OMS WEB", "INSTORE"])
    package = shop.make_package(row.source.enum_value)
    owner = shop.make_user("admin")
    without, with_it = caller_for(owner, scopes=COMMANDS), caller_for(owner, scopes=[*COMMANDS, "packages:override"])
    body = {"transition": row.pk, "reason": "A reason.", "phone_number": "+905550000199", "evidence": "id_document"}
    assert code_of(without.command(package.pk, body)) == "forbidden"
    offered = document_of(without.get(f"{PACKAGES}{package.pk}/"))["commands"]
    assert command not in {offer["code"] for offer in offered}
    answer = with_it.command(package.pk, body)  # the control: with the scope it is not the token that stands in the way
    assert answer.status_code == 204 or code_of(answer) != "forbidden"


@pytest.mark.django_db
def test_a_person_s_own_sign_in_keeps_all_of_their_rights() -> None:
    user = shop.make_user("admin")
    actor = acting_with(create_login(user=user, scopes=RIGHTS).key)
    assert all(actor.may_run(command) for command in OVERRIDES)
    assert not actor.is_program


@pytest.mark.django_db
def test_an_order_over_two_stores_shows_each_no_more_than_its_own() -> None:
    own, other = shop.make_store("IST-01"), shop.make_store("BER-01")
    document = shop.order_document("SPLIT-1", store="IST-01")
    document["order_item"] = [
        {"sku": "OWN", "name": "Own", "quantity": 1, "price": "1.00", "retail_store": own.erp_code},
        {"sku": "OTHER", "name": "Other", "quantity": 1, "price": "1.00", "retail_store": other.erp_code},
    ]
    assert caller_for(shop.make_user("admin")).post(ORDERS, document).status_code == 201
    narrowed = caller_for(shop.make_user("admin"), stores=["BER-01"])
    shown = document_of(narrowed.get(f"{ORDERS}SPLIT-1/"))
    assert [item["sku"] for item in shown["order_item"]] == ["OTHER"]
    assert [package["stock_location"]["erp_code"] for package in shown["packages"]] == ["BER-01"]
    assert code_of(narrowed.post(f"{ORDERS}SPLIT-1/cancel/")) == "forbidden"
    assert Order.objects.get(number="SPLIT-1").cancel_requested_at is None


@pytest.mark.django_db
@pytest.mark.parametrize("phone", ["+905550000101", "+905550000199"])
def test_what_another_store_s_order_says_cannot_be_asked_by_sending_it_again(phone: str) -> None:
    """`differs` would say of every guess whether it was right: here, the customer's phone number."""
    shop.make_store("BER-01")
    document = shop.order_document("HERE-1", store=shop.make_store("IST-01").erp_code)
    everywhere = caller_for(shop.make_user("admin"))
    assert everywhere.post(ORDERS, document).status_code == 201
    asked = document | {"customer": document["customer"] | {"phone_number": phone}}
    asked["shipping_address"] = document["shipping_address"] | {"retail_store": "BER-01"}
    asked["date_placed"] = "2026-11-18T09:00:00Z"  # so that it is no amendment
    differs = json.loads(everywhere.post(ORDERS, asked).content)["differs"]
    assert ("customer.phone_number" in differs) is (phone != document["customer"]["phone_number"]), "control"
    narrowed = caller_for(shop.make_user("admin"), stores=["BER-01"])
    answer = narrowed.post(ORDERS, asked)
    assert (code_of(answer), json.loads(answer.content)["differs"]) == ("order_conflict", ["number"])


@pytest.mark.django_db
@pytest.mark.parametrize("quantity", [1, 2])
def test_what_another_store_has_of_a_split_order_cannot_be_asked_by_sending_it_again(quantity: int) -> None:
    """Here: how many of the line that is packed elsewhere, which the caller's own document leaves out."""
    shop.make_store("BER-01")
    own = {"sku": "OWN", "name": "Own", "quantity": 1, "price": "1.00", "retail_store": "BER-01"}
    other = own | {"sku": "OTHER", "retail_store": shop.make_store("IST-01").erp_code}
    document = shop.order_document("SPLIT-2", store="BER-01") | {"order_item": [own, other]}
    everywhere = caller_for(shop.make_user("admin"))
    assert everywhere.post(ORDERS, document).status_code == 201
    asked = document | {"order_item": [own, own | {"sku": "OTHER", "quantity": quantity}]}
    late = asked | {"date_placed": "2026-11-18T09:00:00Z"}  # so that it is no amendment
    differs = json.loads(everywhere.post(ORDERS, late).content)["differs"]
    assert (any("quantity" in path for path in differs)) is (quantity != 1), "control"
    narrowed = caller_for(shop.make_user("admin"), stores=["BER-01"])
    for sent in (asked, late):
        answer = narrowed.post(ORDERS, sent)
        assert code_of(answer) == "forbidden"
        assert "differs" not in json.loads(answer.content)
    assert list(Order.objects.get().items.order_by("pk").values_list("sku", "quantity")) == [("OWN", 1), ("OTHER", 1)]


@pytest.mark.django_db
def test_an_order_whose_lines_name_the_stores_is_kept_and_answered() -> None:
    shop.make_store("BER-01")
    document = shop.order_document("LINES-1", delivery_type="home_delivery")
    document["shipping_address"] = {"address_type": "customer", "city": "Berlin"}
    for item in document["order_item"]:
        item["retail_store"] = "BER-01"
    narrowed = caller_for(shop.make_user("admin"), stores=["BER-01"])
    answer = narrowed.post(ORDERS, document)
    assert answer.status_code == 201, answer.content
    assert [package["stock_location"]["erp_code"] for package in document_of(answer)["packages"]] == ["BER-01"]


@pytest.mark.django_db(transaction=True)
def test_programs_have_five_times_a_person_s_limit_in_each_store_and_another_token_refills_nothing() -> None:
    shop.put_setting("OTP_ATTEMPTS_PER_EMPLOYEE_HOUR", value=2)
    here, there = shop.make_store("IST-01"), shop.make_store("BER-01")
    owner = shop.make_user("admin")
    first, second = program_of(owner), program_of(owner)
    refusals = [guess(shop.make_package(states.READY, store=here), actor) for actor in [first, second] * 5]
    assert set(refusals) == {"otp_incorrect"}
    for actor in (first, second, program_of(owner), program_of(owner, "IST-01")):
        assert guess(shop.make_package(states.READY, store=here), actor) == "throttled"
    assert guess(shop.make_package(states.READY, store=there), second) == "otp_incorrect"
    assert guess(shop.make_package(states.READY, store=here), program_of(shop.make_user("admin"))) == "otp_incorrect"
    # The owner at a counter has a person's limit, untouched by the programs; so has the key of a sign-in.
    assert not EmployeeBudget.objects.filter(user_id=owner.pk).exists()
    sign_in = acting_with(create_login(user=owner, scopes=RIGHTS).key)
    assert guess(shop.make_package(states.READY, store=here), sign_in) == "otp_incorrect"
    assert len(EmployeeBudget.objects.get(user_id=owner.pk).tried_at) == 1


@pytest.mark.django_db(transaction=True)
def test_over_all_stores_programs_have_no_more_than_their_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt_limits, "PROGRAMS_A_DAY", 3)
    actor = program_of(shop.make_user("admin"))
    stores = [shop.make_store(f"S-{place}") for place in range(4)]
    refusals = [guess(shop.make_package(states.READY, store=store), actor) for store in stores]
    assert refusals == ["otp_incorrect"] * 3 + ["throttled"]
    # Nothing of the refused one stays counted, in its store or in all.
    assert {row.store_id: len(row.tried_at) for row in ProgramBudget.objects.all()}[0] == 3
    assert not ProgramBudget.objects.filter(store_id=stores[3].pk, tried_at__len__gt=0).exists()


@pytest.mark.django_db(transaction=True)
def test_a_right_code_counts_nowhere() -> None:
    actor, package = program_of(shop.make_user("admin")), shop.make_package(states.READY)
    code = shop.right_code(package)
    run_command(package_id=package.pk, transition="self-service-package-delivery", actor=actor, data={"otp": code})
    assert not ProgramBudget.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_tokens_at_once_are_counted_exactly() -> None:
    """Control: 20 guesses by as many people are all compared."""
    shop.put_setting("OTP_ATTEMPTS_PER_EMPLOYEE_HOUR", value=1)
    owner = shop.make_user("admin")
    packages = [shop.make_package(states.READY) for _place in range(20)]
    actors = [program_of(owner) for _package in packages]
    refusals = at_once([partial(guess, package, actor) for package, actor in zip(packages, actors, strict=True)])
    assert refusals.count("otp_incorrect") == 5
    assert refusals.count("throttled") == 15
    others = [program_of(shop.make_user("admin")) for _package in packages]
    compared = at_once([partial(guess, package, actor) for package, actor in zip(packages, others, strict=True)])
    assert set(compared) == {"otp_incorrect"}


@pytest.mark.django_db(transaction=True)
def test_tokens_from_before_keep_what_they_had_and_stand_on_the_review_list() -> None:
    owner, clerk = shop.make_user("operator"), shop.make_user("associate", shop.make_store())
    old = create_token(user=owner, name="Old till", scopes=["packages:read", "packages:command"]).token
    reader = create_token(user=owner, name="Reader", scopes=["packages:read"]).token
    of_clerk = create_token(user=clerk, name="Scale", scopes=["packages:command"]).token
    database_reset.migrate_there_and_back("oms", "0005")
    scopes = dict(ApiToken.objects.values_list("pk", "scopes"))
    assert "packages:override" in scopes[old.pk]
    assert "packages:override" not in scopes[reader.pk] + scopes[of_clerk.pk]
    listed = reviews.open_reviews(shop.make_actor("admin"))
    assert [(review.is_token, review.token) for review in listed] == [(True, "Old till")]
    assert reviews.mark_reviewed(log_ids=[listed[0].log_id], actor=shop.make_actor("admin")) == 1
    assert reviews.open_reviews(shop.make_actor("admin")) == []
