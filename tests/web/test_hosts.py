"""ALLOWED_HOSTS names what people use; it silences no machine, and so no code."""

import os
import subprocess
import sys

import pytest

from tests import database_reset

pytestmark = pytest.mark.django_db
LOOK = """
import django, sys
from django.conf import settings
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
django.setup()
from django.test import Client
program, path, host = sys.argv[1:]
method = "POST" if path.endswith("s/") else "GET"
print(Client().generic(method, path, "{}", "application/json", headers={"Host": host}).status_code)
"""


def status(program: str, path: str, host: str, **environment: str) -> int:
    own = {
        "DJANGO_SETTINGS_MODULE": f"{program}.settings",
        "ALLOWED_HOSTS": "pickup.example.test",
        "DATABASE_URL": database_reset.database_url(),
        **environment,
    }
    command = [sys.executable, "-W", "ignore", "-c", LOOK, program, path, host]
    done = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


@pytest.mark.parametrize(
    ("program", "path", "answer"),
    [
        ("clickcollect", "/healthz", 200),
        ("clickcollect", "/api/v1/oms/message-receipts/", 401),
        ("clickcollect", "/api/v1/oms/packages/1/commands/", 400),  # the control: any other address
        ("extension", "/events/", 401),
        ("extension", "/healthz", 200),
    ],
)
def test_machines_call_by_any_name(program: str, path: str, answer: int) -> None:
    assert status(program, path, "10.0.0.7:8000", EXTENSION_WEBHOOK_SECRET="x") == answer


@pytest.mark.parametrize("host", ["pickup.example.test", "127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_pages_answer_to_the_names_that_people_and_this_machine_use(host: str) -> None:
    assert status("clickcollect", "/accounts/login/", host) == 200


def test_the_name_in_public_url_need_not_be_named_again() -> None:
    assert (
        status("clickcollect", "/accounts/login/", "desk.example.test", PUBLIC_URL="https://desk.example.test") == 200
    )


def test_pages_answer_to_no_other_name() -> None:
    assert status("clickcollect", "/accounts/login/", "evil.example.test") == 400
