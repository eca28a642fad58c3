"""The pickup code: issue, derive, verify, close. Everything about the code, and only that (contract section 5).

A code is derived when it is needed and never stored: HOTP over HKDF-SHA256 of a master key, the nonce of this issue,
the package and the issue number (RFC 4226, RFC 5869). The nonce goes when the issue closes, and the code with it.
"""

import base64
import hmac
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

import pyotp
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables

from clickcollect.errors import (
    DomainError,
    OtpExpired,
    OtpIncorrect,
    OtpMalformed,
    OtpNotIssued,
    OtpRequired,
    StateConflict,
    ValidationFailed,
)
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM, Actor, get_locked_package, get_package
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import attempt_limits, attempts
from clickcollect.oms.codes.attempt_limits import Reserved
from clickcollect.oms.events import types as events
from clickcollect.oms.log import write as log
from clickcollect.oms.log_models import NoteKind
from clickcollect.oms.models import CodeIssue, Package

LONGEST_INPUT: Final = 64
HOTP_DIGITS: Final = 8  # pyotp refuses 4 and 5; the last digits of 8 are RFC 4226's truncation all the same
PUNCTUATION: Final = frozenset({"Zs", "Pd", "Cf"})  # spaces, dashes, and the invisible marks of right-to-left text


class Code:
    """A pickup code in memory. It shows itself to nobody who does not call `reveal`."""

    __slots__ = ("_digits",)

    @sensitive_variables("digits")
    def __init__(self, digits: str) -> None:
        self._digits = digits

    def reveal(self) -> str:
        """The digits, for the one message to the customer."""
        return self._digits

    def matches(self, typed: "Code") -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self._digits.encode(), typed.reveal().encode())

    def __repr__(self) -> str:
        return "<Code ••••>"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("A pickup code is never written down.")


@dataclass(frozen=True, kw_only=True)
class Verified:
    """A comparison that succeeded: this issue, at this version of the package."""

    issue_id: int
    version: int


@sensitive_variables()
def derive(issue: CodeIssue) -> Code:
    """The code of an open issue (RFC 5869, then RFC 4226 with counter 0). Raises OtpNotIssued when its key is lost."""
    master = settings.PICKUP_CODE_KEYS.get(issue.key_id)
    if master is None or issue.nonce is None:
        raise OtpNotIssued(_("The key of this code is gone. Send a new code to the customer."))
    info = f"{issue.package_id},{issue.number}".encode()
    secret = HKDF(algorithm=SHA256(), length=20, salt=bytes(issue.nonce), info=info).derive(master)
    return Code(hotp(secret, counter=0, digits=issue.digits))


@sensitive_variables()
def hotp(secret: bytes, *, counter: int, digits: int) -> str:
    """RFC 4226 for 4 to 8 digits."""
    return pyotp.HOTP(base64.b32encode(secret).decode(), digits=HOTP_DIGITS).at(counter)[-digits:]


@sensitive_variables()
def normalise(typed: object, *, digits: int) -> Code:
    """Read what was typed: spaces, dashes and the digits of any script.

    Raises ValidationFailed if it is not a string of at most 64 characters, OtpRequired if it is empty,
    OtpMalformed if it does not come to exactly ``digits`` digits. None of these is counted.
    """
    if typed is None:
        raise OtpRequired
    if not isinstance(typed, str) or len(typed) > LONGEST_INPUT:
        raise ValidationFailed.of("otp", _("Give the code as a text of at most 64 characters."))
    kept = [char for char in typed if unicodedata.category(char) not in PUNCTUATION and not char.isspace()]
    if not kept:
        raise OtpRequired
    values = [unicodedata.decimal(char, -1) for char in kept]
    if len(values) != digits or -1 in values:
        raise OtpMalformed(
            ngettext(
                "A code has %(digits)d digit. This was not counted as an attempt.",
                "A code has %(digits)d digits. This was not counted as an attempt.",
                digits,
            )
            % {"digits": digits},
            digits=digits,
        )
    return Code("".join(str(value) for value in values))


def open_issue(package: Package) -> CodeIssue | None:
    """The issue whose code works now, if there is one."""
    return CodeIssue.objects.filter(package=package, closed_at=None).first()


def is_protected(package: Package) -> bool:
    """Whether a code was ever issued and the package may therefore leave only by verification or override."""
    return package.issue_number > 0


def is_expired(package: Package) -> bool:
    """Whether the pickup time is over, by the database's clock at which the package was read."""
    return package.pickup_deadline is not None and package.pickup_deadline <= package.clock


