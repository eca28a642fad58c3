"""Packages over HTTP: the list, one with what may be run on it now, and the one way to run it."""

from typing import Annotated, Any, Final, Literal

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Query, Router
from pydantic import ConfigDict

from clickcollect.api.answers import json_answer
from clickcollect.api.authentication import ApiRequest
from clickcollect.api.bodies import read_json
from clickcollect.api.pagination import Key, Paging, paginate
from clickcollect.api.schemas import Page
from clickcollect.errors import Fault, ValidationFailed
from clickcollect.omnitron.field_types import Line, Moment, sized
from clickcollect.oms import package_sql, states
from clickcollect.oms.access import get_package
from clickcollect.oms.commands.run import active_transitions, available_commands, matches, run_command
from clickcollect.oms.events import examples
from clickcollect.oms.events.documents import package_document
from clickcollect.oms.events.payload_schemas import DeliveryType, PackageOut, Shape
from clickcollect.wire_format import LARGEST_ID

router = Router(tags=["Packages"])

Sort = Literal["id", "-id", "created_date", "-created_date", "due_at", "-due_at"]
ROUTING: Final = frozenset({"transition", "slug", "package"})
LONGEST_TEXT: Final = 2000
COMMAND_PROBLEMS: Final = (
    "command_unknown",
    "state_conflict",
    "otp_required",
    "otp_malformed",
    "otp_incorrect",
    "otp_expired",
    "otp_locked",
    "otp_not_issued",
    "not_click_and_collect",
    "throttled",
)


class CommandIn(Shape):
    """A command and what it asks for, in one flat object. Give `transition` or `slug`; the rest as the command asks."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [example["value"] for example in examples.COMMANDS_IN.values()],
            "additionalProperties": {"type": ["string", "number", "boolean", "null"], "maxLength": LONGEST_TEXT},
        },
    )

    transition: Annotated[int | None, Field(ge=0, le=LARGEST_ID, description="The transition's id.")] = None
    slug: Annotated[
        str | None, Field(min_length=1, max_length=120, description="The transition's slug, or its command code.")
    ] = None
    package: Annotated[int | None, Field(description="If given, the package of the address.")] = None
    otp: Annotated[
        str | None,
        Field(max_length=64, description="The customer's code, as typed: spaces, dashes and any script's digits."),
    ] = None
    reason: Annotated[str | None, Field(max_length=500, description="Why, where the command asks for it.")] = None
    phone_number: Annotated[str | None, Field(max_length=40, description="For `CORRECT_PHONE`: the right number.")] = (
        None
    )
    evidence: Annotated[
        str | None,
        Field(
            max_length=40,
            description="For `DELIVER_WITHOUT_CODE`, what the customer showed: `id_document`, `payment_card`, "
            "`order_confirmation`, `called_back`.",
        ),
    ] = None
    collector_name: Annotated[str | None, Field(max_length=150, description="Who collected, if not the customer.")] = (
        None
    )
    collector_relation: Annotated[str | None, Field(max_length=150, description="What they are to the customer.")] = (
        None
    )


class PackageFilters(Paging):
    """Which packages, and in which order."""

    state: Annotated[
        Line | None,
        sized(16),
        Field(description="The state's `enum_value`: " + ", ".join(f"{k} {v}" for k, v in states.NAMES.items())),
    ] = None
    stock_location: Annotated[Line | None, sized(64), Field(description="The store's ERP code.")] = None
    order_number: Annotated[Line | None, sized(64), Field(description="What the order's number starts with.")] = None
    number: Annotated[Line | None, sized(32), Field(description="The package's own number.")] = None
    delivery_type: DeliveryType | None = None
    search: Annotated[
        Line | None,
        sized(200),
        Field(description="Order or package number, customer name, last digits of the phone, shelf. Never the code."),
    ] = None
    created_date__gte: Annotated[Moment | None, Field(description="Made at this time or later.")] = None
    created_date__lte: Annotated[Moment | None, Field(description="Made at this time or before.")] = None
    sort: Annotated[
        Sort | None,
        Field(description="Left out = newest first. `due_at` lists what has a due time, and needs `state`."),
    ] = None


def package_sort_key(filters: PackageFilters) -> Key:
    """Every order is one that an index has."""
    if filters.sort is None:
        by_date = filters.created_date__gte is not None or filters.created_date__lte is not None
        return Key(columns=("created_date", "id") if by_date else ("id",), descending=True)
    column = filters.sort.lstrip("-")
    if column == "due_at" and filters.state is None:
        raise ValidationFailed.of("sort", _("To sort by due time, filter by state."))
    return Key(columns=("id",) if column == "id" else (column, "id"), descending=filters.sort.startswith("-"))


@router.get("/", response=Page[PackageOut], summary="List packages", operation_id="list_packages")
def list_packages(request: ApiRequest, filters: Query[PackageFilters]) -> HttpResponse:
    """The packages of the caller's stores, newest first."""
    request.actor.require("packages:read")
    key = package_sort_key(filters)
    asked = filters.dict(exclude={*Paging.model_fields, "sort"}, exclude_none=True)
    rows = package_sql.packages_asked_for(request.actor, asked, by_id=key.columns == ("id",))
    page = paginate(
        rows.where("package.due_at IS NOT NULL") if "due_at" in key.columns else rows,
        request=request,
        paging=filters,
        key=key,
        document=package_sql.PackageDocuments(),
        no_index_sorts=filters.search is not None or filters.order_number is not None,
    )
    return json_answer(page)


