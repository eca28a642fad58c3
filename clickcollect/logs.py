"""What a log line may say: a sentence, and values from a list. Everything else is dropped before it is written.

A line is one JSON object. Tracebacks name files and lines, never local values.
"""

import traceback
from typing import Any, Final

import structlog
from structlog.typing import EventDict, WrappedLogger

ALLOWED: Final = frozenset(
    {
        "event", "level", "logger", "timestamp", "exception",
        "method", "path", "status", "status_code", "duration_ms", "code", "reason", "request_id",
        "package", "package_id", "order_id", "store_id", "user_id", "hook_id", "delivery_id",
        "event_uuid", "event_type",
        "endpoint", "attempt", "attempts", "state", "count", "queued", "job", "job_id", "worker", "seconds",
    },
)  # fmt: skip


def only_allowed(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    """Keep what stands on the list."""
    return {key: value for key, value in line.items() if key in ALLOWED}


def where_it_broke(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    """An exception as its kind and its frames; its text may quote what somebody typed and stays out."""
    found = line.pop("exc_info", None)
    if isinstance(found, tuple) and found[0] is not None:
        frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(found[2])]
        line["exception"] = [*frames, found[0].__name__]
    return line


def one_line_only(_logger: WrappedLogger, _name: str, line: EventDict) -> EventDict:
    """A sentence is short."""
    line["event"] = str(line.get("event", ""))[:500]
    return line


def logging_config(level: str = "INFO") -> dict[str, Any]:
    """Django's LOGGING: everything to standard error, one JSON object a line."""
    before = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": before,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    where_it_broke,
                    one_line_only,
                    only_allowed,
                    structlog.processors.JSONRenderer(),
                ],
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": level, "handlers": [], "propagate": True},
            "django.server": {"level": "WARNING", "handlers": [], "propagate": True},
            "procrastinate": {"level": "WARNING"},
        },
    }
