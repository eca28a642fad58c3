"""OMS WEB, handovers to review: what went without a code stands there until somebody with authority has looked."""

from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from clickcollect.accounts.models import Role
from clickcollect.errors import OtpIncorrect
from clickcollect.oms import states
from clickcollect.oms.commands.run import run_command
from clickcollect.oms.log_models import CommandLog, Evidence, OverrideReview
from clickcollect.oms.models import Package
from clickcollect.oms.reviews import to_review
from tests.markup import markup
from tests.shop import make_actor, make_package, make_store, make_user, right_code, wrong_code

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/oms/reviews/"
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(make_user(Role.OPERATOR))
    return client


def overridden(reason: str = "The phone is broken") -> Package:
    package = make_package(states.READY)
    run_command(
        package_id=package.pk,
        transition="DELIVER_WITHOUT_CODE",
        actor=make_actor(Role.MANAGER, package.stock_location),
        data={"evidence": "id_document", "reason": reason},
    )
    return package


def locked() -> Package:
    package = make_package(states.READY)
    actor = make_actor(Role.ASSOCIATE, package.stock_location)
    for offset in range(1, 6):
        data = {"otp": wrong_code(package, offset)}
        with pytest.raises(OtpIncorrect):
            run_command(package_id=package.pk, transition=DELIVER, actor=actor, data=data)
    return package


def log_ids() -> list[int]:
    return list(to_review(make_actor(Role.OPERATOR)).values_list("pk", flat=True))


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMIN])
def test_the_back_office_reads_what_happened_at_the_time_of_the_store(client: Client, role: Role) -> None:
    client.force_login(make_user(role))
    one, other = overridden(reason="<b>lost</b>"), locked()
    page = markup(client.get(PAGE))
    for words in (one.number, other.number, "Without a code", "Locked after wrong codes", "Deniz Yılmaz", "Ayla Staff"):
        assert words in page
    assert "&lt;b&gt;lost&lt;/b&gt;" in page
    assert str(Evidence.ID_DOCUMENT.label) in page
    entry = CommandLog.objects.get(package_id=one.pk, command_code="DELIVER_WITHOUT_CODE")
    at_the_store = entry.at.astimezone(ZoneInfo("Europe/Istanbul"))
    assert f"{at_the_store:%H:%M}</time>" in page
    assert f"{one.number}</a><small>{one.stock_location.name}" in page


@pytest.mark.parametrize("role", [Role.ASSOCIATE, Role.MANAGER])
def test_store_staff_review_in_instore_not_here(client: Client, role: Role) -> None:
    overridden()
    client.force_login(make_user(role, make_store()))
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, {"id": log_ids()}).status_code == 403
    assert not OverrideReview.objects.exists()


def test_the_lock_stands_above_the_wrong_code_that_caused_it(operator: Client) -> None:
    package = locked()
    timeline = markup(operator.get(f"/oms/packages/{package.pk}/")).split('class="ow-timeline"')[1]
    assert timeline.index("Locked after too many wrong codes") < timeline.index("Refused:")


def test_what_is_marked_leaves_the_list(operator: Client) -> None:
    packages = [overridden(), overridden(), overridden()]
    first, second, third = sorted(log_ids())
    answer = operator.post(PAGE, {"id": [first, second]}, follow=True)
    assert "2 handovers were reviewed." in answer.content.decode()
    assert log_ids() == [third]
    assert packages[2].number in answer.content.decode()
    assert packages[0].number not in answer.content.decode()


def test_the_button_of_one_marks_that_one_whatever_is_ticked(operator: Client) -> None:
    overridden()
    overridden()
    first, second = sorted(log_ids())
    operator.post(PAGE, {"id": [first], "only": second})
    assert log_ids() == [first]


def test_what_was_reviewed_meanwhile_is_said_and_not_reviewed_twice(operator: Client) -> None:
    overridden()
    (entry,) = log_ids()
    operator.post(PAGE, {"id": [entry]})
    again = operator.post(PAGE, {"id": [entry]}, follow=True)
    assert "Someone else has reviewed it in the meantime" in again.content.decode()
    assert OverrideReview.objects.count() == 1


@pytest.mark.parametrize("text", ["\x00", "", "-1", "٣", "9" * 19, "9" * 5000, "0", "1; drop"])
def test_what_is_no_handover_marks_nothing(operator: Client, text: str) -> None:
    overridden()
    for name in ("id", "only"):
        assert operator.post(PAGE, {name: text}).status_code == 302
    assert len(log_ids()) == 1


def test_a_mark_needs_the_csrf_token() -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_user(Role.ADMIN))
    assert strict.post(PAGE, {"id": "1"}).status_code == 403


def test_the_share_without_a_code_is_told_in_any_language(operator: Client) -> None:
    overridden()
    package = make_package(states.READY)
    run_command(
        package_id=package.pk, transition=DELIVER, actor=make_actor(Role.ADMIN), data={"otp": right_code(package)}
    )
    page = operator.get(PAGE).content.decode()
    assert "50.0%" in page
    turkish = operator.get(PAGE, headers={"accept-language": "tr"}).content.decode()
    assert 'value="50.0"' in turkish


def test_a_calm_list_says_so(operator: Client) -> None:
    assert "Nothing to review." in operator.get(PAGE).content.decode()


def test_the_sidebar_and_the_dashboard_lead_here(operator: Client) -> None:
    assert "ow-nav-badge" not in markup(operator.get("/oms/packages/"))
    overridden()
    assert '<span class="ow-nav-badge">1</span>' in markup(operator.get("/oms/packages/"))
    assert f'class="ow-need ow-need-warn" href="{PAGE}"' in markup(operator.get("/oms/"))


def test_the_list_costs_the_same_for_many(
    operator: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(6):
        overridden()
    with django_assert_max_num_queries(14):
        assert operator.get(PAGE).status_code == 200
