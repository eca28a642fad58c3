"""The Extension as a WSGI application: strict about its environment, and with the thread that sends receipts."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "extension.settings")

from django.core.wsgi import get_wsgi_application

from extension.config import config

config().check_complete()
application = get_wsgi_application()

from extension import receipts  # noqa: E402 (models: not before Django is set up)

receipts.start_sending()
