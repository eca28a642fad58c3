"""The review list: every handover without a code and every lock-out, until somebody with authority has looked."""

import pytest

from clickcollect.accounts.models import Role
from clickcollect.errors import Forbidden, NotFound, OtpIncorrect
from clickcollect.oms import reviews, states
from clickcollect.oms.access import Actor
from clickcollect.oms.commands.run import run_command
from tests import shop

pytestmark = pytest.mark.django_db
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"


def hand_over(actor: Actor, *, without_code: bool) -> int:
    package = shop.make_package(states.READY)
    if without_code:
        data = {"evidence": "id_document", "reason": "phone is broken"}
        run_command(package_id=package.pk, transition="DELIVER_WITHOUT_CODE", actor=actor, data=data)
    else:
        run_command(package_id=package.pk, transition=DELIVER, actor=actor, data={"otp": shop.right_code(package)})
    return package.pk


def test_overrides_and_lock_outs_stand_on_the_list_until_reviewed() -> None:
    manager = shop.make_actor(Role.MANAGER, shop.make_store())
    overridden = hand_over(manager, without_code=True)
    hand_over(manager, without_code=False)
    locked = shop.make_package(states.READY)
    for offset in range(1, 6):
        data = {"otp": shop.wrong_code(locked, offset)}
        with pytest.raises(OtpIncorrect):
            run_command(package_id=locked.pk, transition=DELIVER, actor=manager, data=data)
    found = reviews.open_reviews(manager)
    assert [(item.package.pk, item.is_override) for item in found if item.package] == [
        (locked.pk, False), (overridden, True),
    ]  # fmt: skip
    assert (found[1].reason, found[1].evidence, found[1].who) == ("phone is broken", "Identity document", manager.name)
    assert reviews.mark_reviewed(log_ids=[found[1].log_id], actor=manager) == 1
    assert [item.log_id for item in reviews.open_reviews(manager)] == [found[0].log_id]


def test_a_manager_reviews_their_own_store_only() -> None:
    manager = shop.make_actor(Role.MANAGER, shop.make_store())
    other = shop.make_actor(Role.MANAGER, shop.make_store("BER-01"))
    hand_over(manager, without_code=True)
    entry = reviews.open_reviews(manager)[0]
    assert reviews.open_reviews(other) == []
    with pytest.raises(NotFound):
        reviews.mark_reviewed(log_ids=[entry.log_id], actor=other)


def test_an_associate_reviews_nothing() -> None:
    associate = shop.make_actor(Role.ASSOCIATE, shop.make_store())
    with pytest.raises(Forbidden):
        reviews.open_reviews(associate)


def test_the_share_without_code_is_told_by_store_and_employee() -> None:
    store = shop.make_store()
    careful, careless = (shop.make_actor(Role.MANAGER, store) for _ in range(2))
    for _ in range(3):
        hand_over(careful, without_code=False)
    hand_over(careless, without_code=True)
    assert [(share.name, share.percent) for share in reviews.share_by_store(careful)] == [(store.name, 25.0)]
    assert [share.percent for share in reviews.share_by_employee(careful)] == [100.0, 0.0]
