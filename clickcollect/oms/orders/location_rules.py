"""What operators have taught about the locations of a channel: *Galata - Pickup* is IST-01, from then on."""

from typing import Any, Final

from django.db import transaction

from clickcollect.errors import NotFound
from clickcollect.omnitron.models import RetailStore
from clickcollect.omnitron.order_schema import MOST_ITEMS, RETAIL_STORE, STORE_LOC, value_at
from clickcollect.oms import search
from clickcollect.oms.access import Actor
from clickcollect.oms.log.write import record_note
from clickcollect.oms.log_models import NoteKind
from clickcollect.oms.repair_models import LocationRule

LONGEST_NAME: Final = 255
MOST_RULES: Final = 2000


def folded_location(name: str) -> str:
    """A location's name without case, accents, marks and doubled blanks: by this, two names are the same."""
    return (" ".join(search.WORD.findall(search.fold(name))) or search.fold(name).strip())[:LONGEST_NAME]


def learn(*, channel: str, name: str, store: RetailStore, actor: Actor) -> LocationRule | None:
    """From now on, a location of this name in this channel is that store; the newest rule wins. Raises Forbidden.

    None where the name says nothing, or is the store's own code.
    """
    actor.require("orders:write")
    folded = folded_location(name)
    if not folded or name.strip() == store.erp_code:
        return None
    with transaction.atomic():
        told = {"name": name.strip()[:LONGEST_NAME], "store": store, "made_by": actor.user_id}
        rule, _made = LocationRule.objects.update_or_create(channel=channel, folded=folded, defaults=told)
        record_note(kind=NoteKind.LOCATION_LEARNED, actor=actor, attributes=attributes_of_rule(rule))
    return rule


def forget_rule(*, rule_id: int, actor: Actor) -> None:
    """Take a rule away; orders that came by it stay. Raises Forbidden, NotFound."""
    actor.require("orders:write")
    with transaction.atomic():
        rule = LocationRule.objects.select_for_update().filter(pk=rule_id).first()
        if rule is None:
            raise NotFound
        record_note(kind=NoteKind.LOCATION_FORGOTTEN, actor=actor, attributes=attributes_of_rule(rule))
        rule.delete()


def attributes_of_rule(rule: LocationRule) -> dict[str, str | int | bool]:
    return {"location.id": rule.pk, "store.id": rule.store_id}


def learned_locations(channel: str) -> dict[str, str]:
    """The ERP codes of a channel's learned locations, by folded name."""
    rules = LocationRule.objects.filter(channel=channel).values_list("folded", "store__erp_code")
    return dict(rules.order_by("pk")[:MOST_RULES])


def with_learned_stores(document: dict[str, Any]) -> dict[str, Any]:
    """The order with the ERP code of the store wherever it names a location that was learned for its channel.

    Arguments: ``document``, raw, as `read_order` takes it.
    """
    channel, lines = document.get("channel"), document.get("order_item")
    places = [value_at(document, STORE_LOC[0]), *(lines[:MOST_ITEMS] if isinstance(lines, list) else ())]
    named = {
        place[RETAIL_STORE]: folded_location(place[RETAIL_STORE])
        for place in places
        if isinstance(place, dict) and isinstance(place.get(RETAIL_STORE), str)
    }
    if not named or not isinstance(channel, str):
        return document
    rules = LocationRule.objects.filter(channel=channel.strip(), folded__in=set(named.values()))
    codes = dict(rules.values_list("folded", "store__erp_code"))
    if not codes:
        return document

    def with_learned_store(place: Any) -> Any:
        name = place.get(RETAIL_STORE) if isinstance(place, dict) else None
        code = codes.get(named[name]) if isinstance(name, str) else None
        return place | {RETAIL_STORE: code} if code else place

    learned = document | {STORE_LOC[0]: with_learned_store(places[0])}
    return (
        learned | {"order_item": [with_learned_store(line) for line in lines]} if isinstance(lines, list) else learned
    )
