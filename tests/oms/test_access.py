"""Who sees and may do what, asked where it is decided: every role, narrowed or not, and every store."""

from typing import Any

import pytest

from clickcollect.accounts.models import Channel, Role
from clickcollect.accounts.tokens import create_login, create_token
from clickcollect.errors import Forbidden, NotFound
from clickcollect.omnitron.models import StoreMembership
from clickcollect.oms import access
from clickcollect.oms.access import RIGHTS, SYSTEM, Actor, actor_for
from tests import shop

ROLES = [Role.ASSOCIATE, Role.MANAGER, Role.OPERATOR, Role.ADMIN]
AUTHORITY = {Role.MANAGER, Role.OPERATOR, Role.ADMIN}
OF_ONE_STORE = {"packages:read", "packages:command", "packages:override", "stores:read", "orders:read", "orders:write"}
OF_ONE_STORE |= {"settings:read", "settings:write", "settings:security", "logs:read", "reviews:write"}


def actor(role: Role = Role.ADMIN, **fields: Any) -> Actor:
    values: dict[str, Any] = {"user_id": 1, "name": "Ayla", "role": role, "channel": Channel.OMS_WEB, "store_ids": None}
    return Actor(**values | fields)


# --- what the role, the token and the stores allow ---


@pytest.mark.parametrize("right", sorted(RIGHTS))
@pytest.mark.parametrize("role", ROLES)
def test_a_right_needs_the_role_and_the_token_and_all_stores_where_it_is_of_all(role: Role, right: str) -> None:
    has = role in RIGHTS[right]
    assert actor(role).may(right) is has
    assert actor(role, scopes=frozenset({right})).may(right) is has
    assert actor(role, scopes=frozenset(RIGHTS) - {right}).may(right) is False
    assert actor(role, store_ids=frozenset({1})).may(right) is (has and right in OF_ONE_STORE)
    if has:
        actor(role).require(right)
    else:
        with pytest.raises(Forbidden):
            actor(role).require(right)


COMMANDS = {
    "READY_FOR_PICKUP": set(ROLES),
    "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND": set(ROLES),
    "CANCEL_PACKAGE": AUTHORITY,
    "EXTEND_PICKUP": AUTHORITY,
    "UNLOCK_CODE": AUTHORITY,
    "DELIVER_WITHOUT_CODE": AUTHORITY,
    "CORRECT_PHONE": {Role.OPERATOR, Role.ADMIN},
}
OVERRIDES = {"DELIVER_WITHOUT_CODE", "UNLOCK_CODE", "CORRECT_PHONE", "EXTEND_PICKUP"}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("role", ROLES)
def test_a_command_needs_the_role_and_what_weakens_the_check_a_scope_of_its_own(role: Role, command: str) -> None:
    may = role in COMMANDS[command]
    narrowed = {"packages:command"}, {"packages:command", "packages:override"}, {"packages:override"}
    found = [actor(role, scopes=scopes and frozenset(scopes)).may_run(command) for scopes in (None, *narrowed)]
    assert found == [may, may and command not in OVERRIDES, may, False]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("role", ROLES)
def test_where_a_manager_signs_an_associate_may_what_managers_may_and_nobody_else_more(
    role: Role, command: str
) -> None:
    may = (Role.MANAGER if role == Role.ASSOCIATE else role) in COMMANDS[command]
    assert actor(role).may_run(command, with_manager=True) is may
    narrowed = actor(role, scopes=frozenset({"packages:command"}))
    assert narrowed.may_run(command, with_manager=True) is (may and command not in OVERRIDES)


def test_a_store_is_seen_by_who_is_bound_to_it_or_to_none() -> None:
    assert actor().sees_store(1)
    assert actor().sees_store(None)
    bound = actor(store_ids=frozenset({1}))
    assert [bound.sees_store(store) for store in (1, 2, None)] == [True, False, False]
    assert not actor(store_ids=frozenset()).sees_store(1)


# --- who somebody is ---


