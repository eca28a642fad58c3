"""What every request passes: language, size and kind of its body, Idempotency-Key; and what every refusal becomes."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import get_supported_language_variant, parse_accept_lang_header

from clickcollect.accounts.idempotency import Answer, Once, Replayed, Request, answer_once
from clickcollect.api.authentication import effective_rights
from clickcollect.api.bodies import check_address, check_envelope, read_json
from clickcollect.api.problems import on_exception, problem_response
from clickcollect.errors import DomainError, MethodNotAllowed, NotFound
from clickcollect.oms.access import Actor

View = Callable[..., HttpResponseBase]
KEPT_BY_THE_WORK: Final = frozenset({"run_command", "send_order"})  # operations


def guarded(view: View) -> View:
    """Wrap one address of the API: its answers are in the caller's language, and its refusals are problems.

    HEAD is answered as GET is (RFC 9110); the server leaves the body out.
    """

    @wraps(view)
    def guard(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asked = request.method
        with translation.override(language_of(request)):
            try:
                check_envelope(request)
                check_address(request)
                request.method = "GET" if asked == "HEAD" else asked
                response = view(request, *args, **kwargs)
            except Exception as error:  # noqa: BLE001  the last line of defence; `on_exception` records it
                response = on_exception(request, error)
            request.method = asked
            if isinstance(response, HttpResponseNotAllowed):
                response = not_allowed(response)
            response["Content-Language"] = translation.get_language() or "en"
            response.setdefault("Cache-Control", "no-store")
        return response

    return guard


def language_of(request: HttpRequest) -> str:
    """Accept-Language decides; without it, what the session or the site says."""
    for asked, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "").lower()):
        if asked == "*":
            break
        try:
            return get_supported_language_variant(asked)
        except LookupError:
            continue
    return translation.get_language() or "en"


def not_allowed(response: HttpResponse) -> HttpResponse:
    """Keep the Allow header, and say it as a problem."""
    problem = problem_response(MethodNotAllowed())
    methods = response["Allow"].split(", ")
    problem["Allow"] = ", ".join([*methods, "HEAD"] if "GET" in methods and "HEAD" not in methods else methods)
    return problem


def unknown_address(_request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """Nothing stands at this address."""
    return problem_response(
        NotFound(_("This address does not exist. Addresses end with a slash; /api/docs lists them."))
    )


def idempotent(run: View) -> View:
    """Answer a POST that carries an Idempotency-Key once. Addresses without a caller are left alone.

    Wraps the operation's run, before its input is validated, so that a refused input is kept too.
    """
    operation = run.__self__  # type: ignore[attr-defined]  # ninja binds the run of each operation

    @wraps(run)
    def view(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        key = request.headers.get("Idempotency-Key")
        if key is None or request.method != "POST" or not operation.auth_callbacks:
            return run(request, **kwargs)
        try:
            for identify in operation.auth_callbacks:
                identify(request)
            asked = Request(caller=request.caller, key=key, subject=subject_of(request))  # type: ignore[attr-defined]
        except DomainError:
            return run(request, **kwargs)  # it is refused there for the same reason
        if operation.operation_id in KEPT_BY_THE_WORK:
            return kept_by_the_work(request, asked=asked, work=lambda: run(request, **kwargs))
        fresh: list[HttpResponseBase] = []

        def work() -> Answer:
            fresh.append(run(request, **kwargs))
            return answer_of(fresh[0])

        try:
            answer = answer_once(asked, work)
        except DomainError as error:
            return problem_response(error)
        return fresh[0] if fresh else response_of(answer)

    return view


def kept_by_the_work(request: HttpRequest, *, asked: Request, work: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Let the work keep key and answer in its own transaction; what was refused before it began is kept here."""
    once = Once(request=asked, render=rendered)
    try:
        once.look()
    except Replayed as before:
        return response_of(before.answer)
    except DomainError as error:
        return problem_response(error)
    request.once = once  # type: ignore[attr-defined]
    response = work()
    once.settle(answer_of(response))
    return response


def rendered(led_to: Any) -> Answer:
    """The answer to a refusal, or the empty one."""
    return answer_of(problem_response(led_to)) if isinstance(led_to, DomainError) else Answer(status=204)


def on_replay(_request: HttpRequest, before: Replayed | type[Replayed]) -> HttpResponse:
    """The work has found that it was done before."""
    return response_of(before.answer if isinstance(before, Replayed) else Answer(status=204))


def subject_of(request: HttpRequest) -> dict[str, Any]:
    """What makes it this request, and with whose rights it was made; a signature gives none."""
    actor: Actor | None = getattr(request, "actor", None)
    return {
        "method": request.method,
        "path": request.path,
        "query": dict(request.GET.lists()),
        "body": read_json(request),
        "powers": effective_rights(actor) if actor else {},
    }


def answer_of(response: HttpResponseBase) -> Answer:
    """An answer to keep. Ours are small documents, never streams."""
    content: bytes = getattr(response, "content", b"")
    return Answer(status=response.status_code, content_type=response.get("Content-Type", ""), body=content)


def response_of(answer: Answer) -> HttpResponse:
    """A kept answer, given again."""
    response = HttpResponse(answer.body, status=answer.status, content_type=answer.content_type or None)
    if not answer.content_type:
        del response["Content-Type"]
    response["Idempotency-Replayed"] = "true"
    return response
