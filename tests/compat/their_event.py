"""dj-whisperer sends one event its own way: `python their_event.py URL SECRET`."""

import sys

import django
from django.conf import settings

if __name__ == "__main__":
    settings.configure()
    django.setup()
    from whisperer.client import WebhookClient  # type: ignore[import-not-found]

    event = {"event": {"type": "package.created", "uuid": "0" * 32}, "payload": {"id": 1, "number": "P-1"}}
    client = WebhookClient(event_type="package.created", payload=event)
    client.send_payload(target_url=sys.argv[1], payload=event, secret_key=sys.argv[2])
