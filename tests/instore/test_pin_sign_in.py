"""Quick switch by PIN: after a full sign-in on this device, few tries, and never for the back office."""

import pytest
from django.test import Client

from clickcollect.accounts.models import User
from tests import shop

pytestmark = pytest.mark.django_db
PIN = "4071"


def device_of(user: User, *, pin: str = PIN) -> Client:
    """A device on which this person has signed in in full, chosen a PIN, and locked."""
    client = Client()
    client.post("/accounts/login/", {"login": user.username, "password": shop.PASSWORD})
    client.get("/instore/")
    client.post("/instore/pin/", {"pin": pin, "password": shop.PASSWORD})
    client.post("/instore/leave/")
    return client


def associate(username: str = "ayla") -> User:
    return shop.make_user("associate", shop.make_store(), username=username)


def unlock(client: Client, user: User, pin: str = PIN, **more: str) -> str:
    """Where the PIN leads; nowhere if it was refused."""
    response = client.post("/instore/switch/", {"person": str(user.pk), "pin": pin} | more)
    return response.headers.get("Location", "")


def test_who_signed_in_in_full_comes_back_with_the_pin_and_to_the_same_page() -> None:
    user = associate()
    client = device_of(user)
    assert user.get_full_name() in client.get("/accounts/login/").content.decode()
    assert unlock(client, user, next="/instore/?tab=packed") == "/instore/?tab=packed"
    assert client.get("/instore/").status_code == 200


def test_a_pin_never_leads_out_of_instore() -> None:
    user = associate()
    assert unlock(device_of(user), user, next="https://evil.example/") == "/instore/"


def test_another_device_knows_nobody_and_the_pin_opens_nothing_there() -> None:
    user = associate()
    device_of(user)
    stranger = Client()
    assert user.get_full_name() not in stranger.get("/accounts/login/").content.decode()
    assert unlock(stranger, user) == ""


def test_five_wrong_pins_and_even_the_right_one_is_refused() -> None:
    user = associate()
    client = device_of(user)
    for number in range(5):
        assert unlock(client, user, f"999{number}") == ""
    assert unlock(client, user) == ""
    response = client.post("/accounts/login/", {"login": "ayla", "password": shop.PASSWORD})
    assert response.headers["Location"] == "/instore/"


@pytest.mark.parametrize("pin", ["", "123", "123456789", "1111", "1234", "98765", "12a4", "٤٠٧١"])
def test_easy_and_odd_pins_are_refused_in_words(pin: str) -> None:
    user = associate()
    client = Client()
    client.force_login(user)
    response = client.post("/instore/pin/", {"pin": pin, "password": shop.PASSWORD})
    assert response.status_code == 400
    assert 'id="pin-fault"' in response.content.decode()
    assert User.objects.get(pk=user.pk).pin == ""


def test_a_pin_is_set_with_the_password_only_and_kept_hashed() -> None:
    user = associate()
    client = Client()
    client.force_login(user)
    assert client.post("/instore/pin/", {"pin": PIN, "password": "guess"}).status_code == 400
    assert client.post("/instore/pin/", {"pin": PIN, "password": shop.PASSWORD}).status_code == 302
    assert PIN not in User.objects.get(pk=user.pk).pin


def test_who_was_made_back_office_or_inactive_does_not_come_back_by_pin() -> None:
    user = associate()
    client = device_of(user)
    for change in ({"role": "admin"}, {"role": "associate", "is_active": False}):
        User.objects.filter(pk=user.pk).update(**change)
        assert unlock(client, user) == ""
