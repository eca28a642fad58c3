"""The reference's way to deliver: one event at a time, a post inside a transaction, as its worker's task does it.

`python their_worker.py DATABASE_JSON URL COUNT`: makes its tables in that database, delivers COUNT events through
dj-whisperer itself (no broker in between, which is in its favour) and prints how many a second.
"""

import json
import sys
import time

import django
from django.conf import settings

APPS = ["django.contrib.auth", "django.contrib.contenttypes", "whisperer"]


def main(*, url: str, count: int) -> float:
    """Events a second."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from whisperer.events import WhispererEvent, registry  # type: ignore[import-not-found]
    from whisperer.models import Webhook, WebhookEvent  # type: ignore[import-not-found]
    from whisperer.tasks import _deliver_event  # type: ignore[import-not-found]

    class News(WhispererEvent):  # type: ignore[misc]
        event_type = "test.news"

    call_command("migrate", verbosity=0)
    registry.register(News)
    hook = Webhook.objects.create(
        user=User.objects.create(username="integration"),
        event_type="test.news",
        target_url=url,
        secret_key="a secret of a usual length",
        retry_countdown_config={"choice": "fixed", "kwargs": {"seconds": 1}},
    )
    _deliver_event(hook, {"number": "first"}, "test.news")  # connections are open now
    start = time.perf_counter()
    for number in range(count):
        _deliver_event(hook, {"number": f"P{number}"}, "test.news")
    seconds = time.perf_counter() - start
    assert WebhookEvent.objects.filter(delivered=True).count() == count + 1
    return count / seconds


if __name__ == "__main__":
    settings.configure(
        INSTALLED_APPS=APPS,
        DATABASES={"default": json.loads(sys.argv[1])},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    )
    django.setup()
    print(main(url=sys.argv[2], count=int(sys.argv[3])))  # noqa: T201
