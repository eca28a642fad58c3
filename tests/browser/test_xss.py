"""T48: fifty ways to write a script into a name, and none of them runs on any screen."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from clickcollect.accounts.models import Role
from clickcollect.omnitron.models import Order
from clickcollect.oms import search, states
from clickcollect.oms.models import Package
from tests import shop
from tests.browser.conftest import OpenWindow

pytestmark = pytest.mark.django_db(transaction=True)
RUN = "window.ran=1"
LOOK = """[
    window.ran ?? null,
    [...document.scripts].map((script) => script.textContent),
    document.title + document.body.innerText,
]"""
PAYLOADS = [
    f"<script>{RUN}</script>", f"<img src=x onerror={RUN}>", f"<svg onload={RUN}>", f"<body onload={RUN}>",
    f"<iframe src=javascript:{RUN}>", f"<a href=javascript:{RUN}>x</a>", f'"><script>{RUN}</script>',
    f"'><script>{RUN}</script>", f'" onmouseover={RUN} x="', f"' onfocus={RUN} autofocus x='",
    f"<details open ontoggle={RUN}>", f"<input autofocus onfocus={RUN}>", f"<video><source onerror={RUN}>",
    f"<math><mtext></mtext><script>{RUN}</script></math>", f"</title><script>{RUN}</script>",
    f"</textarea><script>{RUN}</script>", f"</script><script>{RUN}</script>", f"--><script>{RUN}</script>",
    f"<![CDATA[<script>{RUN}</script>]]>", f"<scr<script>ipt>{RUN}</scr</script>ipt>", f"<ScRiPt>{RUN}</sCrIpT>",
    f"<script\n>{RUN}</script\n>", f"<script/x>{RUN}</script>", f"%3Cscript%3E{RUN}%3C/script%3E",
    f"&lt;script&gt;{RUN}&lt;/script&gt;", f"\\u003cscript\\u003e{RUN}\\u003c/script\\u003e",
    "{{7*77777}}", "{% debug %}",
    "${7*77777}", f"{{{{constructor.constructor('{RUN}')()}}}}", f'<div x-data x-init="{RUN}">',
    f"<p x-on:click={RUN}>",
    f'<div hx-get=/ hx-trigger=load hx-on::load="{RUN}">', f"<button hx-on:click={RUN}>b</button>",
    f"<form action=javascript:{RUN}><input type=submit>",
    f"<object data=javascript:{RUN}>", f"<embed src=javascript:{RUN}>",
    f"<link rel=stylesheet href=javascript:{RUN}>", f"<meta http-equiv=refresh content=0;url=javascript:{RUN}>",
    f"<base href=javascript:{RUN}//>", f"<style>@import 'javascript:{RUN}';</style>", f"<x onclick={RUN}>click",
    f"<marquee onstart={RUN}>", f"<audio src onloadstart={RUN}>", f"javascript:{RUN}", f"`;{RUN};`", f"';{RUN};//",
    f'";{RUN};//', f"<template><script>{RUN}</script></template>",
    f'<noscript><p title="</noscript><img src=x onerror={RUN}>">',
]  # fmt: skip


def hostile_packages(count: int) -> list[Package]:
    """Packages whose every text is a payload."""
    made = []
    for number in range(count):
        package = shop.make_package(states.READY)
        text = PAYLOADS[number % len(PAYLOADS)]
        Order.objects.filter(pk=package.order_id).update(first_name=text[:150], last_name="Test", channel=text[:64])
        package.order.items.update(name=text, sku=text[:64])
        package.items.update(name=text, sku=text[:64])
        Package.objects.filter(pk=package.pk).update(shelf=text[:20], message_reason=text)
        search.update_index(shop.reread(package))
        made.append(shop.reread(package))
    return made


def nothing_ran(page: Page) -> None:
    ran, scripts, words = page.evaluate(LOOK)
    assert ran is None, page.url
    assert not any("window.ran" in script for script in scripts)
    assert "544439" not in words


def look_at(page: Page, address: Callable[[str], Page], addresses: list[str]) -> None:
    for where in addresses:
        address(where)
        nothing_ran(page)


def test_t48_there_are_fifty() -> None:
    assert len(set(PAYLOADS)) >= 50


def test_t48_no_payload_runs_in_instore(window: OpenWindow) -> None:
    packages = hostile_packages(len(PAYLOADS))
    counter = window(shop.make_user(Role.MANAGER, shop.make_store()))
    page = counter.page
    look_at(page, counter.go, ["/instore/", "/instore/?tab=ready"])
    look_at(page, counter.go, [f"/instore/packages/{package.number}/" for package in packages])


def test_t48_no_payload_runs_in_oms_web(window: OpenWindow) -> None:
    packages = hostile_packages(len(PAYLOADS))
    office = window(shop.make_user(Role.ADMIN))
    addresses = ["/oms/", "/oms/packages/", "/oms/orders/"]
    addresses += [f"/oms/packages/{package.pk}/change/" for package in packages[::5]]
    look_at(office.page, office.go, addresses)
