"""Retake the pictures that README and the guide show, from a fresh demo shop: `make screenshots`.

Starts a shop of its own in a temporary folder, plays the process in a real browser, and ends it again.
"""

import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "guide" / "images"
QUALITY = 80  # of WebP: letters stay sharp, and all pictures together are less than a megabyte
PASSWORD = "demo-pickup"
TURNS = count(0)
CUSTOMERS = (
    ("Ayşe", "Yılmaz"),
    ("Zoë", "O'Brien"),
    ("Jürgen", "Groß"),
    ("Elif", "Kaya"),
    ("Łukasz", "Wójcik"),
    ("Mia", "Müller"),
)
SIZES = {390: 844, 1280: 900}


def free_ports(count: int) -> list[int]:
    """Ports nobody uses now."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def demo_shop() -> Iterator[tuple[str, str]]:
    """A running demo shop: its address, and that of its Extension."""
    web, extension = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="clickcollect-pictures-") as home:
        Path(home).chmod(0o711)  # a PostgreSQL that root starts runs as another user, who must get in
        environment = {
            **os.environ,
            "CLICKCOLLECT_HOME": f"{home}/var",
            "PORT": str(web),
            "EXTENSION_PORT": str(extension),
        }
        command = [sys.executable, "-m", "clickcollect", "run", "--demo"]
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            wait_until_announced(process)
            yield f"http://127.0.0.1:{web}", f"http://127.0.0.1:{extension}"
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def wait_until_announced(process: "subprocess.Popen[str]") -> None:
    for line in process.stdout or ():
        if "Stop " in line:
            return
    raise SystemExit("The demo shop did not start.")


def window(browser: Browser, width: int, scheme: str) -> BrowserContext:
    context = browser.new_context(
        viewport={"width": width, "height": SIZES[width]},
        color_scheme=scheme,
        reduced_motion="reduce",  # type: ignore[arg-type]
    )
    context.set_default_timeout(15_000)
    return context


def sign_in(page: Page, shop: str, username: str) -> None:
    page.goto(f"{shop}/accounts/login/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"/(instore|oms)/"))


def shown_pictures() -> set[str]:
    """The names of the pictures that a page links."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    return {name for page in pages for name in re.findall(r"images/([\w-]+\.webp)", page.read_text())}


def take(page: Page, name: str, width: int, scheme: str) -> None:
    """One picture, when the page has come to rest; none that no page shows."""
    path = IMAGES / f"{name}-{width}-{scheme}.webp"
    if path.name not in shown_pictures():
        return
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)
    # Playwright itself writes PNG and JPEG only.
    taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    path.write_bytes(base64.b64decode(taken["data"]))


def ask(shop: str, path: str, body: dict[str, object], key: str = "") -> dict[str, object]:
    """One call of the shop's API."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Token {key}"} if key else {})
    request = urllib.request.Request(shop + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        read: dict[str, object] = json.loads(answer.read() or b"{}")
    return read


def packed_package(shop: str) -> str:
    """A new order, packed and waiting for its next step; the number of its package."""
    key = str(ask(shop, "/api/v1/auth/login/", {"username": "operator", "password": PASSWORD})["key"])
    turn = next(TURNS)
    first, last = CUSTOMERS[turn % len(CUSTOMERS)]
    order = {
        "number": f"WEB-2048{turn}",
        "channel": "Webshop",
        "delivery_type": "in_store",
        "language_code": "en",
        "customer": {"first_name": first, "last_name": last, "phone_number": f"+44770090044{turn}"},
        "shipping_address": {"address_type": "retail_store", "retail_store": "IST-01"},
        "order_item": [
            {"sku": "HDP-BT-NC", "name": "Noise-cancelling headphones", "quantity": 1, "price": "249.00"},
            {"sku": "TSH-BLK-M", "name": "Organic cotton T-shirt, black, M", "quantity": 2, "price": "29.90"},
            {"sku": "MUG-CER-01", "name": "Ceramic mug 350 ml", "quantity": 1, "price": "12.40"},
        ],
    }
    made: dict[str, list[dict[str, object]]] = ask(shop, "/api/v1/omnitron/orders/", order, key)  # type: ignore[assignment]
    package = made["packages"][0]
    command = {"slug": "complete-packaging-without-shipment"}
    ask(shop, f"/api/v1/oms/packages/{package['id']}/command/", command, key)  # type: ignore[arg-type]
    return str(package["number"])


def counter(page: Page, shop: str, phone: str, width: int, scheme: str) -> None:
    """What store staff see, from the list to the handover."""
    page.goto(f"{shop}/accounts/login/")
    take(page, "signin", width, scheme)
    sign_in(page, shop, "associate")
    take(page, "packages", width, scheme)
    page.goto(f"{shop}/instore/packages/{packed_package(shop)}/")
    page.get_by_label("Shelf", exact=True).fill("B4")  # the button saves it along
    page.get_by_label("Bags", exact=True).fill("2")
    page.get_by_role("button", name="Ready for customer pickup").first.click()
    page.wait_for_timeout(1500)
    page.reload()
    take(page, "package", width, scheme)
    page.get_by_role("button", name="Delivered", exact=True).first.click()
    field = page.get_by_label("SMS verification code")
    take(page, "verify", width, scheme)
    field.fill("000000")
    page.get_by_role("button", name="Verify and deliver").click()
    page.get_by_role("alert").first.wait_for()
    take(page, "verify-wrong", width, scheme)
    field.fill(newest_code(phone))
    page.get_by_role("button", name="Verify and deliver").click()
    page.get_by_text("Package delivered").first.wait_for()
    take(page, "delivered", width, scheme)


def newest_code(phone: str) -> str:
    """The code of the newest message on the phone simulator, as its owner would read it."""
    with urllib.request.urlopen(f"{phone}/phone/messages.json", timeout=10) as answer:
        found = re.search(r"\b\d{6}\b", json.load(answer)[0]["text"])
    if not found:
        raise SystemExit("The newest message holds no code.")
    return found[0]


def manager(page: Page, shop: str, width: int, scheme: str) -> None:
    sign_in(page, shop, "manager")
    page.goto(f"{shop}/instore/manager/")
    take(page, "manager", width, scheme)


def office(page: Page, shop: str, width: int, scheme: str) -> None:
    """What the back office sees."""
    sign_in(page, shop, "admin")
    for name in ("", "packages", "orders", "process", "settings", "log", "hooks", "staff"):
        page.goto(f"{shop}/oms/{name}/" if name else f"{shop}/oms/")
        take(page, f"oms-{name or 'dashboard'}", width, scheme)


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    found = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None)
    quiet = "--disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update"
    with demo_shop() as (shop, phone), sync_playwright() as playwright:
        time.sleep(3)  # the demo's own messages arrive
        browser = playwright.chromium.launch(executable_path=found, args=[*quiet.split(), "--disable-sync"])
        for scheme in ("light", "dark"):
            for width in SIZES:
                with window(browser, width, scheme) as context:
                    counter(context.new_page(), shop, phone, width, scheme)
                with window(browser, width, scheme) as context:
                    manager(context.new_page(), shop, width, scheme)
                with window(browser, width, scheme) as context:
                    page = context.new_page()
                    page.goto(f"{phone}/phone/")
                    take(page, "phone", width, scheme)
                with window(browser, width, scheme) as context:
                    office(context.new_page(), shop, width, scheme)
        browser.close()


if __name__ == "__main__":
    main()
