"""The pickup code: issue, derive, verify. Everything about the code, and only that (contract section 5).

A code is derived when it is needed and never stored: HOTP over HKDF-SHA256 of a master key, the nonce of this issue,
the package and the issue number (RFC 4226, RFC 5869). The nonce goes when the issue closes, and the code with it.
"""

import base64
import hmac
import secrets
import unicodedata
from copy import copy
from dataclasses import dataclass
from typing import Final

import pyotp
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables

from clickcollect.errors import (
    OtpExpired,
    OtpIncorrect,
    OtpLocked,
    OtpMalformed,
    OtpNotIssued,
    OtpRequired,
    Throttled,
    ValidationFailed,
)
from clickcollect.oms.app_settings import Values
from clickcollect.oms.codes import attempts
from clickcollect.oms.codes.attempt_limits import WrongCodes, left_of_package, throttled
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


@dataclass(kw_only=True)
class Comparison:
    """Whether a code was compared, and with what outcome: read by whoever must count it if all else fails.

    ``is_wrong``: taken for granted just before the comparison, so that nothing that happens in it goes uncounted.
    """

    is_wrong: bool = False


@sensitive_variables()
def derive(issue: CodeIssue) -> Code:
    """The code of an open issue (RFC 5869, then RFC 4226 with counter 0). Raises OtpNotIssued when its key is lost."""
    master = settings.PICKUP_CODE_KEYS.get(issue.key_id)
    if master is None or issue.nonce is None:
        raise OtpNotIssued(_("The key for this code is missing. Send a new code to the customer."))
    info = f"{issue.package_id},{issue.number}".encode()
    secret = HKDF(algorithm=SHA256(), length=20, salt=bytes(issue.nonce), info=info).derive(master)
    return Code(hotp(secret, counter=0, digits=issue.digits))


@sensitive_variables()
def hotp(secret: bytes, *, counter: int, digits: int) -> str:
    """RFC 4226 for 4 to 8 digits."""
    return pyotp.HOTP(base64.b32encode(secret).decode(), digits=HOTP_DIGITS).at(counter)[-digits:]


@sensitive_variables()
def normalise_code(typed: object, *, digits: int) -> Code:
    """Read what was typed: spaces, dashes and the digits of any script.

    Raises ValidationFailed if it is not a string of at most 64 characters, OtpRequired if it is empty,
    OtpMalformed if it does not come to exactly ``digits`` digits. None of these is counted.
    """
    if typed is None:
        raise OtpRequired
    if not isinstance(typed, str) or len(typed) > LONGEST_INPUT:
        raise ValidationFailed.of("otp", _("Send the code as text of at most 64 characters."))
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


def has_ever_had_code(package: Package) -> bool:
    """Whether a code was ever issued and the package may therefore leave only by verification or override."""
    return package.issue_number > 0


def needs_code(package: Package, settings: Values) -> bool:
    """Whether this package is handed over with a code only (contract section 1, `IS_OTP_ENABLED`)."""
    return settings.is_otp_enabled or has_ever_had_code(package)


def is_expired(package: Package) -> bool:
    """Whether the pickup time is over, by the database's clock at which the package was read."""
    return package.pickup_deadline is not None and package.pickup_deadline <= package.clock


def new_issue(package: Package, *, digits: int) -> CodeIssue:
    """The next issue of a package, made with the newest key; whoever holds the package's row saves it.

    Arguments: ``digits``, 4 to 8.
    """
    return CodeIssue(
        package_id=package.pk,
        number=package.issue_number + 1,
        nonce=secrets.token_bytes(16),
        key_id=next(iter(settings.PICKUP_CODE_KEYS)),
        digits=digits,
    )


@sensitive_variables()
def verify(
    *,
    package: Package,
    issue: CodeIssue | None,
    typed: object,
    tried: WrongCodes,
    limits: Values,
    comparison: Comparison,
) -> OtpIncorrect | None:
    """Compare what was typed with the customer's code: None if it is right, else the refusal, which must be counted.

    Whoever calls holds the package's row and the lock on who tries, and tells the outcome after COMMIT.
    What is expired, locked, throttled or cannot be a code is refused without a comparison.
    Arguments: ``package``, read after the locks, with its ``clock``; ``comparison``, told before anything is compared.
    Raises OtpNotIssued, OtpRequired, OtpMalformed, ValidationFailed, Throttled, OtpExpired, OtpLocked: not counted.
    Source: contract section 5.
    """
    if issue is None:
        raise OtpNotIssued
    entered = normalise_code(typed, digits=issue.digits)
    code = derive(issue)
    if tried.left(now=package.clock, limits=limits) <= 0:
        raise throttled(tried, now=package.clock, limits=limits)
    if package.pickup_deadline is None or is_expired(package):
        raise OtpExpired
    if left_of_package(package, limits) <= 0:
        raise attempts.lock_refusal(package, limits)
    comparison.is_wrong = True
    comparison.is_wrong = not code.matches(entered)
    return wrong_code(package=package, tried=tried, limits=limits) if comparison.is_wrong else None


def wrong_code(*, package: Package, tried: WrongCodes, limits: Values) -> OtpIncorrect:
    """The refusal of a wrong code, with what is left once it is counted and whose limit it has reached."""
    after = copy(package)
    after.issue_attempts += 1
    after.total_attempts += 1
    mine = tried.with_one_more(package.clock)
    of_package = left_of_package(after, limits)
    of_person = mine.left(now=package.clock, limits=limits) if tried.of else of_package
    remaining = min(of_package, of_person)
    if remaining > 0:
        sentence = ngettext(
            "The code is incorrect. %(count)d attempt left.",
            "The code is incorrect. %(count)d attempts left.",
            remaining,
        )
        return OtpIncorrect(sentence % {"count": remaining}, attempts_remaining=remaining)
    told: list[OtpLocked | Throttled] = [attempts.lock_refusal(after, limits)] if of_package <= 0 else []
    if tried.of and of_person <= 0:
        told.append(throttled(mine, now=package.clock, limits=limits))
    return OtpIncorrect(
        " ".join([_("The code is incorrect."), *(refusal.detail for refusal in told)]),
        attempts_remaining=0,
        limits_reached=[limit for refusal in told for limit in refusal.extra["limits_reached"]],
    )
