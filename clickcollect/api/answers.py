"""Our own answers, written as they are: their shape is checked by tests, not again for every request."""

import json
from typing import Any, Final

import orjson
from django.http import HttpResponse

JSON: Final = "application/json; charset=utf-8"


def json_answer(document: Any, *, status: int = 200) -> HttpResponse:
    """An answer with this document; a state's configuration may hold a whole number that orjson refuses."""
    try:
        text = orjson.dumps(document)
    except TypeError:
        text = json.dumps(document, ensure_ascii=False).encode()
    return HttpResponse(text, status=status, content_type=JSON)
