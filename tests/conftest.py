"""Every test meets a real PostgreSQL and two roles: migrations by the owner, everything else as the application.

A test needs no more than `@pytest.mark.django_db` (rolled back) or `@pytest.mark.django_db(transaction=True)`
(really committed; afterwards the owner empties the tables and the reference rows are seeded again).
"""

import os
from collections.abc import Iterator
from unittest import mock

import django
import hypothesis
import pytest
from django.conf import settings
from django.db import connections
from django.test import SimpleTestCase, TestCase, TransactionTestCase
from pytest_django.plugin import DjangoDbBlocker

from tests import database_reset, postgres

pytest_plugins = ["tests.chromium"]

# Hypothesis judges inputs, not how busy the machine is.
hypothesis.settings.register_profile(
    "any-machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any-machine")

# Here and not in a hook: conftest files and test modules below import models.
own_cluster = None
if postgres.SUPERUSER_URL not in os.environ:
    own_cluster = postgres.Cluster()
    os.environ.update(own_cluster.environment())
os.environ["DJANGO_SETTINGS_MODULE"] = "clickcollect.settings"
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one takes a second a user
django.setup()


@pytest.fixture(autouse=True)
def _environment_as_it_was() -> Iterator[None]:
    """What a test does to its environment is gone after it: a console command takes addresses and secrets out."""
    with mock.patch.dict(os.environ):
        yield


def pytest_unconfigure() -> None:
    if own_cluster is not None:
        own_cluster.stop()


def _allow_every_alias(case: type[SimpleTestCase]) -> None:
    """Tests use `default`, the flush is the owner's: Django need not watch over aliases."""


_roll_back = TestCase._fixture_teardown  # type: ignore[attr-defined]


def _roll_back_all_but_numbers(case: TestCase) -> None:
    _roll_back(case)
    database_reset.numbers_have_moved()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """One test database, made and migrated by the owner, used by the application's role."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SimpleTestCase, "_add_databases_failures", classmethod(_allow_every_alias))
        patch.setattr(SimpleTestCase, "_remove_databases_failures", classmethod(_allow_every_alias))
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _self: database_reset.empty_tables())
        patch.setattr(TransactionTestCase, "_fixture_setup", database_reset.restart_moved_numbers)
        patch.setattr(TestCase, "_fixture_teardown", _roll_back_all_but_numbers)
        with django_db_blocker.unblock():
            name = database_reset.create_database(suffix=os.environ.get("PYTEST_XDIST_WORKER", ""))
        yield
        connections.close_all()
        postgres.end_backends(name)
