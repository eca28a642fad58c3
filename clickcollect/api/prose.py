"""What a stranger reads before the operations."""

from typing import Final

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
`?page=` and `?limit=` (1–100, default 20), or better: follow `next` and `previous` as they stand.
`count` stops at 10,001 unless you ask for `count=exact`. Pages by number reach the first 10,000 rows.

### Errors
Every refusal is `application/problem+json` (RFC 9457). Go by `code`, which never changes; show `detail`, which says
what to do next in the language of `Accept-Language`. A package outside your stores is `not_found`.

### Sending again
Put an `Idempotency-Key` on any POST: sent again with the same key, it runs once and gives the same answer for 24 hours.
The pickup code is not part of what is compared, so a new try of a code needs a new key.

### Formats
JSON in UTF-8, at most 1 MiB. Dates are UTC in ISO 8601, money is a decimal string, ids are integers.
"""
