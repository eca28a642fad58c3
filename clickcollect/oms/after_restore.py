"""After a restore the database is older than the shop: what may have happened since waits for a person.

A package that was ready may have been collected, so none is handed over before somebody has confirmed that it lies on
its shelf. A message that waits may have gone out, so none is sent before somebody lets them go.
"""

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models.functions import Now

from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM, Actor
from clickcollect.oms.log.write import note_entry, record_note
from clickcollect.oms.log_models import NoteKind
from clickcollect.oms.models import CommandTransition, Package
from clickcollect.oms.workflow.seed import seed_reference_data
from clickcollect.whisperer import pause
from clickcollect.wire_format import utc

CONFIRM: Final = "CONFIRM_ON_SHELF"


def hold(*, using: str, taken_at: datetime | None) -> int:
    """Let every ready package wait for its shelf, and every message for a person; how many packages there are.

    Arguments: ``using``, the database alias, the owner's where the application has no rights yet; ``taken_at``, the
    moment whose state the database has, where it is known.
    """
    with transaction.atomic(using=using):
        confirm = CommandTransition.objects.using(using).filter(command_code=CONFIRM)
        if not confirm.filter(is_active=True).exists():  # an operator may have taken the way out away
            confirm.update(is_active=True)
            seed_reference_data(using=using, slugs=["confirm-on-shelf"])
        ready = Package.objects.using(using).filter(state__enum_value=states.READY, shelf_unconfirmed_since=None)
        held = ready.update(shelf_unconfirmed_since=Now())
        pause.begin(using=using)
        since = {"backup.at": utc(taken_at)} if taken_at else {}
        note_entry(kind=NoteKind.RESTORED, actor=SYSTEM, attributes={"packages": held, **since}).save(using=using)
    return held


def resume_sending(*, actor: Actor) -> bool:
    """Let the messages go out again; whether they waited. Raises Forbidden."""
    actor.require("hooks:write")
    with transaction.atomic():
        resumed = pause.end(user_id=actor.user_id)
        if resumed:
            record_note(kind=NoteKind.SENDING_RESUMED, actor=actor)
    return resumed