def next_issue_columns() -> dict[str, Any]:
    """What a package's row gets in the statement that makes way for a new issue."""
    return {"issue_number": F("issue_number") + 1, "issue_attempts": 0}


def issue(package: Package, *, digits: int, key_id: str | None = None) -> CodeIssue:
    """Make a new issue for a package whose row this transaction has locked and whose ``issue_number`` has been raised.

    Arguments: ``digits``, 4 to 8; ``key_id``, left out = the newest key. Closes the issue before it.
    """
    close(package, reason="replaced")
    return CodeIssue.objects.create(
        package=package,
        number=package.issue_number,
        nonce=secrets.token_bytes(16),
        key_id=key_id or next(iter(settings.PICKUP_CODE_KEYS)),
        digits=digits,
    )


def close(package: Package, *, reason: str, issue_id: int | None = None) -> bool:
    """End the open issue, or just that one, and erase its nonce. Whether there was one to end."""
    still_open = CodeIssue.objects.filter(package=package, closed_at=None)
    if issue_id is not None:
        still_open = still_open.filter(pk=issue_id)
    return still_open.update(closed_at=Now(), closed_reason=reason, nonce=None) == 1


@sensitive_variables()
def verify(*, package: Package, typed: object, actor: Actor, limits: Values) -> Verified:
    """Decide whether this is the customer's code.

    The attempt is counted and committed before it is compared. It is given back when no comparison took place
    or when it succeeded; only a wrong code stays counted (docs/safety.md, statements 4 and 5).
    Raises the Otp… refusals, Throttled, StateConflict, ValidationFailed.
    """
    current = open_issue(package)
    if current is None:
        raise why_no_issue(package)
    entered = normalise(typed, digits=current.digits)
    code = derive(current)
    reserved = attempt_limits.reserve(package=package, issue=current, actor=actor, limits=limits)
    if not reserved.granted:
        raise why_refused(package, current, limits)
    if not code.matches(entered):
        raise wrong_code(package=package, reserved=reserved, actor=actor, limits=limits)
    attempt_limits.give_back(reserved)
    return Verified(issue_id=current.pk, version=reserved.version)


def wrong_code(*, package: Package, reserved: Reserved, actor: Actor, limits: Values) -> OtpIncorrect:
    """The refusal of a wrong code; the one that used the code's or package's last tells everybody that it is locked."""
    if reserved.used_the_last:
        with transaction.atomic():
            locked = get_locked_package(package.pk)
            events.post([events.Letter(event=events.PackagePickupLockedWhispererEvent, package=locked)])
            log.noted(
                kind=NoteKind.LOCKED_OUT, actor=actor, package=locked, attributes={"otp.issue": reserved.issue_number}
            )
    remaining = reserved.attempts_remaining
    if remaining == 0:
        return no_attempts_left(package=package, reserved=reserved, actor=actor, limits=limits)
    sentence = ngettext(
        "The code is incorrect. %(count)d attempt left.",
        "The code is incorrect. %(count)d attempts left.",
        remaining,
    )
    return OtpIncorrect(sentence % {"count": remaining}, attempts_remaining=remaining)


def no_attempts_left(*, package: Package, reserved: Reserved, actor: Actor, limits: Values) -> OtpIncorrect:
    """Whose limit a wrong code has reached: the code's or the package's, the employee's own, or both."""
    reached: list[str] = []
    sentences = [_("The code is incorrect.")]
    if reserved.used_the_last:
        locked = attempts.locked(get_package(SYSTEM, package_id=package.pk), limits)
        reached += locked.extra["limits_reached"]
        sentences.append(locked.detail)
    if reserved.left_of_employee <= 0 and actor.user_id is not None:
        if reserved.stores:
            own = attempt_limits.program_throttled(actor=actor, stores=reserved.stores, limits=limits)
        else:
            own = attempt_limits.throttled(user_id=actor.user_id, limits=limits)
        reached += own.extra["limits_reached"]
        sentences.append(own.detail)
    return OtpIncorrect(" ".join(sentences), attempts_remaining=0, limits_reached=reached)


def why_no_issue(package: Package) -> DomainError:
    """No code works: somebody was first, or none was ever issued."""
    moved_on = get_package(SYSTEM, package_id=package.pk).version != package.version
    return StateConflict() if moved_on else OtpNotIssued()


def why_refused(package: Package, current: CodeIssue, limits: Values) -> DomainError:
    """Read the package again and say why no attempt was granted."""
    row = get_package(SYSTEM, package_id=package.pk)
    if row.state.enum_value != states.READY or row.issue_number != current.number:
        return StateConflict()
    if row.pickup_deadline is None or is_expired(row):
        return OtpExpired()
    return attempts.locked(row, limits)
