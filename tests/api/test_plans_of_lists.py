"""A list of one store is planned once, for no store in particular: the plan must suit the smallest one too."""

import json
from typing import Any

import pytest
from django.db import connection, connections

from clickcollect.database import Statement
from clickcollect.oms import package_sql
from clickcollect.oms.list_sql import ListPart
from tests import shop
from tests.api.caller import PACKAGES, document_of, make_caller
from tests.api.test_long_lists import fill

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
OF_STORES = {"package_of_store_in_state", "package_list", "package_store_ended"}  # indexes that a store leads
COLUMN = "package.stock_location_id"


def small_beside_large() -> Any:
    """A store with three packages, beside one with thousands."""
    fill(4000)
    small, large = shop.make_store("SMALL"), shop.make_store("LARGE")
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE oms_package SET stock_location_id = %s", [large.pk])
    for _package in range(3):
        shop.make_package(store=small)
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE oms_package")
    return small


def index_of(statement: Statement) -> str:
    """The index along which a plan for no values in particular looks for packages."""
    sql, values = statement
    assert isinstance(values, dict)
    for place, name in enumerate(values):
        sql = sql.replace(f"%({name})s", f"${place + 1}")
    with connection.cursor() as cursor:
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        cursor.execute(f"PREPARE asked AS {sql}")
        cursor.execute(f"EXPLAIN (FORMAT JSON) EXECUTE asked({', '.join('1' for _value in values)})")
        found = cursor.fetchone()[0]
        cursor.execute("DEALLOCATE asked")
        cursor.execute("RESET plan_cache_mode")
    return scanned(json.loads(found) if isinstance(found, str) else found)


def scanned(plan: Any) -> str:
    """The index that the packages are found by, or how else."""
    if isinstance(plan, list):
        return next(filter(None, map(scanned, plan)), "")
    if not isinstance(plan, dict):
        return ""
    if plan.get("Relation Name") == "oms_package":
        return str(plan.get("Index Name", plan["Node Type"]))
    return next(filter(None, map(scanned, plan.values())), "")


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("after", [None, [1]])
def test_a_store_is_looked_for_along_its_own_index(*, descending: bool, after: list[int] | None) -> None:
    small = small_beside_large()
    rows = package_sql.PACKAGES.all_with(COLUMN, small.pk)
    part = ListPart(key=("id",), descending=descending, after=after, limit=51)
    assert index_of(rows.counting(10_001)) in OF_STORES
    assert index_of(rows.reading(part)) == "package_of_store_in_state"
    # Control: where nothing but the id gives the order, that plan walks through the packages of every store.
    equal = package_sql.PACKAGES.in_stores(COLUMN, frozenset({small.pk}))
    assert index_of(equal.reading(part)) == "oms_package_pkey"


def test_it_finds_what_a_plan_for_its_values_finds_forward_and_backward() -> None:
    caller = make_caller("associate", small_beside_large())
    every = f"{PACKAGES}?created_date__gte=2000-01-01T00:00:00Z&sort="
    for sort in ("id", "-id"):
        planned_once = document_of(caller.get(f"{PACKAGES}?sort={sort}"))
        assert planned_once["results"] == document_of(caller.get(f"{every}{sort}"))["results"]
        assert planned_once["count"] == len(planned_once["results"]) == 3
        first = document_of(caller.get(f"{PACKAGES}?limit=2&sort={sort}"))
        second = document_of(caller.get(first["next"]))
        assert first["results"] + second["results"] == planned_once["results"]
        assert document_of(caller.get(second["previous"]))["results"] == first["results"]
