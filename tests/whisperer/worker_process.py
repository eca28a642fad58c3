"""A worker in a process of its own, on the test database: `python -m tests.whisperer.worker_process DATABASE`."""

import asyncio
import os
import signal
import sys

import django
import uvloop
from django.conf import settings


async def main() -> None:
    from clickcollect.whisperer import dispatcher, registry
    from tests.whisperer.types import known_types

    registry._types.clear()
    registry._types.update(known_types(lambda _event: {"otp": {"code": "482913", "issue": 1}}))
    registry._listeners.clear()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await dispatcher.run(stop)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "clickcollect.settings"
    settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()
    uvloop.run(main())
