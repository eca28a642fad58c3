"""What a store client needs to know before it shows its first page."""

from typing import Annotated, Any

from django.conf import settings as site
from ninja import Query, Router

from clickcollect.api.authentication import ApiRequest
from clickcollect.api.schemas import InstoreConfigOut
from clickcollect.errors import NotFound
from clickcollect.omnitron.field_types import Line
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms import app_settings
from clickcollect.oms.access import Actor, stores_of

router = Router(tags=["Instore"])

StoreCode = Annotated[
    Line | None,
    Query(description="The store's ERP code; needed by callers with several stores.", max_length=64),
]


@router.get(
    "/config/",
    response=InstoreConfigOut,
    summary="Read the client's configuration",
    operation_id="read_instore_config",
    openapi_extra={"x-problems": ("not_found",)},
)
def read_config(request: ApiRequest, store: StoreCode = None) -> dict[str, Any]:
    """Whether codes are needed, how long they are, and where this caller works."""
    request.actor.require("packages:read")
    place = store_of(request.actor, erp_code=store)
    values = app_settings.settings_in_force(place.pk if place else None)
    return {
        "is_enabled_otp": values.is_otp_enabled,
        "otp_length": values["OTP_LENGTH"],
        "store": place and store_document(place),
        "languages": [code for code, _name in site.LANGUAGES],
    }


def store_of(actor: Actor, *, erp_code: str | None) -> RetailStore | None:
    """The store that was named, or the caller's only one. Raises NotFound for a store of others."""
    if erp_code is not None:
        named = stores_of(actor).filter(erp_code=erp_code).first()
        if named is None:
            raise NotFound
        return named
    first_two = list(stores_of(actor)[:2])
    return first_two[0] if len(first_two) == 1 else None


def store_document(store: RetailStore) -> dict[str, Any]:
    return {
        "id": store.pk,
        "name": store.name,
        "erp_code": store.erp_code,
        "language_code": store.language_code,
        "time_zone": store.time_zone,
    }
