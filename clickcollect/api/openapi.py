"""The API's description (OpenAPI 3.1): what ninja knows, what every integrator needs beside it.

An operation names its own refusals in `x-problems`; those that every operation of its kind has are added here.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings
from django.utils import translation
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from clickcollect import errors
from clickcollect.api.problems import MEDIA_TYPE, problem_document
from clickcollect.api.schemas import ProblemOut
from clickcollect.errors import DomainError, ValidationFailed
from clickcollect.oms.events import examples

TITLE: Final = "clickcollect"
DESCRIPTION: Final = """\
Click & Collect with one-time pickup codes: orders come in, stores pack, customers collect.

### Sign in
Send `Authorization: Token <key>` (or `Bearer <key>`). A key is an API token, which an administrator makes, or comes
from *Sign in* and lasts 12 hours. A token can be narrowed to rights (scopes), to a channel and to stores.

### The process
An order (`POST /api/v1/omnitron/orders/`) becomes a package in *Waiting* at its store. Three commands take it on:
`complete-packaging-without-shipment` → *Packed All Items*, `ready-for-customer-pickup` → *Ready for Customer Pickup*
(the customer gets a code), `self-service-package-delivery` → *Delivered* (the code is needed).
Read a package to learn what may be run on it now (`commands`), then post one of them. Success is an empty 204.
The code reaches the customer by the event `package.status.ready_for_pickup`; no answer of this API ever holds it.

### Lists
`?page=` and `?limit=` (at most 100, default 20), or better: follow `next` and `previous` as they stand.
`count` stops at 10,001 unless you ask for `count=exact`. Pages by number reach the first 10,000 rows.
A filter that a list does not know is refused.

### Errors
Every refusal is `application/problem+json` (RFC 9457). Go by `code`, which never changes; show `detail`, which says
what to do next in the language of `Accept-Language`. A package outside your stores is `not_found`.

### Sending again
Put an `Idempotency-Key` on any POST: sent again with the same key, it runs once and gives the same answer for 24 hours.
The pickup code is not part of what is compared, so a new try of a code needs a new key.

### Formats
JSON in UTF-8, at most 1 MiB. Dates are UTC in ISO 8601, money is a decimal string, ids are integers.
"""
INFO: Final[dict[str, Any]] = {"license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"}}
SERVERS: Final[list[dict[str, Any]]] = [{"url": settings.PUBLIC_URL, "description": "This shop"}]
TAGS: Final = {
    "Sign in": "A key for a person.",
    "Orders": "Orders come in, are looked up, are cancelled.",
    "Packages": "What stores pack and hand over, and the commands that do it.",
    "Log": "What was done to packages, by whom, and what was refused.",
    "Settings": "How the shop works.",
    "Events": "What became of the messages that events led to.",
    "Instore": "What a store's client needs to know first.",
    "Stores": "Where customers collect.",
    "Hooks": "Who is told of events. The addresses stand below `/api/v1/whisperer/` too, as the reference has them.",
    "Connectors": "Where shops send their orders.",
}
REF: Final = "#/components/schemas/{model}"
WITH_BODY: Final = frozenset({"post", "put", "patch"})
SECURITY: Final[dict[str, dict[str, Any]]] = {
    "Token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Token <key>`: a key of the sign-in, or an API token.",
    },
    "Bearer": {"type": "http", "scheme": "bearer", "description": "The same keys as `Bearer <key>`."},
    "Session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "A browser that is signed in; whatever changes something needs the header `X-CSRFToken` too.",
    },
}
IDEMPOTENCY_KEY: Final[dict[str, Any]] = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "Any text of your own. The same request with the same key runs once; its answer is kept 24 hours.",
}
TITLES: Final = {
    400: "Invalid input",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    409: "In conflict with what is",
    413: "Too large",
    415: "Not JSON",
    422: "Refused by a rule",
    429: "Too many attempts",
    503: "The database is not responding",
}


def all_errors(base: type[DomainError] = DomainError) -> dict[str, type[DomainError]]:
    """Every refusal by its code."""
    found: dict[str, type[DomainError]] = {}
    for cls in base.__subclasses__():
        found |= all_errors(cls) | ({cls.code: cls} if cls.__module__ == errors.__name__ else {})
    return found


def complete_document(document: dict[str, Any]) -> dict[str, Any]:
    """Add to ninja's description what stands in no signature. In English, whoever asks."""
    with translation.override("en"):
        components = document["components"]
        components["securitySchemes"] = SECURITY
        models: list[type[BaseModel]] = [ProblemOut]
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                models += operation.pop("x-schemas", [])
                describe_operation(operation, path=path, method=method)
        components["schemas"] |= schemas_of(models)
        document["tags"] = [{"name": name, "description": words} for name, words in TAGS.items()]
        for schema in components["schemas"].values():
            exemplify_page(schema, components["schemas"])
    return document


def exemplify_page(schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    """A list's example is a page with the example of one row."""
    rows = schema.get("properties", {}).get("results", {}).get("items", {})
    row = schemas.get(rows.get("$ref", "").rsplit("/", 1)[-1], {})
    if row.get("examples"):
        schema["examples"] = [{"count": 1, "next": None, "previous": None, "results": row["examples"][:1]}]


def schemas_of(models: Iterable[type[BaseModel]]) -> dict[str, Any]:
    """Schemas of models that no signature names."""
    _map, document = models_json_schema([(model, "validation") for model in set(models)], ref_template=REF)
    schemas: dict[str, Any] = document["$defs"]
    return schemas


def describe_operation(operation: dict[str, Any], *, path: str, method: str) -> None:
    """One operation: who may call it, what it refuses, and its examples."""
    public = operation.pop("x-public", False)
    signed = operation.pop("x-signed", False)
    codes = ["validation_error", *operation.pop("x-problems", ())]
    if not public:
        codes.append("not_authenticated")
    if not public and not signed:
        operation["security"] = [{name: []} for name in SECURITY]
        codes.append("forbidden")
    if "{" in path:
        codes.append("not_found")
    if method in WITH_BODY:
        codes += ["payload_too_large", "unsupported_media_type"]
    if method == "post" and not public:
        codes += ["idempotency_in_progress", "idempotency_mismatch"]
        operation["parameters"] = [*operation.get("parameters", []), IDEMPOTENCY_KEY]
    codes.append("database_away")
    operation["responses"] = merged(operation["responses"], problems(codes))


def merged(answers: dict[Any, Any], refusals: dict[str, Any]) -> dict[str, Any]:
    """Answers and refusals by status; an operation's own words for a status stay."""
    result = {str(status): answer for status, answer in answers.items()}
    for status, refusal in refusals.items():
        own = result.setdefault(status, refusal)
        own["content"] = refusal["content"] | own.get("content", {})
    return dict(sorted(result.items()))


def problems(codes: Iterable[str]) -> dict[str, Any]:
    """The refusals of these codes by status, each with an example."""
    known = all_errors()
    found: dict[str, Any] = {}
    for code in dict.fromkeys(codes):
        error = known[code]
        answer = found.setdefault(
            str(error.status),
            {
                "description": TITLES[error.status],
                "content": {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="ProblemOut")}, "examples": {}}},
            },
        )
        answer["content"][MEDIA_TYPE]["examples"][code] = {"value": example_of(error)}
        if error in (errors.Throttled, errors.DatabaseAway):
            answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Whole seconds."}}
    return found


def example_of(error: type[DomainError]) -> dict[str, Any]:
    """A refusal as it may look."""
    bare = ValidationFailed([]) if error is ValidationFailed else error()
    return problem_document(bare) | examples.PROBLEM_EXTRAS.get(error.code, {})
