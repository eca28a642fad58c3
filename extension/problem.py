"""Refusals in the form of RFC 9457."""

from http import HTTPStatus

from django.http import JsonResponse


def problem(*, status: int, code: str, detail: str, retry_after: int | None = None) -> JsonResponse:
    """`application/problem+json`, with a stable ``code`` and a sentence that says what to do next."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    response = JsonResponse(document, status=status, content_type="application/problem+json")
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response
