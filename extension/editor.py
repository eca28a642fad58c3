"""`/templates/`: the shop's own wording, with a preview and what it costs."""

from collections.abc import Iterator
from dataclasses import asdict
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
from extension.catalogue import LANGUAGES, Kind
from extension.editor_form import RESET, SAVE_AND_SHOW, SHOW, EditorForm, Wording, WordingForm, kinds
from extension.models import Store, Template
from extension.problem import problem
from extension.segments import measure_text
from extension.wording import LONGEST_TEXT, PLACEHOLDERS, fill_placeholders

CHOICE = "show"  # the prefix of the lists above the text, which need not name the wording whose text is shown
MOST_STORES = 1000  # in the list to choose from
MOST_WORDINGS = 200  # in the list of own ones


@never_cache
@require_http_methods(["GET", "POST"])
@staff_only
def editor_page(request: HttpRequest) -> HttpResponse:
    """Choose a message, change its words, see what the customer will read."""
    if request.method != "POST":
        wording = WordingForm(request.GET).wording
        return _show_editor(request, EditorForm.showing(wording, text=wording.text))
    form = EditorForm(request.POST)
    is_valid, action, wording = form.is_valid(), form.cleaned_data["action"], form.wording
    if action == SHOW:
        return _show_another(request, form)
    if action == RESET:
        wording.reset()
        return redirect(_address(wording))
    if not is_valid:
        return _show_editor(request, form, faults=form.faults, status=400)
    with transaction.atomic():
        wording.save(form.typed)
    following = _asked_for(request) if action == SAVE_AND_SHOW else wording
    return redirect(_address(following, saved=1))


def _show_another(request: HttpRequest, form: EditorForm) -> HttpResponse:
    """The message that was chosen; a text that is not saved stays, and what to do with it is asked."""
    wording, another = form.wording, _asked_for(request)
    if form.typed == wording.text.strip():
        return redirect(_address(another))
    return _show_editor(request, EditorForm.showing(wording, text=form.typed), another=another)


def _label(wording: Wording) -> str:
    """A wording in words: of which message, in which language, of which store."""
    parts = [kinds()[wording.kind], LANGUAGES[wording.language].name, _name_of(wording.store)]
    return ", ".join(filter(None, parts))


def _asked_for(request: HttpRequest) -> Wording:
    """The one that the lists above the text name."""
    return WordingForm(request.POST, prefix=CHOICE).wording


@never_cache
@require_POST
@staff_only
def preview_template(request: HttpRequest) -> HttpResponse:
    """The text as a customer would read it, while it is being written."""
    form = EditorForm(request.POST)
    wording = form.wording
    shown = _preview(form.typed[: 4 * LONGEST_TEXT], language=wording.language, store=wording.store)
    return JsonResponse({**shown, "problems": form.faults})


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """A form that was too old, or not ours: nothing is saved."""
    if not request.path_info.startswith(reverse("templates")):
        return problem(status=403, code="not_allowed", detail="This address takes no forms.")
    return _not_taken(request)


@never_cache
@staff_only
def _not_taken(request: HttpRequest) -> HttpResponse:
    """The page again. What was typed stays, unless another site sent it: nobody is to save that by mistake."""
    form = EditorForm(request.POST)
    wording = form.wording
    text = wording.text
    fault = _("The form could not be checked, so nothing was changed. Allow cookies for this page, then try again.")
    if not _comes_from_elsewhere(request):
        text = form.typed if "text" in form.data else text
        fault = _("This page was open for too long. Your text is still here: check it, then save it again.")
    return _show_editor(request, EditorForm.showing(wording, text=text), faults=[fault], status=403)


def _comes_from_elsewhere(request: HttpRequest) -> bool:
    """Whether the browser says that another site sent this."""
    site = request.headers.get("Sec-Fetch-Site", "")
    if site:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin", "null")
    return origin != "null" and origin.partition("://")[2] != request.get_host()


def _address(wording: Wording, **more: Any) -> str:
    """Where a wording is changed."""
    return f"{reverse('templates')}?{urlencode(asdict(wording) | more)}"


def _stores(chosen: str) -> list[tuple[str, str]]:
    """The stores to choose from, by name: those that events named, those with a wording, and the chosen one."""
    named = {store.code: str(store) for store in Store.objects.order_by("name", "code")[:MOST_STORES]}
    with_wording = Template.objects.exclude(store="").order_by("store").values_list("store", flat=True).distinct()
    others = {code: code for code in (*with_wording[:MOST_STORES], *([chosen] if chosen else [])) if code not in named}
    return [*named.items(), *others.items()]


def _name_of(store: str) -> str:
    known = Store.objects.filter(code=store).first()
    return known.name if known and known.name else store


def _preview(text: str, *, language: str, store: str) -> dict[str, Any]:
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
    length = measure_text(body)
    segments = ngettext("%(count)s SMS", "%(count)s SMS", length.segments) % {"count": length.segments}
    count = _("%(units)s of %(room)s characters") % {"units": length.units, "room": length.capacity}
    return {"text": body, "segments": segments, "encoding": length.encoding, "count": count}


def _show_editor(
    request: HttpRequest,
    form: EditorForm,
    *,
    another: Wording | None = None,
    faults: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of one wording. ``another``: what was chosen while its text is not saved, which is asked about."""
    wording = form.wording
    stores = _stores(wording.store)
    choice = WordingForm(prefix=CHOICE, initial=asdict(another or wording))
    choice.offer_stores(stores)
    context = {
        "form": form,
        "choice": choice,
        "wording": wording,
        "faults": faults,
        "is_unsaved": form.typed != wording.text.strip(),
        "store_name": dict(stores).get(wording.store, wording.store),
        "language_name": LANGUAGES[wording.language].name,
        "kind_name": kinds()[wording.kind],
        "placeholders": [name for name in PLACEHOLDERS if name != "code" or wording.kind.has_code],
        "preview": _preview(form.typed, language=wording.language, store=wording.store),
        "own_wordings": list(_own_wordings(dict(stores))),
    }
    if another:
        context |= {"shown_name": _label(wording), "another_name": _label(another)}
        context["another_address"] = _address(another)
    return render(request, "extension/editor.html", context, status=status)


def _own_wordings(stores: dict[str, str]) -> Iterator[dict[str, str]]:
    """What the shop has worded itself, each with its address."""
    for one in Template.objects.order_by("language", "kind", "store")[:MOST_WORDINGS]:
        if one.kind in set(Kind) and one.language in LANGUAGES:
            yield {
                "name": kinds()[Kind(one.kind)],
                "language": LANGUAGES[one.language].name,
                "store": stores.get(one.store, one.store),
                "address": _address(Wording(language=one.language, kind=Kind(one.kind), store=one.store)),
            }
