"""On HTTPS pages and cookies insist on it; without it nobody is locked out."""

import os
import subprocess
import sys

import pytest

from tests import database_reset

pytestmark = pytest.mark.django_db
LOOK = """
import django
from django.conf import settings
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
django.setup()
from django.test import Client
door = Client().get("/accounts/login/", secure=True, headers={"Host": settings.ALLOWED_HOSTS[0]})
print(door.headers.get("Strict-Transport-Security", "-"), door.cookies["csrftoken"]["secure"] or "-")
"""


@pytest.mark.parametrize(
    ("public_url", "said"),
    [("https://shop.example", "max-age=31536000; includeSubDomains True"), ("http://localhost:8000", "- -")],
)
def test_cookies_and_pages_insist_on_https_where_there_is_https(public_url: str, said: str) -> None:
    environment = os.environ | {"PUBLIC_URL": public_url, "DATABASE_URL": database_reset.database_url()}
    command = [sys.executable, "-c", LOOK]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert answer.stdout.strip().splitlines()[-1:] == [said], answer.stderr
