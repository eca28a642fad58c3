"""What the customer reads: their language, the code whole and early, names that cannot do harm."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extension.catalogue import LANGUAGES, Kind
from extension.pickup_event import (
    OVERRIDDEN,
    PHONE_CHANGED,
    READY,
    REMINDER,
    RESENT,
    PickupEvent,
    read_envelope,
    read_pickup_event,
)
from extension.segments import measure_text
from extension.wording import (
    BadTemplate,
    Text,
    check_template,
    clean_name,
    clean_text,
    compose,
    fill_placeholders,
    say_deadline,
)
from tests.extension.running import event

CODE = "482913"
TYPES = {
    Kind.READY: READY,
    Kind.READY_WITHOUT_CODE: READY,
    Kind.RESENT: RESENT,
    Kind.REMINDER: REMINDER,
    Kind.OVERRIDDEN: OVERRIDDEN,
    Kind.PHONE_CHANGED: PHONE_CHANGED,
    Kind.NOT_READY: "package.status.packed",
}


def nothing(_language: str, _store: str, _kind: Kind) -> None:
    """A shop without wordings of its own."""


def notice(kind: str = READY, **changes: object) -> PickupEvent:
    return read_pickup_event(read_envelope(json.dumps(event(kind, **changes)).encode()))


def text(kind: str = READY, find: Callable[[str, str, Kind], str | None] = nothing, **changes: object) -> Text:
    return compose(notice(kind, **changes), find_template=find)


def customer(language: str = "en", **changes: str) -> dict[str, str]:
    return {"first_name": "Ayşe", "phone_number": "+447700900123", "language_code": language} | changes


def store(**changes: str) -> dict[str, str]:
    return {"name": "Galata", "erp_code": "IST-01", "time_zone": "Europe/Istanbul", "language_code": "tr"} | changes


def test_english() -> None:
    body = text(
        pickup_deadline="2026-11-27T17:00:00Z",
        otp={"code": CODE, "issue": 1, "expires_at": "2026-11-27T17:00:00Z"},
    ).body
    assert body == (
        "Your pickup code is 482913. Order WEB-100093 is ready at Galata. Collect it by Fri 27 Nov, 20:00. "
        "Only give this code to staff at the counter."
    )


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("kind", list(Kind))
def test_every_message_exists_in_every_language_and_is_safe(language: str, kind: Kind) -> None:
    check_template(LANGUAGES[language].texts[kind], kind=kind)
    otp = {"code": CODE, "issue": 1} if kind.has_code else None
    body = text(TYPES[kind], customer=customer(language), otp=otp).body
    assert "WEB-100093" in body
    assert "Galata" in body
    assert (CODE in body) is kind.has_code
    assert not set("{}[]") & set(body)
    assert measure_text(body).segments <= 4


@pytest.mark.parametrize(
    ("of_customer", "of_store", "chosen"),
    [
        ("de", "tr", "de"),
        ("DE-at", "tr", "de"),
        ("de_CH", "tr", "de"),
        ("nl", "tr", "tr"),  # no catalogue: the store's
        ("", "ar", "ar"),
        ("nl", "ja", "en"),  # neither: English
        ("", "", "en"),
        ("../../etc", "\x00", "en"),
    ],
)
def test_the_customers_language_then_the_stores_then_english(of_customer: str, of_store: str, chosen: str) -> None:
    found = text(customer=customer(of_customer), stock_location=store(language_code=of_store))
    assert found.language == chosen


def test_without_a_code_the_message_names_none() -> None:
    body = text(otp=None).body
    assert "code" not in body
    assert "ready at Galata" in body


def test_a_code_sent_again_without_a_code_is_the_plain_message() -> None:
    assert text(RESENT, otp=None).body == text(READY, otp=None).body


@pytest.mark.parametrize("typed", ["482913", "482 913", "482-913", "٤٨٢٩١٣", "４８２９１３"])
def test_the_code_stands_in_contiguous_ascii_digits(typed: str) -> None:
    for language in LANGUAGES:
        assert CODE in text(customer=customer(language), otp={"code": typed, "issue": 1}).body


@given(
    name=st.text(max_size=200),
    order=st.text(max_size=100),
    language=st.sampled_from(sorted(LANGUAGES)),
    digits=st.integers(min_value=4, max_value=8),
    kind=st.sampled_from([READY, RESENT]),
)
def test_the_code_is_never_split_whatever_the_names(
    name: str, order: str, language: str, digits: int, kind: str
) -> None:
    code = "90817263"[:digits]
    body = text(
        kind,
        customer=customer(language),
        stock_location=store(name=name),
        order_number=order,
        otp={"code": code, "issue": 1},
    ).body
    assert code in measure_text(body).parts[0]


def test_a_template_that_would_split_the_code_still_does_not() -> None:
    body = text(find=lambda *_: "x" * 150 + " {code} " + "x" * 100).body
    assert body.startswith(CODE)


def test_the_deadline_is_in_the_stores_time() -> None:
    moment = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)
    said = {code: say_deadline(moment, zone=ZoneInfo("Europe/Istanbul"), language=code) for code in LANGUAGES}
    assert said == {
        "en": "Fri 27 Nov, 23:00",
        "tr": "27 Kas Cum 23:00",
        "de": "Fr, 27.11., 23:00 Uhr",
        "ar": "الجمعة 27/11 الساعة 23:00",
        "fr": "ven 27/11 à 23:00",
        "es": "vie 27/11 a las 23:00",
    }
    assert say_deadline(moment, zone=None, language="en") == "Fri 27 Nov, 20:00 UTC"


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "\x00"])
def test_an_unknown_zone_is_said_to_be_utc(zone: str) -> None:
    body = text(stock_location=store(time_zone=zone), pickup_deadline="2099-11-27T17:00:00Z").body
    assert "Fri 27 Nov, 17:00 UTC" in body


def test_without_a_deadline_its_sentence_is_left_out() -> None:
    body = text(pickup_deadline=None, otp={"code": CODE, "issue": 1}).body
    assert "Collect" not in body
    assert "  " not in body


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("Galata", "Galata"),
        ("  Galata \n\t Mağaza ", "Galata Mağaza"),
        ("\u202egnihsihp\u202c", "gnihsihp"),
        ("\u200fسوق\u200e", "سوق"),
        ("Shop 🛍️👩‍👩‍👧 1️⃣", "Shop 1"),
        ("Zoë’s “best”…", 'Zoë\'s "best".'),
        ("a\x00b\x07c\x7f", "abc"),
        ("e\u0301" * 3, "ééé"),
        ("x" * 40, "x" * 31 + "."),
        ("\ud800", ""),
    ],
)
def test_names_are_made_fit_for_an_sms(name: str, sent: str) -> None:
    assert clean_text(name, most=32) == sent


def test_a_long_name_is_not_cut_inside_a_letter() -> None:
    assert clean_text("ก" * 30 + "\u0e01\u0e34" + "ก" * 5, most=32) == "ก" * 30 + "."


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("Ayşe", "Ayşe"),
        ("O'Brien", "O'Brien"),
        ("482913", ""),
        ("https://evil.example", "httpsevilexample"),
        ("ليلى", "ليلى"),
    ],
)
def test_a_persons_name_cannot_pass_for_a_code_or_an_address(name: str, sent: str) -> None:
    assert clean_name(name) == sent


def test_a_value_is_never_filled_again() -> None:
    assert fill_placeholders("{store} {order}", {"store": "{code}", "order": "1", "code": "secret"}) == "{code} 1"
    body = text(stock_location=store(name="{code}[{phone}]")).body
    assert body.count(CODE) == 1


@pytest.mark.parametrize(
    ("template", "kind", "problem"),
    [
        ("", Kind.READY, "length"),
        ("{code}" + "x" * 500, Kind.READY, "length"),
        ("No code", Kind.READY, "code_once"),
        ("{code} {code}", Kind.READY, "code_once"),
        ("[{code}]", Kind.READY, "code_optional"),
        ("{store} {order} {deadline} {code}", Kind.READY, "code_late"),
        ("{code}", Kind.REMINDER, "code_none"),
        ("{code} {passwort}", Kind.READY, "unknown_placeholder"),
        ("{code} {store.secret}", Kind.READY, "unknown_placeholder"),
        ("{code} {0}", Kind.READY, "unknown_placeholder"),
        ("{code} [open", Kind.READY, "brackets"),
        ("{code} [a [b] c]", Kind.READY, "brackets"),
        ("{code} \u202e", Kind.READY, "hidden_signs"),
        ("{code} 🎉", Kind.READY, "hidden_signs"),
    ],
)
def test_a_wording_that_could_do_harm_is_refused(template: str, kind: Kind, problem: str) -> None:
    with pytest.raises(BadTemplate) as refused:
        check_template(template, kind=kind)
    assert problem in refused.value.problems


def test_the_shops_own_wording_wins_in_its_language() -> None:
    own = {("de", "IST-01", Kind.READY): "{code} holen!"}
    found = text(find=lambda *which: own.get(which), customer=customer("de"))
    assert found.body == "482913 holen!"
    assert text(find=lambda *which: own.get(which), customer=customer("en")).body != "482913 holen!"


def test_a_wording_in_a_language_without_a_catalogue_is_used() -> None:
    own = {("nl", "IST-01", Kind.READY): "Uw code: {code}"}
    assert text(find=lambda *which: own.get(which), customer=customer("nl")).body == "Uw code: 482913"


def test_nothing_shows_a_code_by_itself() -> None:
    secret = notice()
    assert CODE not in repr(secret)
    assert CODE not in repr(compose(secret, find_template=nothing))
    assert CODE not in repr(read_envelope(json.dumps(event()).encode()))
    assert "7700900123" not in repr(secret)
