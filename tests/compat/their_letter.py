"""dj-whisperer sends one event its own way: `python their_letter.py URL SECRET`."""

import sys

import django
from django.conf import settings

if __name__ == "__main__":
    settings.configure()
    django.setup()
    from whisperer.client import WebhookClient  # type: ignore[import-not-found]

    letter = {"event": {"type": "package.created", "uuid": "0" * 32}, "payload": {"id": 1, "number": "P-1"}}
    client = WebhookClient(event_type="package.created", payload=letter)
    client.send_payload(target_url=sys.argv[1], payload=letter, secret_key=sys.argv[2])
