"""The refusals that every door knows, each with a code that never changes (contract section 2).

Those of one subject only stand beside it: HookExists, RedeliveryRefused (whisperer), ServerError (api/problems).

DomainError
├── ValidationFailed       400 validation_error
├── CommandUnknown         400 command_unknown
├── NotAuthenticated       401 not_authenticated
├── Forbidden              403 forbidden
├── NotFound               404 not_found
├── MethodNotAllowed       405 method_not_allowed
├── StateConflict          409 state_conflict
├── OrderConflict          409 order_conflict
│   └── OlderOrder         409 order_conflict
├── IdempotencyInProgress  409 idempotency_in_progress
├── PayloadTooLarge        413 payload_too_large
├── UnsupportedMediaType   415 unsupported_media_type
├── OtpRequired, OtpMalformed, OtpIncorrect, OtpExpired, OtpLocked, OtpNotIssued   422 otp_…
├── NotClickAndCollect     422 not_click_and_collect
├── IdempotencyMismatch    422 idempotency_mismatch
├── Throttled              429 throttled
└── DatabaseAway           503 database_away
    └── HeldBySomeoneElse  503 database_away
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Final, TypedDict

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Fault(TypedDict):
    """One thing that is wrong with an input: where, and what."""

    loc: str
    msg: str


class DomainError(Exception):
    """A refusal: words for people, a stable code for programs, an HTTP status for the door.

    Arguments: ``detail``, a translated sentence that says what to do next (left out: the class's own);
    ``extra``, further members of the problem document, plain JSON values, never a secret.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    title: ClassVar[Promise | str] = _("The request was refused")
    sentence: ClassVar[Promise | str] = _("The request was refused.")

    def __init__(self, detail: str | Promise | None = None, /, **extra: Any) -> None:
        self._detail = detail
        self.extra = extra
        super().__init__(self.code)

    @property
    def detail(self) -> str:
        """The sentence in the language that is active when it is read."""
        return str(self._detail if self._detail is not None else self.sentence)

    def __str__(self) -> str:
        return self.detail


class ValidationFailed(DomainError):
    """The input is wrong; every fault in it is named at once."""

    code = "validation_error"
    status = 400
    title = _("Invalid input")
    sentence = _("Correct the fields listed in “errors” and send it again. Nothing was changed.")

    def __init__(self, errors: Iterable[Fault], detail: str | Promise | None = None, /) -> None:
        self.errors: list[Fault] = list(errors)
        super().__init__(detail, errors=self.errors)

    @classmethod
    def of(cls, loc: str, msg: str | Promise) -> "ValidationFailed":
        """One fault in one field."""
        return cls([{"loc": loc, "msg": str(msg)}])


class CommandUnknown(DomainError):
    """No active command of this name is open to this caller in this channel."""

    code = "command_unknown"
    status = 400
    title = _("Unknown command")
    sentence = _("You can't run this command here. The package's “commands” lists what you can run now.")


class NotAuthenticated(DomainError):
    """The caller did not say, or not believably, who is calling."""

    code = "not_authenticated"
    status = 401
    title = _("Sign in first")
    sentence = _("Sign in, or send a valid token in the Authorization header.")


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    code = "forbidden"
    status = 403
    title = _("Not allowed")
    sentence = _("You don't have permission to do this. Ask a manager or an administrator.")


class NotFound(DomainError):
    """Nothing of that name is to be found by this caller."""

    code = "not_found"
    status = 404
    title = _("Not found")
    sentence = _("We couldn't find that. Check the number, or whether it belongs to your store.")


class MethodNotAllowed(DomainError):
    """The address exists, the method does not."""

    code = "method_not_allowed"
    status = 405
    title = _("Method not allowed")
    sentence = _("This address does not support that method. The API description lists what it supports.")


class StateConflict(DomainError):
    """Somebody or something changed the package first.

    ``extra``: ``state`` (its name), ``changed_at`` (ISO 8601 UTC), ``changed_by``.
    """

    code = "state_conflict"
    status = 409
    title = _("The package has moved on")
    sentence = _("The package has changed in the meantime. Check it before you continue.")


class OrderConflict(DomainError):
    """Another order stands under this channel and number. ``extra``: ``differs``, the fields that differ."""

    code = "order_conflict"
    status = 409
    title = _("Another order has this number")
    sentence = _("A different order with this number already exists. Cancel it first, or use a new number.")


class OlderOrder(OrderConflict):
    """A version of the order that is older than the one that is kept: it changes nothing."""

    title = _("A newer version of this order exists")
    sentence = _("A newer version of this order was already received. Nothing was changed; send the current version.")


class IdempotencyInProgress(DomainError):
    """The same request is being worked on right now."""

    code = "idempotency_in_progress"
    status = 409
    title = _("Still in progress")
    sentence = _("The first request with this Idempotency-Key is still running. Send it again in a few seconds.")


class PayloadTooLarge(DomainError):
    """Bodies end at 1 MiB."""

    code = "payload_too_large"
    status = 413
    title = _("Too large")
    sentence = _("The request is larger than 1 MiB. Send less at a time.")


class UnsupportedMediaType(DomainError):
    """The API speaks JSON."""

    code = "unsupported_media_type"
    status = 415
    title = _("Send JSON")
    sentence = _("Send the body as JSON, with Content-Type: application/json.")


class OtpRequired(DomainError):
    """A code is needed and none was given."""

    code = "otp_required"
    status = 422
    title = _("Code required")
    sentence = _("Enter the code from the customer's message.")


class OtpMalformed(DomainError):
    """This cannot be a pickup code; it was not counted. ``extra``: ``digits``, how many a code has."""

    code = "otp_malformed"
    status = 422
    title = _("Not a code")
    sentence = _("This is not a pickup code. It was not counted as an attempt.")


class OtpIncorrect(DomainError):
    """The code is wrong and was counted.

    ``extra``: ``attempts_remaining``; where it is 0, ``limits_reached``: ``code``, ``package``, ``employee`` (a
    person's own limit) or ``program`` (that of all tokens of one person).
    """

    code = "otp_incorrect"
    status = 422
    title = _("Incorrect code")
    sentence = _("The code is incorrect.")


class OtpExpired(DomainError):
    """The pickup time is over; the code has ended with it."""

    code = "otp_expired"
    status = 422
    title = _("Code expired")
    sentence = _("The pickup time has passed. A manager can extend it; the same code then works again.")


class OtpLocked(DomainError):
    """Too many wrong codes. ``extra``: ``limits_reached``, ``code`` or ``package``."""

    code = "otp_locked"
    status = 422
    title = _("Code locked")
    sentence = _("Too many wrong codes: the code is locked. Send a new code, or ask a manager to unlock it.")


class OtpNotIssued(DomainError):
    """A code is needed and the package has none that works."""

    code = "otp_not_issued"
    status = 422
    title = _("No code was sent")
    sentence = _("This package has no valid code. Send a new code to the customer.")


class NotClickAndCollect(DomainError):
    """A home delivery is not collected at the counter."""

    code = "not_click_and_collect"
    status = 422
    title = _("Not a Click & Collect package")
    sentence = _("This package goes to the customer's home. It cannot be collected in the store.")


class IdempotencyMismatch(DomainError):
    """The Idempotency-Key was used for another request."""

    code = "idempotency_mismatch"
    status = 422
    title = _("Key used for another request")
    sentence = _("This Idempotency-Key belongs to another request. Use a new key for a new request.")


class Throttled(DomainError):
    """Too many, too fast. ``extra``: ``retry_after``, whole seconds, sent as Retry-After too."""

    code = "throttled"
    status = 429
    title = _("Too many attempts")
    sentence = _("Too many attempts. Try again later.")


class DatabaseAway(DomainError):
    """The database is not responding. ``extra``: ``retry_after``, whole seconds, sent as Retry-After too."""

    code = "database_away"
    status = 503
    title = _("The database is not responding")
    sentence = _("The database is not responding at the moment. Try again in a few seconds.")


class HeldBySomeoneElse(DatabaseAway):
    """Someone else has held the package or order for longer than anybody waits: it is as it was."""

    title = _("Someone else is working on it")
    sentence = _("Someone else is working on this package. Try again in a moment.")


# What a stored code means, such as that of a refusal in the log.
BY_CODE: Final[dict[str, type[DomainError]]] = {kind.code: kind for kind in DomainError.__subclasses__()}
