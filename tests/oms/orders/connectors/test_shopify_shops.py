"""Several shops at once: each speaks with its own secret, for itself alone, in its own channel."""

import pytest
from django.conf import settings

from clickcollect.omnitron.models import Order
from clickcollect.oms.orders.channels import channel_of_shop
from clickcollect.oms.orders.connectors.counts import counts
from clickcollect.oms.orders.connectors.shopify_shops import signing_shop
from tests.oms.orders.connectors.payloads import shopify_order
from tests.oms.orders.connectors.shopify_shop import send, signature
from tests.shop import make_store

GALATA, MODA = "galata.myshopify.com", "moda.myshopify.com"


def shop(*, secret: str, domain: str, secrets: list[str]) -> str | None:
    return signing_shop(body=b"x", signature=signature(b"x", secret), domain=domain, secrets=secrets)


@pytest.mark.django_db(transaction=True)
def test_two_shops_have_an_order_of_the_same_number_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SHOPIFY_WEBHOOK_SECRET", [f"{GALATA}:one", f"{MODA}:two"], raising=False)
    make_store(name="Galata")

    assert send(shopify_order(), domain=GALATA, secret="one")[0] == 201
    assert send(shopify_order(), domain=MODA, secret="two")[0] == 201
    assert send(shopify_order(), domain=MODA, secret="two")[0] == 200
    assert send(shopify_order(), domain=GALATA, secret="two")[0] == 401, "a secret is its own shop's"
    assert send(shopify_order(), domain=GALATA, signed="")[0] == 401
    assert sorted(Order.objects.values_list("channel", "number")) == [
        (f"shopify:{GALATA}", "1043"),
        (f"shopify:{MODA}", "1043"),
    ]
    assert counts() == {("shopify", "created"): 2, ("shopify", "known"): 1, ("shopify", "refused_signature"): 2}


@pytest.mark.parametrize(
    ("secret", "domain", "secrets", "channel"),
    [
        ("one", GALATA, ["one"], f"shopify:{GALATA}"),
        ("one", GALATA, ["two", " one "], f"shopify:{GALATA}"),
        ("one", GALATA, [f"{GALATA}:two", f"{GALATA}:one"], f"shopify:{GALATA}"),
        ("one", "GALATA.myshopify.com ", ["Galata.MyShopify.com:one"], f"shopify:{GALATA}"),
        ("one", "", ["one"], "shopify"),
        ("one", "not a domain", ["one"], "shopify"),
        ("one", "", [f"{GALATA}:one"], None),
        ("one", MODA, [f"{GALATA}:one"], None),
        ("", GALATA, ["", " ", f"{GALATA}:"], None),
        ("shpss_1:2", GALATA, ["shpss_1:2"], f"shopify:{GALATA}"),
        ("2", GALATA, ["shpss_1:2"], None),
    ],
)
def test_a_secret_speaks_for_its_shop(secret: str, domain: str, secrets: list[str], channel: str | None) -> None:
    assert shop(secret=secret, domain=domain, secrets=secrets) == channel


def test_a_channel_fits_its_column_and_two_long_domains_stay_apart() -> None:
    first, second = (channel_of_shop("a" * 58 + end + ".myshopify.com") for end in ("x", "y"))
    assert first != second
    assert len(first) == len(second) == 64
    assert first.startswith("shopify:aaaa")
