"""A command that cannot do its work says so in one sentence, and never in a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from clickcollect.runtime.database import unreachable
from clickcollect.runtime.errors import Problem

STATUS = 2
NOT_MIGRATED = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.InsufficientPrivilege,
)


@contextmanager
def sentences() -> Iterator[None]:
    """Turn whatever people can put right into a sentence on stderr and exit status 2."""
    try:
        yield
    except Exception as error:
        sentence = sentence_of(error)
        if sentence is None:
            raise
        print(sentence, file=sys.stderr)  # noqa: T201
        sys.exit(STATUS)


def sentence_of(error: Exception) -> str | None:
    """The sentence for an error that people can put right; nothing for a fault of ours."""
    if isinstance(error, Problem):
        return str(error)
    if isinstance(error, psycopg.OperationalError):
        return unreachable("this data folder", error)
    if isinstance(error, OSError):
        return f"{error.filename or 'Something'} cannot be used: {error.strerror or type(error).__name__}."
    return _sentence_of_django(error) if "django" in sys.modules else None  # the supervisor never loads it


def _sentence_of_django(error: Exception) -> str | None:
    from django.core.exceptions import ImproperlyConfigured
    from django.db import OperationalError, ProgrammingError

    from clickcollect.errors import DomainError, ValidationFailed

    if isinstance(error, ValidationFailed):
        return " ".join(fault["msg"] for fault in error.errors)
    if isinstance(error, (ImproperlyConfigured, DomainError)):
        return str(error)
    if isinstance(error, OperationalError):
        return unreachable("DATABASE_URL", error)
    if isinstance(error, ProgrammingError) and isinstance(error.__cause__, NOT_MIGRATED):
        return "The tables are not there, not up to date, or not open to this role. Run `clickcollect migrate`."
    return None
