"""The names that dj-whisperer's own API uses, as JSON: fields of hooks and of their events, and its refusals."""

import json

import django
from django.conf import settings

if __name__ == "__main__":
    settings.configure(
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "whisperer"],
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    )
    django.setup()
    from whisperer import codes  # type: ignore[import-not-found]
    from whisperer.resources.serializers import (  # type: ignore[import-not-found]
        WebhookEventSerializer,
        WebhookSerializer,
    )

    names = {
        "hook": list(WebhookSerializer().fields),
        "hook_event": list(WebhookEventSerializer().fields),
        "refusals": {name: value for name, value in vars(codes).items() if isinstance(value, dict) and "en" in value},
    }
    print(json.dumps(names))  # noqa: T201
