"""The description tells the truth: whatever it allows to be sent, by whomever, is answered as it says."""

import json
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import FailureGroup

from clickcollect.accounts.models import Role
from clickcollect.api.openapi import all_errors
from clickcollect.oms import states
from clickcollect.oms.app_settings import settings_in_force
from clickcollect.oms.codes.attempt_limits import Limit
from clickcollect.oms.commands.base import COMMANDS
from clickcollect.oms.events.examples import PROBLEM_EXTRAS
from clickcollect.whisperer.hooks import create_hook
from clickcollect.wsgi import application
from tests import shop
from tests.api.caller import make_caller

# How often each role calls each operation; the soak tests do it more often.
EXAMPLES = 7
WANTED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
load_all_checks()


def from_loopback(environ: dict[str, Any], start_response: Any) -> Any:
    """The application, called from an address as a server would tell it."""
    return application({"REMOTE_ADDR": "127.0.0.1"} | environ, start_response)


@cache
def operations() -> list[Any]:
    """Every operation of the description, as schemathesis reads it."""
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", from_loopback)
    return [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]


def fill_shop() -> dict[str, list[Any]]:
    """A shop with a little of everything, and what addresses can point at."""
    store, other = shop.make_store("IST-01"), shop.make_store("BER-01")
    fields = {"target_url": "http://127.0.0.1:9999/", "secret_key": "a-secret"}
    for event_type in ("package.created", "package.status.ready_for_pickup"):
        create_hook(user_id=shop.make_user("admin").pk, fields={**fields, "event_type": event_type})
    waiting = shop.make_package(store=store)
    ready = shop.make_package(states.READY, store=store)
    foreign = shop.make_package(states.PACKED, store=other)
    return {
        "package_id": [waiting.pk, ready.pk, foreign.pk],
        "entry_id": [1, 2],
        "setting_id": [1, 2, 10],
        "hook_id": [1, 2],
        "event_id": [1],
        "number": [waiting.order.number, foreign.order.number],
    }


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("examples", [EXAMPLES, pytest.param(60, marks=pytest.mark.soak)])
@pytest.mark.parametrize("role", [*Role.values, "nobody"])
def test_every_operation_answers_as_described(role: str, examples: int) -> None:
    there = fill_shop()
    headers = {} if role == "nobody" else make_caller(role, shop.make_store("IST-01")).headers
    for operation in operations():
        behaves(operation, headers=headers, there=there, examples=examples)


def behaves(operation: Any, *, headers: dict[str, str], there: dict[str, list[Any]], examples: int = EXAMPLES) -> None:
    """Send what the description allows, at addresses that exist and others, and look at each answer."""

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), data=st.data())
    def each(case: Any, data: st.DataObject) -> None:
        for name in case.path_parameters or {}:
            if name in there and data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(st.sampled_from(there[name]))
        case.headers.pop("Authorization", None)
        case.cookies = {}
        case.call_and_validate(headers=headers, checks=CHECKS.get_by_names(WANTED))

    each()


@pytest.mark.django_db(transaction=True)
def test_control_an_answer_that_is_not_as_described_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = make_caller("associate", shop.make_store("IST-01"))
    monkeypatch.setattr("clickcollect.api.instore_config.store_document", lambda _store: {"id": "no number"})
    operation = next(one for one in operations() if one.label == "GET /api/v1/instore/config/")
    with pytest.raises(FailureGroup):
        behaves(operation, headers=caller.headers, there={})


def test_the_description_is_valid_and_complete() -> None:
    document = Client().get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    seen: set[str] = set()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            label = f"{method} {path}"
            assert operation["summary"], label
            assert operation["description"], label
            assert operation["operationId"] not in seen, label
            seen.add(operation["operationId"])
            assert {"400"} <= operation["responses"].keys(), label
            if path != "/api/v1/auth/login/":
                assert "401" in operation["responses"], label
            if method in ("post", "put", "patch"):
                assert {"413", "415"} <= operation["responses"].keys(), label
            assert not [key for key in operation if key.startswith("x-")], label


