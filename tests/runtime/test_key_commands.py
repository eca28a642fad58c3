"""Rotating the keys of codes from the console: the new one first, the old ones until nothing needs them."""

import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import override_settings

from clickcollect.accounts.adapters import MFAAdapter
from clickcollect.oms import states
from clickcollect.oms.codes import keys
from clickcollect.runtime.data_dir import DataFolder
from clickcollect.runtime.errors import Problem
from clickcollect.settings import derive_encryption_key, parse_code_keys
from clickcollect.whisperer import encryption
from clickcollect.whisperer.models import HOOK_SECRET, Endpoint, Hook
from tests import shop
from tests.runtime.test_commands import call

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Iterator[DataFolder]:
    """A data folder whose keys are those of this process."""
    with mock.patch.dict(os.environ, {"CLICKCOLLECT_HOME": str(tmp_path)}):
        made = DataFolder.from_environment()
        made.keys_file.write_text(
            f"# secrets\nSECRET_KEY=x\nPICKUP_CODE_KEYS={os.environ['PICKUP_CODE_KEYS']}\nLAST=1\n"
        )
        made.keys_file.chmod(0o600)
        yield made


def kept(home: DataFolder) -> dict[str, bytes]:
    return parse_code_keys(home.keys_file.read_text().split("PICKUP_CODE_KEYS=")[1].splitlines()[0])


def test_rotate_puts_a_fresh_key_first_and_touches_nothing_else(home: DataFolder) -> None:
    assert call("keys", "rotate").exit_code == 0
    assert list(kept(home))[1:] == list(settings.PICKUP_CODE_KEYS)
    assert home.keys_file.stat().st_mode & 0o777 == 0o600
    assert home.keys_file.read_text().startswith("# secrets\nSECRET_KEY=x\n")
    assert home.keys_file.read_text().endswith("\nLAST=1\n")


def test_a_key_that_is_needed_is_not_dropped(home: DataFolder) -> None:
    shop.make_package(states.READY)
    newest = next(iter(settings.PICKUP_CODE_KEYS))
    with pytest.raises(Problem, match="is needed: 1 open codes"):
        call("keys", "drop", newest)
    with pytest.raises(Problem, match="There is no key"):
        call("keys", "drop", "nosuch")
    assert list(kept(home)) == list(settings.PICKUP_CODE_KEYS)


def test_secrets_are_sealed_anew_so_that_the_old_key_can_go() -> None:
    admin = shop.make_user("admin")
    endpoint = Endpoint.objects.create(target_url="http://127.0.0.1:9/")
    sealed = encryption.seal("a secret of theirs", purpose=HOOK_SECRET)
    hook = Hook.objects.create(
        user=admin, event_type="x", target_url="http://127.0.0.1:9/", endpoint=endpoint, secret=sealed
    )
    old = dict(settings.PICKUP_CODE_KEYS)
    fresh = {"fresh": bytes(32), **old}
    safe = {key_id: derive_encryption_key(raw) for key_id, raw in fresh.items()}
    with override_settings(PICKUP_CODE_KEYS=fresh, ENCRYPTION_KEYS=safe):
        assert [use.sealed_secrets for use in keys.key_usage()] == [0, 1]
        assert keys.reseal_secrets() == (1, 0)
        assert [use.sealed_secrets for use in keys.key_usage()] == [1, 0]
        hook.refresh_from_db()
        assert encryption.unseal(hook.secret, purpose=HOOK_SECRET) == "a secret of theirs"
    with override_settings(ENCRYPTION_KEYS={"other": bytes(32)}):
        assert keys.reseal_secrets() == (0, 1)


def test_the_seed_of_a_second_factor_is_encrypted_anew_too() -> None:
    person = shop.make_user("admin")
    seed = MFAAdapter().encrypt("JBSWY3DPEHPK3PXP")
    factor = Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": seed, "n": 1})
    safe = {"fresh": bytes(32), **settings.ENCRYPTION_KEYS}
    with override_settings(ENCRYPTION_KEYS=safe):
        assert keys.reseal_secrets() == (1, 0)
    factor.refresh_from_db()
    assert factor.data["n"] == 1
    with override_settings(ENCRYPTION_KEYS={"fresh": bytes(32)}):
        assert MFAAdapter().decrypt(factor.data["secret"]) == "JBSWY3DPEHPK3PXP"
    with override_settings(ENCRYPTION_KEYS={"other": bytes([1]) * 32}):
        assert keys.reseal_secrets() == (0, 1)
    kept_as_it_was = dict(factor.data)
    factor.refresh_from_db()
    assert factor.data == kept_as_it_was


def test_what_cannot_be_read_keeps_nothing_else_from_being_sealed_anew() -> None:
    endpoint = Endpoint.objects.create(target_url="http://127.0.0.1:9/")

    def seal_one(text: str) -> None:
        person = shop.make_user("admin")
        Hook.objects.create(
            user=person,
            event_type="x",
            target_url="http://127.0.0.1:9/",
            endpoint=endpoint,
            secret=encryption.seal(text, purpose=HOOK_SECRET),
        )
        factor = {"secret": MFAAdapter().encrypt(text)}
        Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data=factor)

    with override_settings(ENCRYPTION_KEYS={"lost": bytes([1]) * 32}):
        seal_one("first")
    seal_one("second")
    with override_settings(ENCRYPTION_KEYS={"lost": bytes([1]) * 32}):
        seal_one("third")
    seal_one("fourth")
    known = next(iter(settings.ENCRYPTION_KEYS))
    assert keys.sealed_with("lost") == keys.sealed_with(known) == 2
    with override_settings(ENCRYPTION_KEYS={"fresh": bytes(32), **settings.ENCRYPTION_KEYS}):
        assert keys.reseal_secrets() == (4, 4)
    assert (keys.sealed_with("lost"), keys.sealed_with(known), keys.sealed_with("fresh")) == (2, 0, 2)
