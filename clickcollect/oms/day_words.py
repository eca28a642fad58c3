"""The words of a day, put together once: a list shows a hundred of them, and Django's formats are slow."""

from datetime import date
from functools import lru_cache

from django.utils.formats import date_format
from django.utils.translation import get_language


def day_words(of: date, form: str) -> str:
    """A day in Django's date format, in the language of the page."""
    return _in_language(get_language(), of, form)


@lru_cache(maxsize=2048)
def _in_language(_language: str | None, of: date, form: str) -> str:
    return date_format(of, form)
