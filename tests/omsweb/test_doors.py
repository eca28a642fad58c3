"""Who gets into OMS WEB, and what a browser may do there."""

import pytest
from csp.utils import build_policy
from django.test import Client

from clickcollect.accounts.models import Role
from clickcollect.oms.models import CommandTransition
from tests.shop import make_store, make_user

pytestmark = pytest.mark.django_db

PAGES = ["/oms/", "/oms/packages/", "/oms/orders/", "/oms/orders/add/", "/oms/log/", "/oms/settings/", "/oms/process/"]


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_is_sent_to_sign_in(client: Client, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == 302
    assert "login" in answer.headers["Location"]


@pytest.mark.parametrize("role", [Role.ASSOCIATE, Role.MANAGER])
@pytest.mark.parametrize("page", PAGES)
def test_store_staff_see_nothing_of_it(client: Client, page: str, role: Role) -> None:
    client.force_login(make_user(role, make_store()))
    answer = client.get(page)
    assert answer.status_code == 403
    assert "Go to Instore" in answer.content.decode()


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMIN])
@pytest.mark.parametrize("page", PAGES)
def test_the_back_office_gets_in(client: Client, page: str, role: Role) -> None:
    client.force_login(make_user(role))
    assert client.get(page).status_code == 200


def test_only_oms_web_may_evaluate_and_style_inline(client: Client) -> None:
    client.force_login(make_user(Role.OPERATOR))
    policy = client.get("/oms/packages/").headers["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";") if " " in part.strip())
    assert directives["script-src"] == "'self' 'unsafe-eval'"
    assert directives["style-src"] == "'self' 'unsafe-inline'"
    assert "unsafe" not in client.get("/api/openapi.json").headers.get("Content-Security-Policy", "")


def test_every_other_answer_has_the_settings_own_policy(client: Client) -> None:
    client.force_login(make_user(Role.OPERATOR))
    for page in ("/accounts/login/", "/healthz", "/api/v1/oms/packages/"):
        directives = client.get(page).headers["Content-Security-Policy"].split("; ")
        assert set(directives) == set(build_policy().split("; ")), page


def test_pages_are_kept_by_nobody(client: Client) -> None:
    client.force_login(make_user(Role.OPERATOR))
    assert "no-store" in client.get("/oms/packages/").headers["Cache-Control"]


def test_every_change_needs_the_csrf_token(client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_user(Role.ADMIN))
    row = CommandTransition.objects.get(slug="resend-code").pk
    for address in (
        "/oms/orders/add/",
        "/oms/settings/IS_OTP_ENABLED/",
        f"/oms/process/{row}/change/",
        "/oms/process/file/",
        "/oms/packages/1/command/1/",
    ):
        assert strict.post(address, {}).status_code == 403, address


def test_a_closed_account_is_out(client: Client) -> None:
    user = make_user(Role.ADMIN)
    client.force_login(user)
    user.is_active = False
    user.save()
    assert client.get("/oms/packages/").status_code == 302
