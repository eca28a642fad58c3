"""The page `/api/docs`: the API's description as a page to read, with samples to copy. It needs no script.

Everything on it comes from the description (OpenAPI) and the registered events; nothing is told twice.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pprint import pformat
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.text import slugify
from markdown_it import MarkdownIt
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from clickcollect.api.openapi import all_errors
from clickcollect.oms.event_docs import summary_of
from clickcollect.oms.event_registration import envelope_example
from clickcollect.oms.events.types import EVENTS

MARKDOWN: Final = MarkdownIt("commonmark", {"html": False})
SHOWN_VALUES: Final = 12  # of an enumeration; longer ones are told by their description
SAMPLE_PATH: Final = {"number": "WEB-100001", "name": "package.status.ready_for_pickup", "channel_id": "web-shop"}
WORDS_OF: Final = {
    "maxLength": "at most {} characters",
    "minimum": "from {}",
    "maximum": "to {}",
    "default": "{} if left out",
}


def prose(text: str) -> SafeString:
    """Our own Markdown as HTML; tags in it are shown and not obeyed."""
    return SafeString(MARKDOWN.render(text or ""))  # html is off


@dataclass(frozen=True, kw_only=True)
class Row:
    """A parameter, or a field of a body or an answer."""

    name: str
    type: str
    is_required: bool
    place: str = ""
    words: str = ""
    schema: str = ""  # the named one that it leads to

    @property
    def html(self) -> SafeString:
        return prose(self.words)


class Description:
    """Reads an OpenAPI document; ``schemas`` are its named ones."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.schemas: Mapping[str, Any] = document["components"]["schemas"]
        self.server: str = document["servers"][0]["url"]

    def resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema itself where another one is named; of several the first that is not null."""
        if "$ref" in schema:
            return self.resolve(self.schemas[schema["$ref"].rsplit("/", 1)[-1]])
        if "anyOf" in schema:
            return self.resolve(next(option for option in schema["anyOf"] if option.get("type") != "null"))
        return schema

    def type_of(self, schema: Mapping[str, Any]) -> str:
        """A type in a word or two, such as `list of string or null`."""
        if "$ref" in schema:
            return str(schema["$ref"].rsplit("/", 1)[-1])
        if "anyOf" in schema:
            return " or ".join(dict.fromkeys(self.type_of(option) for option in schema["anyOf"]))
        kind = schema.get("type", "any")
        if kind == "array":
            return f"list of {self.type_of(schema.get('items', {}))}"
        said = " or ".join(kind) if isinstance(kind, list) else str(kind)
        return f"{said} ({schema['format']})" if "format" in schema else said

    def named_in(self, schema: Mapping[str, Any]) -> str:
        """The named schema with fields that a type is made of, or ""."""
        inner = [schema, schema.get("items", {}), *schema.get("anyOf", [])]
        names = [part["$ref"].rsplit("/", 1)[-1] for part in inner if "$ref" in part]
        return next((name for name in names if self.schemas[name].get("properties")), "")

    def fields(self, schema: Mapping[str, Any]) -> list[Row]:
        """The fields of an object, in its order."""
        found = self.resolve(schema)
        required = found.get("required", [])
        return [
            Row(
                name=name,
                type=self.type_of(field),
                is_required=name in required,
                words=self.words_of(field),
                schema=self.named_in(field),
            )
            for name, field in found.get("properties", {}).items()
        ]

    def words_of(self, schema: Mapping[str, Any]) -> str:
        """What a field is for, what it may be, and its bounds."""
        found = schema if "$ref" in schema else {**self.resolve(schema), **schema}
        bounds = [
            said.format(json.dumps(found[name], ensure_ascii=False))
            for name, said in WORDS_OF.items()
            if isinstance(found.get(name), (str, int)) and abs(len(str(found[name]))) < SHOWN_VALUES
        ]
        values = [f"`{value}`" for value in found.get("enum", [])][:SHOWN_VALUES]
        said = [found.get("description", ""), " · ".join(values), ", ".join(bounds)]
        return " — ".join(part for part in said if part)

    def example(self, content: Mapping[str, Any]) -> Any:
        """An example of a body: its own, or its schema's first one."""
        if "example" in content:
            return content["example"]
        for example in content.get("examples", {}).values():
            return example["value"]
        return next(iter(self.resolve(content.get("schema", {})).get("examples", [])), None)

    def tags(self) -> Iterator[dict[str, Any]]:
        """The operations by their tag, in the order of the description."""
        everything = [
            Operation(self, path, method, operation)
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
        ]
        for tag in self.document["tags"]:
            found = [operation for operation in everything if tag["name"] in operation.raw.get("tags", [])]
            yield {**tag, "slug": slugify(tag["name"]), "html": prose(tag["description"]), "operations": found}

    def named(self) -> Iterator[dict[str, Any]]:
        """The named schemas that have fields."""
        for name in sorted(self.schemas):
            schema = self.schemas[name]
            if schema.get("properties") and not name.endswith("Filters"):
                yield {"name": name, "html": prose(schema.get("description", "")), "fields": self.fields(schema)}


