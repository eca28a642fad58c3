"""The demo's hooks: the events that ask for an SMS go to the Extension beside us, and so to the phone simulator."""

import os
import re
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from clickcollect.accounts.models import User
from clickcollect.oms.extension_hooks import subscribe_extension
from clickcollect.whisperer.models import Endpoint, Hook

BESIDE_US: Final = re.compile(r"http://127\.0\.0\.1:\d+/events/")


def extension_url() -> str:
    return f"http://127.0.0.1:{settings.EXTENSION_PORT}/events/"


def extension_secret() -> str:
    """What the Extension checks signatures with, the newest first; the supervisor gives it to both."""
    return os.environ.get("EXTENSION_WEBHOOK_SECRET", "").split(",")[0].strip()


def make_hooks(owner: User) -> int:
    """The Extension's hooks; how many are new."""
    return subscribe_extension(owner, target_url=extension_url(), secret=extension_secret())


def add_missing(owner: User) -> int:
    """A data folder of an earlier version gets the subscriptions that it lacks, if its events still come here."""
    here = Hook.objects.filter(user=owner, endpoint__target_url=extension_url(), deleted_at=None)
    return make_hooks(owner) if here.exists() else 0


def follow_the_port(owner: User) -> None:
    """The Extension may stand on another port than last time; what is still under way follows it there."""
    here = extension_url()
    endpoints = Endpoint.objects.filter(hooks__user=owner, hooks__deleted_at=None).distinct()
    moved = [row for row in endpoints if BESIDE_US.fullmatch(row.target_url) and row.target_url != here]
    if len(moved) != 1 or Endpoint.objects.filter(target_url=here).exists():
        return
    with transaction.atomic():
        Endpoint.objects.filter(pk=moved[0].pk).update(target_url=here)
        hooks = Hook.objects.filter(endpoint=moved[0], user=owner, deleted_at=None)
        hooks.update(target_url=here, modified_date=Now())
