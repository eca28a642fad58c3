"""Logs that cannot hold a customer's code: an exception is told by its class and its places, never by its words."""

import logging
import sys
import traceback
from types import TracebackType
from typing import Any

type_of_exc_info = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class QuietFormatter(logging.Formatter):
    """Leaves out the words of exceptions: a library may have put the text of a message into them."""

    def formatException(self, ei: type_of_exc_info) -> str:  # noqa: N802 (logging's name)
        """Class names and places of the exception and of what caused it."""
        return "\n".join(places(ei[1])) if ei[1] else ""


def places(error: BaseException) -> list[str]:
    """Where it happened, without source lines, words or values."""
    lines: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(lines) < 60:
        lines.append(f"  {type(cause).__module__}.{type(cause).__qualname__}")
        lines += [
            f"    {place.filename}:{place.lineno} {place.name}" for place in traceback.extract_tb(cause.__traceback__)
        ]
        cause = cause.__cause__ or cause.__context__
    return lines


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"quiet": {"()": QuietFormatter, "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "quiet", "stream": sys.stdout}},
    "root": {"handlers": ["out"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["out"], "level": "WARNING", "propagate": False},
        "extension": {"handlers": ["out"], "level": "INFO", "propagate": False},
        # It tells what it sends and what the provider answered.
        "apprise": {"handlers": [], "level": "CRITICAL", "propagate": False},
        "urllib3": {"handlers": [], "level": "CRITICAL", "propagate": False},
        "asyncio": {"handlers": ["out"], "level": "WARNING", "propagate": False},
    },
}