class Operation:
    """One operation with its samples."""

    def __init__(self, description: Description, path: str, method: str, raw: Mapping[str, Any]) -> None:
        self.description, self.path, self.raw = description, path, raw
        self.method = method.upper()
        self.slug = slugify(f"{method} {path.replace('/', ' ').replace('_', '-')}")
        self.html = prose(raw.get("description", ""))
        self.is_public = not raw.get("security")

    @property
    def summary(self) -> str:
        return str(self.raw.get("summary", self.path))

    @property
    def parameters(self) -> list[Row]:
        return [
            Row(
                name=parameter["name"],
                place=parameter["in"],
                type=self.description.type_of(parameter.get("schema", {})),
                is_required=parameter.get("required", False),
                words=self.description.words_of(
                    {**parameter.get("schema", {}), "description": parameter.get("description", "")}
                ),
            )
            for parameter in self.raw.get("parameters", [])
        ]

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """What the body is described by; empty where there is none."""
        body: Mapping[str, Any] = self.raw.get("requestBody", {}).get("content", {})
        return next(iter(body.values()), {})

    @property
    def body(self) -> list[Row]:
        return self.description.fields(self.content.get("schema", {})) if self.content else []

    @cached_property
    def example(self) -> Any:
        return self.description.example(self.content) if self.content else None

    @property
    def answers(self) -> Iterator[dict[str, Any]]:
        """What it answers: refusals by their codes, the rest with an example."""
        for status, answer in self.raw["responses"].items():
            content = answer.get("content", {})
            codes = [code for media in content.values() for code in media.get("examples", {}) if status >= "400"]
            example = None
            if status < "400":
                example = next((self.description.example(media) for media in content.values()), None)
            yield {"status": status, "words": answer["description"], "codes": codes, "example": pretty(example)}

    @property
    def address(self) -> str:
        """The address of the sample."""
        path = self.path
        for parameter in self.raw.get("parameters", []):
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", SAMPLE_PATH.get(parameter["name"], "1"))
        return f"{self.description.server}{path}"

    @property
    def headers(self) -> dict[str, str]:
        """What the sample sends along."""
        found = {} if self.is_public else {"Authorization": "Token YOUR_KEY"}
        names = {parameter["name"] for parameter in self.raw.get("parameters", [])}
        return found | ({"Idempotency-Key": "one-for-each-request"} if "Idempotency-Key" in names else {})

    @property
    def curl(self) -> str:
        """For a shell."""
        lines = [f"curl {self.address}"] if self.method == "GET" else [f"curl -X {self.method} {self.address}"]
        lines += [f"  -H '{name}: {value}'" for name, value in self.headers.items()]
        if self.example is not None:
            body = json.dumps(self.example, ensure_ascii=False).replace("'", "'\\''")
            lines += ["  -H 'Content-Type: application/json'", f"  -d '{body}'"]
        return " \\\n".join(lines)

    @property
    def python(self) -> str:
        """For Python, with the library `requests`."""
        lines = ["import requests", "", f"answer = requests.{self.method.lower()}(", f'    "{self.address}",']
        if self.headers:
            lines.append(f"    headers={self.headers!r},")
        if self.example is not None:
            told = pformat(self.example, width=90, sort_dicts=False).replace("\n", "\n         ")
            lines.append(f"    json={told},")
        lines += ["    timeout=10,", ")", "answer.raise_for_status()"]
        return "\n".join([*lines, *(["print(answer.json())"] if self.has_answer else [])])

    @property
    def has_answer(self) -> bool:
        return any(status < "300" and answer.get("content") for status, answer in self.raw["responses"].items())


def pretty(example: Any) -> str:
    return "" if example is None else json.dumps(example, indent=2, ensure_ascii=False)


def events() -> Iterator[dict[str, Any]]:
    """Every type of event, with what a subscriber receives."""
    for event in EVENTS.values():
        yield {
            "type": event.type,
            "name": event.__name__,
            "html": prose(summary_of(event)),
            "is_code_bearing": event.code_bearing,
            "example": pretty(envelope_example(event)),
        }


class Docs(DocsBase):
    """`/api/docs`: made once for each process."""

    page: bytes | None = None

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        if self.page is None:
            description = Description(json.loads(json.dumps(api.get_openapi_schema(), default=str)))
            known = sorted(all_errors().values(), key=lambda error: (error.status, error.code))
            context = {
                "title": api.title,
                "version": api.version,
                "openapi_url": self.get_openapi_url(api, kwargs),
                "introduction": prose(api.description.replace("### ", "## ")),
                "tags": list(description.tags()),
                "events": list(events()),
                "schemas": list(description.named()),
                "errors": [{"code": cls.code, "status": cls.status, "sentence": cls.sentence} for cls in known],
            }
            self.page = render(request, "oms/api_docs.html", context).content
        return HttpResponse(self.page)
