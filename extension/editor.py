"""`/templates/`: the shop's own wording, with a preview and what it costs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from extension.basic_auth import staff_only
from extension.catalogue import FALLBACK, LANGUAGES, Kind
from extension.models import Store, Template, find_template
from extension.problem import problem
from extension.segments import measure
from extension.wording import LONGEST_TEXT, PLACEHOLDERS, BadTemplate, check_template, fill_placeholders

LONGEST_STORE = 64
MOST_STORES = 1000  # in the list to choose from
MOST_WORDINGS = 200  # in the list of own ones


def kinds() -> dict[Kind, str]:
    """What each message is for, in words."""
    return {
        Kind.READY: _("Ready, with code"),
        Kind.READY_WITHOUT_CODE: _("Ready, without code"),
        Kind.RESENT: _("Code resent"),
        Kind.REMINDER: _("Reminder"),
        Kind.OVERRIDDEN: _("Handed over without a code"),
        Kind.PHONE_CHANGED: _("Phone number changed (sent to the old number)"),
        Kind.NOT_READY: _("No longer ready"),
    }


def problems() -> dict[str, str]:
    """What is wrong with a wording, and what to do."""
    return {
        "length": _("Enter between 1 and %(most)s characters.") % {"most": LONGEST_TEXT},
        "unknown_placeholder": _("Use only the placeholders listed below, each in curly brackets."),
        "brackets": _("Close every square bracket, and don't put one inside another."),
        "code_once": _("Include {code} exactly once: without it the customer cannot collect."),
        "code_none": _("Remove {code}: this message has no code."),
        "code_late": _("Move {code} closer to the beginning, so that it is never split across two SMS."),
        "code_optional": _("Move {code} out of the square brackets."),
        "hidden_signs": _("Remove emoji and invisible characters: some phones show boxes instead."),
    }


@never_cache
@require_http_methods(["GET", "POST"])
@staff_only
def editor_page(request: HttpRequest) -> HttpResponse:
    """Choose a message, change its words, see what the customer will read."""
    language, kind, store = _chosen(request)
    if request.method != "POST":
        return render(
            request, "extension/editor.html", _context(language, kind, store, text=_text(language, kind, store))
        )
    text = request.POST.get("text", "").replace("\r\n", "\n").strip()
    action = request.POST.get("action", "")
    here: dict[str, Any] = {"language": language, "kind": kind, "store": store}
    if action == "show":
        return _show_another(request, text)
    if action == "reset":
        Template.objects.filter(**here).delete()
        return redirect(_address(**here))
    found = _problems(text, kind, store)
    if found:
        context = _context(language, kind, store, text=text) | {"problems": found}
        return render(request, "extension/editor.html", context, status=400)
    with transaction.atomic():
        Template.objects.update_or_create(**here, defaults={"text": text})
    next_one = _asked_for(request) if action == "save-and-show" else here
    return redirect(_address(**next_one, saved=1))


def _show_another(request: HttpRequest, text: str) -> HttpResponse:
    """The message that was chosen; a text that is not saved stays, and what to do with it is asked."""
    language, kind, store = _chosen(request)
    another = _asked_for(request)
    if text == _text(language, kind, store).strip():
        return redirect(_address(**another))
    context = _context(language, kind, store, text=text)
    question = {
        "shown_name": _label({"language": language, "kind": kind, "store": store}),
        "another": another,
        "another_name": _label(another),
        "another_address": _address(**another),
    }
    return render(request, "extension/editor.html", context | question)


def _label(message: dict[str, Any]) -> str:
    """A message in words: which one, in which language, of which store."""
    parts = [kinds()[message["kind"]], LANGUAGES[message["language"]].name, _name_of(message["store"])]
    return ", ".join(filter(None, parts))


def _asked_for(request: HttpRequest) -> dict[str, Any]:
    """The message that the lists above the text name, which need not be the one whose text is shown."""
    language, kind, store = _chosen(request, prefix="show-")
    return {"language": language, "kind": kind, "store": store}


@never_cache
@require_POST
@staff_only
def preview_template(request: HttpRequest) -> HttpResponse:
    """The text as a customer would read it, while it is being written."""
    language, kind, store = _chosen(request)
    text = request.POST.get("text", "")[: 4 * LONGEST_TEXT].replace("\r\n", "\n").strip()
    shown = _preview(text, language, store)
    return JsonResponse({**shown, "problems": _problems(text, kind, store)})


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """A form that was too old, or not ours: nothing is saved."""
    if not request.path_info.startswith(reverse("templates")):
        return problem(status=403, code="not_allowed", detail="This address takes no forms.")
    return _not_taken(request)


@never_cache
@staff_only
def _not_taken(request: HttpRequest) -> HttpResponse:
    """The page again. What was typed stays, unless another site sent it: nobody is to save that by mistake."""
    language, kind, store = _chosen(request)
    text = _text(language, kind, store)
    problem = _("The form could not be checked, so nothing was changed. Allow cookies for this page, then try again.")
    if not _comes_from_elsewhere(request):
        text = request.POST.get("text", text).replace("\r\n", "\n")
        problem = _("This page was open for too long. Your text is still here: check it, then save it again.")
    context = _context(language, kind, store, text=text) | {"problems": [problem]}
    return render(request, "extension/editor.html", context, status=403)


def _comes_from_elsewhere(request: HttpRequest) -> bool:
    """Whether the browser says that another site sent this."""
    site = request.headers.get("Sec-Fetch-Site", "")
    if site:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin", "null")
    return origin != "null" and origin.partition("://")[2] != request.get_host()


def _chosen(request: HttpRequest, prefix: str = "") -> tuple[str, Kind, str]:
    """Which message; nonsense means the first one."""
    given = request.POST if request.method == "POST" else request.GET
    language = given.get(f"{prefix}language", "")
    kind = given.get(f"{prefix}kind", "")
    return (
        language if language in LANGUAGES else FALLBACK,
        Kind(kind) if kind in set(Kind) else Kind.READY,
        given.get(f"{prefix}store", "").strip().replace("\x00", ""),
    )


def _address(**chosen: Any) -> str:
    """Where a wording is changed."""
    return f"{reverse('templates')}?{urlencode(chosen)}"


def _stores(chosen: str) -> list[tuple[str, str]]:
    """The stores to choose from, by name: those that events named, those with a wording, and the chosen one."""
    named = {store.code: str(store) for store in Store.objects.order_by("name", "code")[:MOST_STORES]}
    with_wording = Template.objects.exclude(store="").order_by("store").values_list("store", flat=True).distinct()
    others = {code: code for code in (*with_wording[:MOST_STORES], *([chosen] if chosen else [])) if code not in named}
    return [*named.items(), *others.items()]


def _problems(text: str, kind: Kind, store: str) -> list[str]:
    found = [] if len(store) <= LONGEST_STORE else [_("A store code has at most 64 characters.")]
    try:
        check_template(text, kind=kind)
    except BadTemplate as bad:
        found += [problems()[name] for name in bad.problems]
    return found


def _text(language: str, kind: Kind, store: str) -> str:
    """What is sent now: this store's own wording, the one for every store, or the catalogue's."""
    return find_template(language, store, kind) or LANGUAGES[language].texts[kind]


def _name_of(store: str) -> str:
    known = Store.objects.filter(code=store).first()
    return known.name if known and known.name else store


def _preview(text: str, language: str, store: str) -> dict[str, Any]:
    deadline = (datetime.now(UTC) + timedelta(days=7)).replace(hour=20, minute=0)
    sample = {
        "code": "000000",
        "order": "WEB-100093",
        "store": _name_of(store) or "Galata",
        "deadline": LANGUAGES[language].say(deadline),
        "phone": "+90 212 555 01 00",
        "first_name": "Zoe",
    }
    body = fill_placeholders(text, sample)
    length = measure(body)
    segments = ngettext("%(count)s SMS", "%(count)s SMS", length.segments) % {"count": length.segments}
    count = _("%(units)s of %(room)s characters") % {"units": length.units, "room": length.capacity}
    return {"text": body, "segments": segments, "encoding": length.encoding, "count": count}


def _context(language: str, kind: Kind, store: str, *, text: str) -> dict[str, Any]:
    """What the page shows of one message. ``another``: what the lists have chosen."""
    stores = _stores(store)
    return {
        "language": language,
        "kind": kind,
        "store": store,
        "text": text,
        "is_unsaved": text.strip() != _text(language, kind, store).strip(),
        "another": {"language": language, "kind": kind, "store": store},
        "stores": stores,
        "store_name": dict(stores).get(store, store),
        "language_name": LANGUAGES[language].name,
        "right_to_left": LANGUAGES[language].right_to_left,
        "languages": [(code, one.name) for code, one in LANGUAGES.items()],
        "kinds": list(kinds().items()),
        "kind_name": kinds()[kind],
        "placeholders": [name for name in PLACEHOLDERS if name != "code" or kind.has_code],
        "preview": _preview(text, language, store),
        "own": Template.objects.filter(language=language, kind=kind, store=store).exists(),
        "own_wordings": list(_own_wordings(dict(stores))),
    }


def _own_wordings(stores: dict[str, str]) -> Iterator[dict[str, str]]:
    """What the shop has worded itself, each with its address."""
    for one in Template.objects.order_by("language", "kind", "store")[:MOST_WORDINGS]:
        if one.kind in set(Kind) and one.language in LANGUAGES:
            yield {
                "name": kinds()[Kind(one.kind)],
                "language": LANGUAGES[one.language].name,
                "store": stores.get(one.store, one.store),
                "address": _address(language=one.language, kind=one.kind, store=one.store),
            }
