"""Every refusal as `application/problem+json` (RFC 9457), in the caller's language, without echoing what was sent."""

import json
import logging
import traceback
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja.errors import HttpError, ValidationError

from clickcollect import database
from clickcollect.errors import (
    DatabaseAway,
    DomainError,
    Fault,
    Forbidden,
    NotAuthenticated,
    NotFound,
    Throttled,
    ValidationFailed,
)
from clickcollect.omnitron.error_messages import sentence

logger = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "/api/docs#error-"
MOST_FAULTS: Final = 100
WRAPPERS: Final = frozenset({"body", "query", "path", "header", "cookie", "form", "file"})
ONE: Final = "(one)"  # tags of a body's two forms: no part of a field's path
MANY: Final = "(many)"


class ServerError(DomainError):
    """Something broke on our side."""

    code = "server_error"
    status = 500

    @property
    def detail(self) -> str:
        return _("Something went wrong on our side. We've logged it; try again later.")


def problem_document(error: DomainError) -> dict[str, Any]:
    """The members of one problem (contract section 2, errors)."""
    return {
        "type": f"{TYPE_PREFIX}{error.code}",
        "title": str(error.title),
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        **error.extra,
    }


def problem_response(error: DomainError) -> HttpResponse:
    """A refusal, ready to send."""
    document = problem_document(error)
    if isinstance(error, ValidationFailed):
        document["errors"] = error.errors[:MOST_FAULTS]
    response = HttpResponse(json.dumps(document, ensure_ascii=False), content_type=MEDIA_TYPE, status=error.status)
    if isinstance(error, NotAuthenticated):
        response["WWW-Authenticate"] = 'Bearer realm="clickcollect"'
    if isinstance(error, (Throttled, DatabaseAway)):
        response["Retry-After"] = str(error.extra.get("retry_after", 60))
    return response


def translate_error(error: Exception) -> DomainError:
    """Any exception as a refusal. What nobody expected is recorded without values and told without details."""
    if isinstance(error, DomainError):
        return error
    if isinstance(error, ValidationError):
        return ValidationFailed(faults(error.errors))
    if isinstance(error, Http404):
        return NotFound()
    if isinstance(error, PermissionDenied):
        return Forbidden()
    if isinstance(error, HttpError):
        return of_ninja(error)
    return unexpected(error)


def unexpected(error: Exception) -> DomainError:
    """The database is away, or it is a fault of ours."""
    if database.is_away(error):
        logger.warning("the database does not answer (%s)", type(error).__name__)
        database.availability.mark_away()
        return DatabaseAway(retry_after=database.RETRY_AFTER_SECONDS)
    record_error(error)
    return ServerError()


def of_ninja(error: HttpError) -> DomainError:
    """Ninja's own refusals: an unreadable body carries ours inside."""
    if isinstance(error.__cause__, DomainError):
        return error.__cause__
    if error.status_code == NotAuthenticated.status:
        return NotAuthenticated()
    return ValidationFailed.of("body", _("This cannot be read."))


def faults(errors: list[dict[str, Any]]) -> list[Fault]:
    """Pydantic's findings in our words, one for each field; the input is left behind."""
    found: dict[str, Fault] = {}
    for row in errors[:MOST_FAULTS]:
        loc = location(row["loc"])
        found.setdefault(loc, {"loc": loc, "msg": sentence(row)})
    return list(found.values())


def location(steps: tuple[Any, ...]) -> str:
    """`("body", "payload", "json_value")` is `json_value` to the caller; a parameter of two types is one name."""
    named = [str(step) for step in steps if step not in (ONE, MANY)]
    if named and named[0] == "query":
        return named[min(2, len(named) - 1)]
    if named and named[0] in WRAPPERS:
        named = named[2:] if named[0] == "body" else named[1:]
    return ".".join(named) or "body"


def record_error(error: Exception) -> None:
    """Log where it broke, never with which values: a customer's code may be among them."""
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    logger.error("unexpected %s at %s", type(error).__name__, where)


def on_exception(_request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """The one handler of the one API."""
    return problem_response(translate_error(error if isinstance(error, Exception) else error()))
