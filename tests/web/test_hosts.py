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
program, *asked = sys.argv[1:]
for path, host in zip(asked[::2], asked[1::2]):
    method = "POST" if path.endswith("s/") else "GET"
    print(Client().generic(method, path, "{}", "application/json", headers={"Host": host}).status_code)
"""


def statuses(program: str, *asked: tuple[str, str], **environment: str) -> list[int]:
    """What a new process of this program answers, asked for each path by the name beside it."""
    own = {
        "DJANGO_SETTINGS_MODULE": f"{program}.settings",
        "ALLOWED_HOSTS": "pickup.example.test",
        "DATABASE_URL": database_reset.database_url(),
        **environment,
    }
    command = [sys.executable, "-W", "ignore", "-c", LOOK, program, *(word for pair in asked for word in pair)]
    done = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.splitlines()[-len(asked) :]]


@pytest.mark.parametrize(
    ("program", "answers"),
    [
        (
            "clickcollect",
            {
                "/healthz": 200,
                "/api/v1/oms/message-receipts/": 401,
                "/api/v1/oms/packages/1/commands/": 400,  # the control: any other address
            },
        ),
        ("extension", {"/events/": 401, "/healthz": 200}),
    ],
)
def test_machines_call_by_any_name(program: str, answers: dict[str, int]) -> None:
    asked = [(path, "10.0.0.7:8000") for path in answers]
    assert statuses(program, *asked, EXTENSION_WEBHOOK_SECRET="x") == list(answers.values())


def test_pages_answer_to_the_names_that_people_and_this_machine_use_and_to_no_other() -> None:
    hosts = ["pickup.example.test", "127.0.0.1:8000", "localhost:8000", "[::1]:8000", "evil.example.test"]
    asked = [("/accounts/login/", host) for host in hosts]
    assert statuses("clickcollect", *asked) == [200, 200, 200, 200, 400]


def test_the_name_in_public_url_need_not_be_named_again() -> None:
    asked = ("/accounts/login/", "desk.example.test")
    assert statuses("clickcollect", asked, PUBLIC_URL="https://desk.example.test") == [200]
