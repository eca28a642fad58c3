"""Every page of Instore and OMS WEB has its "?", and it opens a paragraph that is there."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from clickcollect.accounts.models import Role
from clickcollect.guide.help_lines import HELP
from clickcollect.guide.pages import page
from clickcollect.oms import states
from clickcollect.oms.access import actor_for
from clickcollect.oms.models import CommandTransition
from clickcollect.oms.orders.connectors.receive import receive_channel_order
from clickcollect.whisperer.models import Endpoint, Hook
from tests import shop

DOORS: Final = ("instore", "omsweb")
NO_PAGE: Final = {
    "pieces of a page": {
        "instore:packages_live", "instore:package_live", "instore:bulk", "instore:label", "omsweb:search",
        "omsweb:order_file_live",
    },
    "files": {
        "instore:manifest", "instore:figures", "omsweb:jsi18n", "omsweb:packages_csv", "omsweb:packages_xlsx",
        "omsweb:orders_csv", "omsweb:orders_xlsx", "omsweb:log_csv", "omsweb:workflow_export",
    },
    "they take a form and lead elsewhere": {
        "instore:review", "instore:switch", "instore:touch", "instore:leave", "instore:language", "instore:shelf",
        "instore:tick", "instore:command", "omsweb:login", "omsweb:logout", "omsweb:touch", "omsweb:filter_save",
        "omsweb:filter_remove", "omsweb:app_list", "omsweb:order_cancel", "omsweb:repairs_again",
        "omsweb:repair_discard", "omsweb:location_forget", "omsweb:order_file_discard", "omsweb:token_revoke",
        "omsweb:whisperer_hook_test", "omsweb:deliveries_again", "omsweb:deliveries_resume",
        "omsweb:oms_commandtransition_delete", "omsweb:oms_packagestate_delete", "omsweb:whisperer_hook_delete",
    },
    "an address that is not there": {"omsweb:"},
}  # fmt: skip
PRINTED: Final = ("instore:labels", "instore:pick_lists")


def named(patterns: list[URLPattern | URLResolver], space: str = "") -> Iterator[str]:
    """The names of all addresses, as a template calls them."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from named(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else space)
        else:
            yield f"{space}{pattern.name or ''}"


def pages_of_the_doors() -> set[str]:
    """The names of everything in Instore and OMS WEB that may show a page."""
    found = {name for name in named(get_resolver().url_patterns) if name.partition(":")[0] in DOORS}
    return found - {name for names in NO_PAGE.values() for name in names}


def without_help(names: set[str]) -> set[str]:
    return names - HELP.keys()


def test_every_page_has_its_line() -> None:
    assert without_help(pages_of_the_doors()) == set()


def test_control_a_page_without_its_line_is_found() -> None:
    assert without_help({*pages_of_the_doors(), "omsweb:brand_new"}) == {"omsweb:brand_new"}


def test_no_line_is_for_a_page_that_is_gone() -> None:
    of_doors = {name.partition(" ")[0] for name in HELP if name.partition(":")[0] in DOORS}
    assert of_doors - pages_of_the_doors() == set()


@pytest.mark.parametrize("target", sorted(set(HELP.values())))
def test_every_line_leads_to_a_paragraph_that_is_there(target: str) -> None:
    name, _hash, anchor = target.partition("#")
    assert anchor in page(name).anchors


def somebody(role: Role) -> Client:
    """A browser in which somebody is signed in."""
    client = Client()
    client.force_login(shop.make_user(role, *([] if role == Role.ADMIN else [shop.make_store()])))
    return client


def address_of(name: str, things: dict[str, Any]) -> str:
    """Where a page stands, in a shop that has one thing of each kind."""
    if name in things:
        return reverse(name.partition(" ")[0], kwargs=things[name])
    if name in PRINTED:
        return f"{reverse(name)}?numbers={things['instore:package']['number']}"
    with suppress(NoReverseMatch):
        return reverse(name)
    app, _underscore, model = name.removeprefix("omsweb:").rpartition("_")[0].partition("_")
    return reverse(name, args=[apps.get_model(app, model)._default_manager.latest("pk").pk])


@pytest.fixture
def things() -> dict[str, Any]:
    """What the addresses of the pages that show one thing ask for."""
    admin = shop.make_user(Role.ADMIN, shop.make_store())
    endpoint = Endpoint.objects.create(target_url="https://receiver.example/")
    event = "package.status.ready_for_pickup"
    Hook.objects.create(user=admin, event_type=event, target_url=endpoint.target_url, endpoint=endpoint)
    order, ready = shop.make_order(), shop.make_package(states.READY)
    unknown = shop.order_document("1001", store="nowhere")
    receive_channel_order(unknown, payload={}, connector="shopify", actor=actor_for(admin), is_webhook=True)
    file = SimpleUploadedFile("orders.csv", b"order_number;store\n1;IST-01\n")
    somebody(Role.ADMIN).post(reverse("omsweb:oms_orderupload_changelist"), {"file": file})
    cancel = CommandTransition.objects.get(slug="cancel-package-ready")
    return {
        "instore:package": {"number": shop.make_package().number},
        "instore:package ready": {"number": ready.number},
        "omsweb:order_take_off": {"object_id": order.pk},
        "omsweb:package_command": {"package_id": ready.pk, "transition": cancel.pk},
        "omsweb:setting": {"key": "OTP_LENGTH"},
    }


@pytest.mark.django_db(transaction=True)
def test_each_page_shows_its_own(things: dict[str, Any]) -> None:
    clients = {"instore": somebody(Role.MANAGER), "omsweb": somebody(Role.ADMIN), "mfa_index": somebody(Role.MANAGER)}
    shown = {}
    for name in HELP:
        address = address_of(name, things)
        answer = clients[name.partition(":")[0]].get(address, follow=True)
        assert answer.status_code == 200, address
        shown[name] = re.findall(r'class="help-link"\s+href="/guide/([^"]+)"', answer.content.decode())
    assert shown == {name: [target.replace("#", "/#")] for name, target in HELP.items()}
