"""However many orders were repaired before, no page, figure or message about orders to repair reads all of them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from clickcollect.accounts.models import Role
from clickcollect.api import metrics
from clickcollect.oms import alarms, privacy
from clickcollect.oms.orders.repair import keep_for_repair
from tests.api.test_long_lists import explained
from tests.plans import scans_of
from tests.shop import make_user, order_document

ROWS = 20_000
FILL = """
INSERT INTO oms_ordertorepair (channel, reference, state, payload, document, faults, times, received_at,
    last_received_at, ended_at, reason, search)
SELECT 'Webshop ' || n %% 5, 'BIG-' || n, CASE WHEN n %% 1000 = 0 THEN 'waiting' WHEN n %% 3 = 0 THEN 'discarded'
    ELSE 'placed' END, '{}', '{}', '[]', 1, now() - n * interval '1 minute', now() - n * interval '1 minute',
    CASE WHEN n %% 1000 = 0 THEN NULL ELSE now() - n * interval '1 minute' END, '',
    array_to_tsvector(ARRAY['big' || n, 'tel:' || (10000000 + n), 'mail:n' || n || '@example.com'])
FROM generate_series(1, %s) AS n
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_nothing_reads_all_orders_to_repair(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FILL, [ROWS])
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    client.force_login(make_user(Role.ADMIN))
    day = (now() - timedelta(days=2)).date().isoformat()
    document = order_document("BIG-7", channel="Webshop 2")
    deeds: list[Callable[[], object]] = [
        *(
            lambda query=query: client.get(f"/oms/repairs/{query}")
            for query in (
                "",
                "?state=discarded",
                "?state=placed&page=3",
                "?q=big77",
                "?state=placed&q=n77@example.com",
                "?state=discarded&q=10000077",
                f"?state=placed&from={day}&to={day}",
            )
        ),
        lambda: client.get("/oms/"),
        lambda: client.get("/oms/search/", {"s": "BIG-1000"}),
        metrics.exposition,
        alarms.current_alarms,
        lambda: keep_for_repair(channel="Webshop 2", reference="BIG-7", payload=document, faults=[]),
        lambda: list(privacy.repairs_of(phone_number="+90 10000077", email="n78@example.com", order_number="BIG-5")),
        privacy.erase_by_age,
    ]
    for deed in deeds:
        with CaptureQueriesContext(connection) as captured:
            deed()
        for statement in captured.captured_queries:
            if "oms_ordertorepair" in statement["sql"] and statement["sql"].startswith("SELECT"):
                assert scans_of("oms_ordertorepair", explained(statement["sql"])) == 0, statement["sql"]
    # Control: what has no index is seen.
    found = explained("SELECT id FROM oms_ordertorepair WHERE reason = 'x'")
    assert scans_of("oms_ordertorepair", found) == 1
