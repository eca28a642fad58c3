"""Writes docs/events.md from the code: `python -m clickcollect.oms.event_docs > docs/events.md`."""
# ruff: noqa: PLC0415  (models: not before Django is set up)

import json

HEAD = """# Events

clickcollect tells other programs what happens by POSTing JSON to each active hook ([hooks.md](hooks.md)).
At least once: a retry keeps the `uuid`. One attempt at a time per package and address;
`sequence` gives the true order.
The payload is a snapshot of the moment the thing happened.
`otp` is added while the request is sent and is kept nowhere.
JSON Schemas: `GET /api/event-schemas.json`.

*This page is made from the code by `python -m clickcollect.oms.event_docs`.*
"""


def summary_of(event: object) -> str:
    """What the class says of itself, in one line."""
    return " ".join((event.__doc__ or "").split())


def page() -> str:
    """The whole page."""
    from clickcollect.oms.event_registration import envelope_example
    from clickcollect.oms.events.types import EVENTS

    parts = [HEAD, "| Type | Class | |", "|---|---|---|"]
    parts += [f"| `{event.type}` | `{event.__name__}` | {summary_of(event)} |" for event in EVENTS.values()]
    for event in EVENTS.values():
        example = json.dumps(envelope_example(event), indent=2, ensure_ascii=False)
        parts += ["", f"## {event.type}", "", summary_of(event), "", "```json", example, "```"]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    import os
    import sys

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clickcollect.settings")
    django.setup()
    sys.stdout.write(page())
