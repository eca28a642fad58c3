"""The API's description (OpenAPI 3.1): what ninja knows, and what every integrator needs beside it.

An operation names its own refusals in `x-problems`; those that every operation of its kind has are added here.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.utils import translation
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from clickcollect import errors
from clickcollect.api.problems import MEDIA_TYPE, problem_document
from clickcollect.api.schemas import ProblemOut
from clickcollect.errors import DomainError, ValidationFailed
from clickcollect.oms.events import examples

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
    400: "The input is not valid",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    409: "In conflict with what is",
    413: "Too large",
    415: "Not JSON",
    422: "Refused by a rule",
    429: "Too many tries",
    503: "The database does not answer",
}


def all_errors(base: type[DomainError] = DomainError) -> dict[str, type[DomainError]]:
    """Every refusal by its code."""
    found: dict[str, type[DomainError]] = {}
    for cls in base.__subclasses__():
        found |= ({cls.code: cls} if cls.__module__ == errors.__name__ else {}) | all_errors(cls)
    return found


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Add to ninja's description what stands in no signature. In English, whoever asks."""
    with translation.override("en"):
        components = document["components"]
        components["securitySchemes"] = SECURITY
        models: list[type[BaseModel]] = [ProblemOut]
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                models += operation.pop("x-schemas", [])
                describe(operation, path=path, method=method)
        components["schemas"] |= schemas_of(models)
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


def describe(operation: dict[str, Any], *, path: str, method: str) -> None:
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
