"""Settings are lenient when loaded and strict when a process starts."""

import os

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def set_up() -> None:
    """Load Django, and refuse to go on with a secret that is missing or too weak. Raises ImproperlyConfigured."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clickcollect.settings")
    if len(settings.SECRET_KEY) < 50:
        raise ImproperlyConfigured("SECRET_KEY must be set to at least 50 random characters. Sessions depend on it.")
    if not settings.PICKUP_CODE_KEYS:
        raise ImproperlyConfigured(
            "PICKUP_CODE_KEYS must be set to id:base64,… (newest first). Every pickup code is derived from it.",
        )
    django.setup()
