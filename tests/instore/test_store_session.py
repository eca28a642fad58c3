"""In and out: sign-in, lock, several stores, language, and what a stranger gets to see."""

import time

import pytest
from django.test import Client

from clickcollect.oms import states
from clickcollect.oms.idle_lock import SEEN
from clickcollect.oms.models import Package
from tests import shop

pytestmark = pytest.mark.django_db
POLICY = {"script-src 'self'", "style-src 'self'", "default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"}


def signed_in(role: str = "associate", *erp_codes: str) -> Client:
    client = Client()
    client.force_login(shop.make_user(role, *(shop.make_store(code) for code in erp_codes or ("IST-01",))))
    return client


@pytest.mark.parametrize(
    ("role", "home"), [("associate", "/instore/"), ("manager", "/instore/"), ("operator", "/oms/"), ("admin", "/oms/")]
)
def test_everybody_is_led_to_where_they_work(role: str, home: str) -> None:
    shop.make_user(role, shop.make_store(), username="somebody")
    client = Client()
    response = client.post("/accounts/login/", {"login": "somebody", "password": shop.PASSWORD})
    assert response.headers["Location"] == home
    assert client.get("/").headers["Location"] == home


def test_a_wrong_password_is_told_in_a_sentence_and_the_name_stays() -> None:
    response = Client().post("/accounts/login/", {"login": "somebody", "password": "nonsense"})
    html = response.content.decode()
    assert "Username and password do not match" in html
    assert 'value="somebody"' in html


def test_guessing_passwords_comes_to_an_end_also_from_another_device() -> None:
    shop.make_user("associate", shop.make_store(), username="somebody")
    told = ""
    for number in range(12):
        response = Client().post("/accounts/login/", {"login": "somebody", "password": f"guess {number}"})
        told = response.content.decode()
        assert response.status_code < 500
    assert "Username and password do not match" not in told
    response = Client().post("/accounts/login/", {"login": "somebody", "password": shop.PASSWORD})
    assert response.status_code != 302, "the right password opens the door while it is closed"


@pytest.mark.parametrize("planted", ["", "made-up-by-somebody-else-000000000"])
def test_a_session_from_before_the_sign_in_is_worth_nothing_after_it(planted: str) -> None:
    shop.make_user("associate", shop.make_store(), username="somebody")
    client, thief = Client(), Client()
    if not planted:
        client.post("/instore/language/", {"language": "tr", "next": "/accounts/login/"})
        client.get("/accounts/login/")
        session = client.session
        session["of"] = "before"
        session.save()
        planted = str(session.session_key)
    for browser in (client, thief):
        browser.cookies["sessionid"] = planted
    assert client.post("/accounts/login/", {"login": "somebody", "password": shop.PASSWORD}).status_code == 302
    assert client.cookies["sessionid"].value != planted
    assert client.get("/instore/").status_code == 200
    assert thief.get("/instore/").status_code == 302


def test_nobody_can_sign_up() -> None:
    assert Client().get("/accounts/signup/").status_code == 404


@pytest.mark.parametrize("address", ["/accounts/login/", "/instore/", "/instore/nowhere/", "/instore/stores/"])
def test_every_page_runs_under_the_strict_policy(address: str) -> None:
    policy = signed_in().get(address).headers["Content-Security-Policy"]
    assert {part.strip() for part in policy.split(";")} >= POLICY
    assert "unsafe" not in policy


def test_lock_signs_out_and_the_device_keeps_only_its_store() -> None:
    client = signed_in()
    client.get("/instore/")
    assert client.post("/instore/leave/").headers["Location"] == "/accounts/login/"
    assert client.get("/instore/").status_code == 302
    assert "This device belongs to store IST-01" in client.get("/accounts/login/").content.decode()


def test_a_device_that_nobody_touches_locks_itself_and_comes_back_to_the_same_page() -> None:
    package = shop.make_package(states.READY)
    client = signed_in()
    address = f"/instore/packages/{package.number}/"
    client.get(address)
    session = client.session
    session[SEEN] = int(time.time()) - 6 * 60
    session.save()
    response = client.get(address)
    assert response.headers["Location"].startswith("/accounts/login/?next=%2Finstore%2Fpackages")
    assert "_auth_user_id" not in client.session


def test_looking_for_news_is_no_touch_and_a_touch_is() -> None:
    client = signed_in()
    client.get("/instore/")
    for address, is_touch in (("/instore/live/", False), ("/instore/here/", True)):
        session = client.session
        session[SEEN] = int(time.time()) - 4 * 60
        session.save()
        _answer = client.post(address) if is_touch else client.get(address)
        assert (client.session[SEEN] > time.time() - 60) is is_touch


def test_whoever_works_in_several_stores_chooses_one_and_sees_only_that() -> None:
    here, there = (shop.make_package(states.WAITING, store=shop.make_store(code)) for code in ("IST-01", "BER-01"))
    client = signed_in("associate", "IST-01", "BER-01")
    assert client.get("/instore/").headers["Location"] == "/instore/stores/"
    client.post("/instore/stores/", {"store": "BER-01"})
    html = client.get("/instore/").content.decode()
    assert str(there.number) in html
    assert str(here.number) not in html
    assert client.get(f"/instore/packages/{here.number}/").status_code == 404


def test_nobody_chooses_a_store_they_do_not_work_in() -> None:
    package = shop.make_package(states.WAITING, store=shop.make_store("BER-01"))
    client = signed_in()
    client.post("/instore/stores/", {"store": "BER-01"})
    assert str(Package.objects.get(pk=package.pk).number) not in client.get("/instore/").content.decode()


def test_the_language_of_a_device_is_chosen_at_the_door() -> None:
    client = Client()
    client.post("/instore/language/", {"language": "ar", "next": "/accounts/login/"})
    assert 'lang="ar" dir="rtl"' in client.get("/accounts/login/").content.decode()
    assert (
        client.post("/instore/language/", {"language": "ar", "next": "https://evil.example/"}).headers["Location"]
        == "/"
    )


def test_a_device_can_put_instore_on_its_home_screen() -> None:
    told = Client().get("/instore/manifest.webmanifest").json()
    assert told["start_url"] == "/instore/"
    assert {icon["sizes"] for icon in told["icons"]} == {"192x192", "512x512"}
