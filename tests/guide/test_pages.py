"""The guide as the product serves it: behind sign-in, every link and picture of it leads somewhere."""

import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from clickcollect.accounts.models import Role
from clickcollect.guide.pages import MARKDOWN, PAGES, page
from tests import shop
from tests.house.pages import anchor

pytestmark = pytest.mark.django_db
STRANGE = {"tr": "ltr", "de": "ltr", "ar": "rtl"}


def reader(role: Role) -> Client:
    """A browser in which somebody is signed in."""
    client = Client()
    client.force_login(shop.make_user(role, shop.make_store()))
    return client


@pytest.mark.parametrize("address", ["/guide/", *(f"/guide/{name}/" for name in PAGES)])
def test_a_stranger_signs_in_and_comes_back(client: Client, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/accounts/login/?next={address}")


@pytest.mark.parametrize(
    ("role", "first"),
    [(Role.ASSOCIATE, "employee"), (Role.MANAGER, "manager"), (Role.OPERATOR, "operator"), (Role.ADMIN, "operator")],
)
def test_everybody_begins_with_their_own_work_and_may_read_the_rest(role: Role, first: str) -> None:
    client = reader(role)
    assert client.get("/guide/").headers["Location"] == f"/guide/{first}/"
    assert [client.get(f"/guide/{name}/").status_code for name in PAGES] == [200] * len(PAGES)


def test_a_page_that_is_not_there_is_not_found() -> None:
    answer = reader(Role.ASSOCIATE).get("/guide/readme/")
    assert answer.status_code == 404
    assert "Back to Packages" in answer.content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_every_link_and_picture_leads_somewhere(name: str) -> None:
    html = page(name).html
    for target in re.findall(r'href="([^"]+)"', html):
        other, _hash, place = target.removeprefix("/guide/").partition("#")
        found = page(other.strip("/") or name)
        assert not place or place in found.anchors, target
    for picture in re.findall(r'<img src="([^"]+)"', html):
        assert finders.find(picture.removeprefix("/static/")), picture
    assert ".md" not in html


@pytest.mark.parametrize("name", PAGES)
def test_anchors_are_githubs_and_no_two_are_alike(name: str) -> None:
    headings = page(name).headings
    assert [heading.anchor for heading in headings] == [anchor(heading.words) for heading in headings]
    assert len(page(name).anchors) == len(headings)


def test_words_of_the_guide_are_no_markup() -> None:
    assert "<script>" not in MARKDOWN.render("a <script>alert(1)</script> b")


@pytest.mark.parametrize("language", STRANGE)
def test_whoever_reads_another_language_is_told_that_the_guide_is_english(language: str) -> None:
    client = reader(Role.ASSOCIATE)
    client.cookies["django_language"] = language
    words = client.get("/guide/employee/").content.decode()
    assert f'<p class="note" lang="{language}" dir="{STRANGE[language]}">' in words
    assert '<html lang="en">' in words
    client.cookies["django_language"] = "en"
    assert 'class="note"' not in client.get("/guide/employee/").content.decode()