def test_the_description_says_where_it_stands_and_under_which_licence() -> None:
    document = Client().get("/api/openapi.json").json()
    assert document["servers"][0]["url"] == django_settings.PUBLIC_URL
    assert document["info"]["license"] == {"name": "Apache License 2.0", "identifier": "Apache-2.0"}
    declared = {tag["name"] for tag in document["tags"] if tag["description"]}
    used = {
        tag for methods in document["paths"].values() for operation in methods.values() for tag in operation["tags"]
    }
    assert used == declared


@pytest.mark.django_db
def test_a_command_and_every_member_of_a_problem_have_a_type() -> None:
    """A client that is generated from the description needs no cast."""
    document = Client().get("/api/openapi.json").json()
    schemas = document["components"]["schemas"]
    command = document["paths"]["/api/v1/oms/packages/{package_id}/command/"]["post"]["requestBody"]
    assert command["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/CommandIn"}
    asked = {
        one.name for command in COMMANDS.values() for one in command.inputs(shop.make_package(), settings_in_force())
    }
    assert {"transition", "slug", "package", *asked} <= set(schemas["CommandIn"]["properties"])
    members = {name for extra in PROBLEM_EXTRAS.values() for name in extra}
    for name, schema in (schemas["ProblemOut"]["properties"] | schemas["CommandIn"]["properties"]).items():
        kinds = schema.get("anyOf", [schema])
        assert all("type" in kind or "$ref" in kind for kind in kinds), name
    assert members <= set(schemas["ProblemOut"]["properties"])
    for code, extra in PROBLEM_EXTRAS.items():
        problem = {"type": "t", "title": "t", "status": 400, "detail": "d", "code": code, **extra}
        fits({"$ref": "#/components/schemas/ProblemOut"}, problem, document)
    assert schemas["ProblemOut"]["properties"]["limits_reached"]["anyOf"][0]["items"]["enum"] == [*Limit]


def test_every_error_has_an_example_somewhere_and_every_example_its_schema() -> None:
    document = Client().get("/api/openapi.json").json()
    shown: set[str] = set()
    for methods in document["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                for code, example in (
                    answer.get("content", {}).get("application/problem+json", {}).get("examples", {}).items()
                ):
                    assert str(example["value"]["status"]) == status
                    assert example["value"]["code"] == code
                    shown.add(code)
    # 405 belongs to no operation.
    assert shown == set(all_errors()) - {"method_not_allowed"}


@pytest.mark.parametrize("kind", ["request", "answer"])
def test_every_operation_with_a_document_has_an_example_that_fits(kind: str) -> None:
    document = Client().get("/api/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            contents = (
                [operation.get("requestBody", {}).get("content", {})]
                if kind == "request"
                else [answer.get("content", {}) for status, answer in operation["responses"].items() if status < "300"]
            )
            for content in contents:
                for media, part in content.items():
                    examples = examples_of(part, document)
                    assert examples, f"{method} {path} {media}"
                    for example in examples:
                        fits(part["schema"], example, document)


def examples_of(part: dict[str, Any], document: dict[str, Any]) -> list[Any]:
    """The examples beside a schema, or in it, or in the schema of its rows."""
    if "example" in part:
        return [part["example"]]
    if "examples" in part:
        return [example["value"] for example in part["examples"].values()]
    schema = part["schema"]
    while "$ref" in schema or "anyOf" in schema:
        schema = schema["anyOf"][0] if "anyOf" in schema else schema
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return list(schema.get("examples", []))


def fits(schema: dict[str, Any], example: Any, document: dict[str, Any]) -> None:
    whole = {**schema, "components": document["components"]}
    Draft202012Validator(json.loads(json.dumps(whole))).validate(example)
