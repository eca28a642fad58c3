"""The commands of docs/connectors/shopify.md send a first order, as the page says."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from clickcollect.omnitron.models import Order
from clickcollect.oms import states
from clickcollect.oms.models import Package
from tests.shop import make_store, state_of

PAGE = (Path(__file__).parents[4] / "docs" / "connectors" / "shopify.md").read_text()
needs_curl = pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")


def run(commands: str, host: str) -> dict[str, Any]:
    script = commands.replace("HOST=http://127.0.0.1:8000", f"HOST={host}")
    assert script != commands
    done = subprocess.run(["sh", "-eu", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@needs_curl
@pytest.mark.django_db(transaction=True)
def test_commands_of_the_page_send_the_first_order(live_server: LiveServer, settings: Any) -> None:
    (commands,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    (secret,) = re.findall(r"SHOPIFY_WEBHOOK_SECRET=(\S+) make run", PAGE)
    settings.SHOPIFY_WEBHOOK_SECRET = [secret]
    make_store(name="Galata")

    answers = [run(commands, live_server.url)["status"] for _time in range(2)]

    assert answers == ["created", "known"]
    assert Order.objects.get().channel == "shopify:galata.myshopify.com"
    assert state_of(Package.objects.get()) == states.WAITING
    settings.SHOPIFY_WEBHOOK_SECRET = ["galata.myshopify.com:another"]
    assert run(commands, live_server.url)["code"] == "not_authenticated"
