"""What the web server serves, and how much it lets in."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clickcollect.settings")
application = get_wsgi_application()

from clickcollect.omsweb.uploads import largest_body  # noqa: E402 (models: not before Django is set up)

__all__ = ["application", "largest_body"]