@router.get("/{id:package_id}/", response=PackageOut, summary="Read a package", operation_id="read_package")
def read_package(request: ApiRequest, package_id: int) -> HttpResponse:
    """One package. `commands` holds exactly what this caller may run on it now.

    A package outside the caller's stores is not found.
    """
    request.actor.require("packages:read")
    package, known = package_sql.read_package(request.actor, package_id=package_id)
    runnable = available_commands(package=package, actor=request.actor, known=known)
    return json_answer(package_document(package, commands=[command.document() for command in runnable]))


@router.post(
    "/{id:package_id}/command/",
    response={204: None},
    summary="Run a command",
    operation_id="run_command",
    openapi_extra={
        "x-schemas": [CommandIn],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/CommandIn"},
                    "examples": examples.COMMANDS_IN,
                }
            },
        },
        "x-problems": COMMAND_PROBLEMS,
    },
)
def command(request: ApiRequest, package_id: int) -> HttpResponse:
    """Run one command on one package, named by `transition` (its id) or by `slug`.

    What the command asks for stands beside it in the same flat object: `otp`, `reason`, …
    Success is an empty 204. A refusal changes nothing but, for a wrong code, the count of attempts.
    """
    request.actor.require("packages:command")
    body = read_json(request)
    faults = command_faults(body, package_id=package_id)
    if faults:
        get_package(request.actor, package_id=package_id)  # whether it is there comes first
        raise ValidationFailed(faults)
    named = body.get("transition")
    run_command(
        package_id=package_id,
        transition=body["slug"] if named is None else named,
        actor=request.actor,
        data={name: value for name, value in body.items() if name not in ROUTING},
        once=request.once,
    )
    response = HttpResponse(status=204)
    del response["Content-Type"]
    return response


def command_faults(body: Any, *, package_id: int) -> list[Fault]:
    """What is wrong with the body of a command, before the command itself looks at it."""
    if not isinstance(body, dict):
        return [{"loc": "body", "msg": _("Send a JSON object.")}]
    found: dict[str, str] = {}
    transition, slug, package = body.get("transition"), body.get("slug"), body.get("package")
    if transition is None and slug is None:
        found["transition"] = _("Choose the command: send “transition” (its id) or “slug”.")
    if transition is not None and not is_id(transition):
        found["transition"] = _("Enter a whole number.")
    if slug is not None and not (isinstance(slug, str) and 0 < len(slug) <= 120):
        found["slug"] = _("Enter text.")
    if not found and transition is not None and slug is not None and not name_the_same(transition, slug):
        found["slug"] = _("“transition” and “slug” are different commands. Send only one of them.")
    if package is not None and (not is_id(package) or package != package_id):
        found["package"] = _("This is not the package in the address. Leave it out, or send the same id.")
    for name, value in body.items():
        if name not in ROUTING and name != "otp" and not is_plain(value):
            found.setdefault(name[:64], _("Enter text, a number, true or false."))
    return [{"loc": loc, "msg": msg} for loc, msg in found.items()]


def is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_ID


def is_plain(value: Any) -> bool:
    """A value that a command may be given; a code is looked at by its own reader."""
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT
    return value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) <= LARGEST_ID)


def name_the_same(transition: int, slug: str) -> bool:
    """Whether both name one transition; an id that is none is left to `run_command`."""
    found = [one for one in active_transitions() if one.pk == transition]
    return not found or matches(found[0], slug)
