"""OMS WEB's frame: alarms where people start their day, and the language of this browser."""

from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from clickcollect.accounts.models import Role
from clickcollect.oms import states
from clickcollect.whisperer.models import Delivery, Endpoint, Hook
from tests.markup import markup, without_tags
from tests.shop import make_package, make_user

pytestmark = pytest.mark.django_db(transaction=True)
SHOWN_ON = ["/oms/", "/oms/deliveries/"]


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(make_user(Role.OPERATOR))
    return client


@pytest.fixture
def endpoint() -> Endpoint:
    made = Endpoint.objects.create(target_url="http://127.0.0.1:9/<events>/")
    Hook.objects.create(
        user=make_user(Role.ADMIN),
        event_type="package.status.ready_for_pickup",
        target_url=made.target_url,
        endpoint=made,
    )
    return made


@pytest.mark.parametrize("page", SHOWN_ON)
def test_codes_that_do_not_go_out_raise_an_alarm(operator: Client, endpoint: Endpoint, page: str) -> None:
    make_package(states.READY)
    assert "ow-alarms" not in operator.get(page).content.decode()
    Delivery.objects.update(queued_at=now() - timedelta(minutes=5))
    shown = operator.get(page).content.decode()
    assert 'class="ow-alarms" role="alert"' in shown
    assert "codes have not been sent for 5 minutes" in shown
    assert "Alarm:" in shown


def test_an_address_that_fails_is_named_with_since_when_and_leads_to_the_deliveries(
    operator: Client, endpoint: Endpoint
) -> None:
    Endpoint.objects.update(failing_since="2026-01-05T12:00:00Z", failures=10)
    page = markup(operator.get("/oms/"))
    assert "http://127.0.0.1:9/&lt;events&gt;/ is not responding" in page
    assert "Since 5 Jan, 12:00." in without_tags("time", page)
    assert '<a href="/oms/deliveries/">Look at the deliveries</a>' in page


def test_the_deliveries_stay_cheap(operator: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_max_num_queries(12):
        assert operator.get("/oms/deliveries/").status_code == 200


def test_the_language_is_changed_here_and_leads_back(operator: Client) -> None:
    page = markup(operator.get("/oms/packages/?state=100"))
    assert 'action="/instore/language/"' in page
    assert 'name="next" value="/oms/packages/?state=100"' in page
    answer = operator.post("/instore/language/", {"language": "tr", "next": "/oms/packages/?state=100"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/oms/packages/?state=100")
    turkish = markup(operator.get("/oms/packages/"))
    assert '<html lang="tr"' in turkish
    assert 'value="tr" lang="tr" aria-current="true"' in turkish


@pytest.mark.parametrize("language", ["\x00", "", "xx", "e" * 5000])
def test_a_language_that_is_none_changes_nothing(operator: Client, language: str) -> None:
    answer = operator.post("/instore/language/", {"language": language, "next": "https://elsewhere.example/"})
    assert answer.status_code == 302
    assert "elsewhere" not in answer.headers["Location"]
    assert '<html lang="en"' in operator.get("/oms/packages/").content.decode()


def test_the_language_needs_the_csrf_token() -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_user(Role.OPERATOR))
    assert strict.post("/instore/language/", {"language": "tr"}).status_code == 403


def test_what_is_not_there_is_not_blamed_on_a_store(operator: Client) -> None:
    page = markup(operator.get("/oms/packages/99999999/"))
    assert "find that. Check the number." in page
    assert "belongs to your store" not in page


@pytest.mark.parametrize("form", ["/oms/stores/add/", "/oms/staff/add/", "/oms/hooks/add/", "/oms/orders/add/"])
def test_a_field_left_empty_is_told_in_one_word_everywhere(client: Client, form: str) -> None:
    client.force_login(make_user(Role.ADMIN))
    page = markup(client.post(form, {}))
    assert "Required." in page
    assert "This field is required" not in page


def test_the_picture_of_the_process_explains_its_lines(operator: Client) -> None:
    assert "Not used: no command leads here" in markup(operator.get("/oms/process/"))
    assert "Not used" not in markup(operator.get("/oms/"))  # which leaves such states out


@pytest.mark.parametrize("address", ["", "https://messages.example.test"])
def test_the_menu_leads_to_the_wording_where_the_extension_has_an_address(operator: Client, address: str) -> None:
    with override_settings(EXTENSION_URL=address):
        page = markup(operator.get("/oms/"))
    assert ('href="https://messages.example.test/templates/"' in page) == bool(address)
    assert ("Wording of messages" in page) == bool(address)
