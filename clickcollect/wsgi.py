"""What the web server serves, and how much it lets in."""

import os
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clickcollect.settings")
application = get_wsgi_application()

from clickcollect.api import bodies  # noqa: E402 (models: not before Django is set up)
from clickcollect.omsweb import uploads  # noqa: E402


def largest_body(environ: dict[str, Any]) -> int:
    """How much a request may send: a shop's message and a person's file more than others."""
    return max(bodies.largest_body(environ), uploads.largest_body(environ))
