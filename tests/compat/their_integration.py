"""An integration as written for the reference's hook API, by the names that dj-whisperer itself has for everything.

`python their_integration.py ADDRESS KEY EVENT_TYPE TARGET_URL`: manages a hook and looks at the events of others, over
HTTP alone; prints as JSON what it was answered.
"""

import json
import sys

import django
import requests
from django.conf import settings

APPS = ["django.contrib.auth", "django.contrib.contenttypes", "whisperer"]


def main(*, address: str, key: str, event_type: str, target_url: str) -> dict[str, object]:
    """What it was answered."""
    from whisperer.resources.filters import WebhookEventFilter  # type: ignore[import-not-found]
    from whisperer.resources.serializers import WebhookEventRetrySerializer  # type: ignore[import-not-found]

    session = requests.Session()
    session.headers["Authorization"] = f"Token {key}"

    def answer(method: str, path: str, **kwargs: object) -> dict[str, object]:
        response = session.request(method, f"{address}{path}", timeout=30, **kwargs)  # type: ignore[arg-type]
        return {"status": response.status_code, "body": response.json() if response.content else None}

    wanted = {"event_type": event_type, "target_url": target_url, "secret_key": "s3cret-of-theirs"}
    retries = {"choice": "fixed", "kwargs": {"seconds": 30}}
    created = answer("POST", "hooks/", json={**wanted, "retry_countdown_config": retries})
    hook = f"hooks/{created['body']['id']}/"  # type: ignore[index]
    whole = {key: value for key, value in wanted.items() if key != "secret_key"}
    row = answer("GET", "hook_events/", params={"limit": 999})["body"]["results"][0]  # type: ignore[index]
    shown = {"event_type": row["webhook"]["event_type"], "webhook": row["webhook"]["id"]}
    return {
        "created": created,
        "replaced": answer("PUT", hook, json={**whole, "retry_countdown_config": retries, "is_active": False}),
        "half": answer("PUT", hook, json={"is_active": True}),
        "read": answer("GET", hook),
        "row": row,
        "found": {
            name: answer("GET", "hook_events/", params={name: shown.get(name, row.get(name.partition("__")[0]))})
            for name in WebhookEventFilter.base_filters
        },
        "retried": answer("POST", f"hook_events/{row['id']}/retry/", json={"force": True}),
        "retry_keys": list(WebhookEventRetrySerializer().fields),
        "deleted": answer("DELETE", hook),
    }


if __name__ == "__main__":
    settings.configure(INSTALLED_APPS=APPS, DEFAULT_AUTO_FIELD="django.db.models.AutoField")
    django.setup()
    found = main(address=sys.argv[1], key=sys.argv[2], event_type=sys.argv[3], target_url=sys.argv[4])
    print(json.dumps(found))  # noqa: T201