def test_the_house_itself_may_everything_everywhere_and_is_no_program() -> None:
    assert all(SYSTEM.may(right) for right in RIGHTS)
    assert (SYSTEM.user_id, SYSTEM.store_ids, SYSTEM.is_program, SYSTEM.device_user_id) == (None, None, False, None)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_a_person_acts_in_their_channel_and_stores(role: Role) -> None:
    here, there = shop.make_store("IST-01"), shop.make_store("BER-01")
    user = shop.make_user(role, here, there)
    of_stores = role in (Role.ASSOCIATE, Role.MANAGER)
    own = actor_for(user)
    assert (own.user_id, own.name, own.role) == (user.pk, user.get_full_name(), role)
    assert own.channel == (Channel.INSTORE if of_stores else user.channel)
    assert own.store_ids == (frozenset({here.pk, there.pk}) if of_stores else None)
    assert (own.scopes, own.is_program, own.device_user_id) == (None, False, None)
    for channel in Channel:
        assert actor_for(user, channel=channel).channel == (Channel.INSTORE if of_stores else channel)
    if of_stores:
        StoreMembership.objects.filter(user=user).delete()
        assert actor_for(user).store_ids == frozenset()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_a_token_narrows_a_person_and_never_widens_them(role: Role) -> None:
    here, there, elsewhere = (shop.make_store(code) for code in ("IST-01", "BER-01", "ANK-01"))
    user = shop.make_user(role, here, elsewhere)
    of_stores = role in (Role.ASSOCIATE, Role.MANAGER)
    key = create_token(
        user=user, name="till", scopes=["packages:read"], stores=["IST-01", "BER-01"], channel=Channel.OMS_WEB
    ).key
    got = shop.caller_of(key)
    assert got is not None
    assert got.store_ids == (frozenset({here.pk}) if of_stores else frozenset({here.pk, there.pk}))
    assert got.channel == (Channel.INSTORE if of_stores else Channel.OMS_WEB)
    assert (got.scopes, got.is_program) == (frozenset({"packages:read"}), True)
    wide = shop.caller_of(create_token(user=user, name="till", scopes=[]).key)
    assert wide is not None
    assert wide.store_ids == (frozenset({here.pk, elsewhere.pk}) if of_stores else None)
    assert wide.scopes == frozenset()
    sign_in = shop.caller_of(create_login(user=user, scopes=RIGHTS).key)
    assert sign_in is not None
    assert not sign_in.is_program


# --- what is seen ---


@pytest.mark.django_db
def test_orders_lines_packages_and_stores_are_those_of_ones_own_stores() -> None:
    here, there = shop.make_store("IST-01"), shop.make_store("BER-01")
    own, other = shop.make_package(store=here), shop.make_package(store=there)
    split = shop.make_order("SPLIT-1", store=there)
    split.items.create(sku="HERE", name="Here", quantity=1, price=1, retail_store=here)
    moved = shop.make_package(store=here, order=shop.make_order("MOVED-1", store=there))
    seen = actor(Role.MANAGER, store_ids=frozenset({here.pk}))
    assert {order.pk for order in access.orders_of(seen)} == {own.order_id, moved.order_id}
    assert {item.sku for item in access.order_items_of(seen).filter(order=split)} == {"HERE"}
    assert {item.order_id for item in access.order_items_of(seen)} == {own.order_id, split.pk}
    assert {package.pk for package in access.packages_of(seen)} == {own.pk, moved.pk}
    assert [store.pk for store in access.stores_of(seen)] == [here.pk]
    everything = actor(Role.OPERATOR)
    assert access.orders_of(everything).count() == 4
    assert access.order_items_of(everything).count() == 5
    assert {package.pk for package in access.packages_of(everything)} == {own.pk, other.pk, moved.pk}
    assert access.stores_of(everything).count() == 2


@pytest.mark.django_db
def test_a_package_of_another_store_is_not_found_by_id_nor_by_number() -> None:
    here, there = shop.make_store("IST-01"), shop.make_store("BER-01")
    own, other = shop.make_package(store=here), shop.make_package(store=there)
    seen = actor(Role.MANAGER, store_ids=frozenset({here.pk}))
    assert access.get_package(seen, package_id=own.pk) == access.get_package(seen, number=own.number) == own
    assert access.get_package(SYSTEM, package_id=other.pk) == other
    for wanted in ({"package_id": other.pk}, {"number": other.number}, {"package_id": 2**80}, {"package_id": 0}, {}):
        with pytest.raises(NotFound):
            access.get_package(seen, **wanted)
