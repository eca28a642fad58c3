"""The caller's stores, in the two shapes that integrations know."""

from typing import Any, Final

from ninja import Query, Router

from clickcollect.api.authentication import ApiRequest
from clickcollect.api.pagination import Key, Objects, Paging, paginate
from clickcollect.api.schemas import Page, RetailStoreOut, StockLocationSummary
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms.access import stores_of

router = Router(tags=["Stores"])

BY_CODE: Final = Key(columns=("erp_code",))


def address_line(store: RetailStore) -> str:
    """The address as one writes it: street, postcode and city, country."""
    place = f"{store.postcode} {store.city}".strip()
    return ", ".join(filter(None, (store.address_line, place, store.country)))


def retail_store_document(store: RetailStore) -> dict[str, Any]:
    return {
        "pk": store.pk,
        "name": store.name,
        "erp_code": store.erp_code,
        "phone_number": store.phone_number,
        "address": address_line(store),
        "store_hours": store.store_hours,
        "click_and_collect": store.click_and_collect,
        "is_active": store.is_active,
    }


def stock_location_document(store: RetailStore) -> dict[str, Any]:
    return {
        "id": store.pk,
        "name": store.name,
        "erp_code": store.erp_code,
        "stock_location_type": "store",
        "is_pickup_location": store.click_and_collect,
        "is_active": store.is_active,
    }


@router.get(
    "/retail_stores/",
    response=Page[RetailStoreOut],
    summary="List retail stores",
    operation_id="list_retail_stores",
)
def list_retail_stores(request: ApiRequest, paging: Query[Paging]) -> dict[str, Any]:
    """The stores that this caller can see, by ERP code."""
    request.actor.require("stores:read")
    rows = stores_of(request.actor)
    return paginate(Objects(rows), request=request, paging=paging, key=BY_CODE, document=retail_store_document)


@router.get(
    "/oms/stocklocations/list-simple/",
    response=Page[StockLocationSummary],
    summary="List stock locations",
    operation_id="list_stock_locations",
)
def list_stock_locations(request: ApiRequest, paging: Query[Paging]) -> dict[str, Any]:
    """The same stores as the OMS calls them."""
    request.actor.require("stores:read")
    rows = stores_of(request.actor)
    return paginate(Objects(rows), request=request, paging=paging, key=BY_CODE, document=stock_location_document)
