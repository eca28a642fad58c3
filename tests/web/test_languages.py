"""Instore, signing in and the API speak the language of whoever reads: by cookie, by Accept-Language, right to left."""

import gettext
import html
import json
import re
from functools import cache
from pathlib import Path

import pytest
from django.test import Client, override_settings

from clickcollect.accounts.models import Role
from clickcollect.oms import states
from tests import shop
from tests.api.caller import ORDERS, PACKAGES, Caller, make_caller

LOCALE = Path(__file__).parents[2] / "clickcollect" / "locale"
LANGUAGES = ["tr", "de", "ar"]
SIGN_IN = {"tr": "Oturum aç", "de": "Anmelden", "ar": "تسجيل الدخول"}


@cache
def translations(language: str) -> dict[str, str]:
    """Every plain sentence, English to this language, where the two differ."""
    catalogue = gettext.GNUTranslations((LOCALE / language / "LC_MESSAGES" / "django.mo").open("rb"))
    words = {source: said for source, said in catalogue._catalog.items() if isinstance(source, str)}  # type: ignore[attr-defined]
    return {source: said for source, said in words.items() if source and said != source and "\x04" not in source}


def pieces(page: str) -> set[str]:
    """What stands between the tags of a page, and what is read out."""
    page = re.sub(r"(?s)<(script|style)\b.*?</\1>", " ", page)
    page = re.sub(r"(?s)<button[^>]*\slang=.*?</button>", " ", page)  # a language says its own name
    page = re.sub(r"<[^>]*material-symbols[^>]*>[^<]*<|<wbr>", "", page)  # an icon's name; "In_store" breaks
    spoken = re.findall(r'\s(?:aria-label|placeholder|title)="([^"]*)"', page)
    return {html.unescape(piece).strip() for piece in [*re.split(r"(?s)<[^>]*>", page), *spoken]} - {""}


def english_in(page: str, language: str) -> list[str]:
    """Sentences that this language has words for, left in English."""
    said = set(translations(language).values())
    return sorted(piece for piece in pieces(page) if piece in translations(language) and piece not in said)


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_signing_in_follows_the_browser_and_then_the_device(language: str) -> None:
    client = Client()
    page = client.get("/accounts/login/", headers={"accept-language": f"{language},en;q=0.5"}).content.decode()
    direction = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language}" dir="{direction}">' in page
    assert SIGN_IN[language] in pieces(page)
    assert english_in(page, language) == []
    client.post("/instore/language/", {"language": language, "next": "/accounts/login/"})
    kept = client.get("/accounts/login/", headers={"accept-language": "en"}).content.decode()
    assert f'<html lang="{language}" dir="{direction}">' in kept


@pytest.mark.django_db
def test_control_the_english_page_is_seen_as_english() -> None:
    page = Client().get("/accounts/login/").content.decode()
    assert "Username" in english_in(page, "tr")


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrong_password_is_refused_in_the_language(language: str) -> None:
    client = Client(headers={"accept-language": language})
    page = client.post("/accounts/login/", {"login": "nobody", "password": "wrong"}).content.decode()
    assert translations(language)["Username and password do not match. Check both and try again."] in pieces(page)


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", ["associate", "manager"])
def test_no_english_is_left_on_the_screens_of_the_counter(language: str, role: str) -> None:
    store = shop.make_store()
    numbers = [shop.make_package(state, store=store).number for state in states.NAMES]
    client = Client(headers={"accept-language": language})
    client.force_login(shop.make_user(role, store))
    addresses = ["/instore/", "/instore/?tab=all", "/instore/?tab=all&q=nothing", "/instore/pin/"]
    addresses += [f"/instore/packages/{number}/" for number in [*numbers, "PK-1"]]
    addresses += [f"/instore/{kind}/?numbers={numbers[0]}" for kind in ("labels", "pick-lists")]
    addresses += ["/instore/manager/"] if role == "manager" else []
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code in (200, 404), address
        page = answer.content.decode()
        assert f'lang="{language}"' in page, address
        assert english_in(page, language) == [], address


@pytest.mark.django_db
def test_no_english_is_left_on_the_screens_of_the_back_office_in_turkish() -> None:
    package = shop.make_package(states.READY)
    client = Client(headers={"accept-language": "tr"})
    client.force_login(shop.make_user("admin"))
    start = client.get("/oms/").content.decode()
    menu = set(re.findall(r'href="(/oms/[^"?#]*)"', start)) - {
        "/oms/logout/",
        "/oms/process/",
    }  # there the names are what is edited
    assert len(menu) > 8
    for address in sorted(menu):
        answer = client.get(address)
        if answer.status_code == 200:
            assert english_in(answer.content.decode(), "tr") == [], address
    assert package.number in client.get("/oms/packages/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_api_refuses_in_the_language_of_its_caller(language: str) -> None:
    caller = make_caller("admin")
    told = json.loads(caller.get(f"{PACKAGES}999999/", Accept_Language=language).content)
    asked = "We couldn't find that. Check the number, or whether it belongs to your store."
    assert told["detail"] == translations(language)[asked]
    answer = Caller(None).get(PACKAGES, Accept_Language=language)
    assert answer["Content-Language"] == language
    assert json.loads(answer.content)["title"] == translations(language)["Sign in first"]
    faults = json.loads(caller.post(ORDERS, {"number": "X"}, Accept_Language=language).content)["errors"]
    assert {fault["msg"] for fault in faults} >= {translations(language)["Required."]}


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrong_code_is_told_with_the_right_plural(language: str) -> None:
    package = shop.make_package(states.READY)
    body = {"slug": "self-service-package-delivery", "otp": shop.wrong_code(package)}
    manager = make_caller("manager", package.stock_location)
    told = json.loads(manager.command(package.pk, body, Accept_Language=language).content)
    catalogue = gettext.GNUTranslations((LOCALE / language / "LC_MESSAGES" / "django.mo").open("rb"))
    one, many = "The code is incorrect. %(count)d attempt left.", "The code is incorrect. %(count)d attempts left."
    assert told["detail"] == catalogue.ngettext(one, many, 4) % {"count": 4}
    assert not re.search(r"[A-Za-z]", told["detail"]) if language == "ar" else "4" in told["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize("secure", [True, False])
def test_the_language_of_a_person_is_a_secure_cookie_where_the_others_are(client: Client, *, secure: bool) -> None:
    user = shop.make_user(Role.ASSOCIATE, shop.make_store(), language_code="de")
    with override_settings(LANGUAGE_COOKIE_SECURE=secure):
        client.post("/accounts/login/", {"login": user.username, "password": shop.PASSWORD})
    cookie = client.cookies["django_language"]
    assert (cookie.value, bool(cookie["secure"]), bool(cookie["httponly"])) == ("de", secure, True)
