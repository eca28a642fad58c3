"""Staff in OMS WEB: the list, and one person. What may be done to whom stands in `oms/staff.py`."""

from typing import Any, ClassVar, Final

from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters

from clickcollect.accounts.models import Role, User
from clickcollect.errors import NotFound
from clickcollect.omnitron.models import RetailStore
from clickcollect.oms.staff import Person, save_person
from clickcollect.omsweb.actor import actor_of
from clickcollect.omsweb.base_admin import RightsModelAdmin, Saved, posted
from clickcollect.omsweb.forms import OmsForm
from clickcollect.omsweb.listing import Filter, Listing, Rows
from clickcollect.omsweb.packages import store_filter

MOST_STORES: Final = 500


def store_choices() -> list[tuple[str, str]]:
    return [(str(store.pk), str(store)) for store in RetailStore.objects.all()[:MOST_STORES]]


class StaffForm(OmsForm):
    groups = (
        (gettext_lazy("Person"), ("username", "first_name", "last_name", "email", "language_code")),
        (gettext_lazy("Work"), ("role", "stores", "is_active")),
        (gettext_lazy("Sign-in"), ("password", "remove_second_factor")),
    )
    username = forms.CharField(label=gettext_lazy("Username"), max_length=150)
    first_name = forms.CharField(label=gettext_lazy("First name"), max_length=150, required=False)
    last_name = forms.CharField(label=gettext_lazy("Last name"), max_length=150, required=False)
    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)
    language_code = forms.ChoiceField(
        label=gettext_lazy("Language"),
        required=False,
        choices=lambda: [("", _("The browser's")), *settings.LANGUAGES],
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=Role.choices,
        help_text=gettext_lazy("Associates and managers work in Instore, operators and administrators in OMS WEB."),
    )
    stores = forms.MultipleChoiceField(
        label=gettext_lazy("Stores"),
        choices=store_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "For associates and managers. Store changes take effect immediately: they sign in again."
        ),
    )
    is_active = forms.BooleanField(
        label=gettext_lazy("Active"),
        required=False,
        initial=True,
        help_text=gettext_lazy("If off, sessions and tokens end at once; the log keeps what the person did."),
    )
    password = forms.CharField(
        label=gettext_lazy("New password"),
        required=False,
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("At least 10 characters. A new one ends the person's sessions, PIN and tokens."),
    )
    remove_second_factor = forms.BooleanField(
        label=gettext_lazy("Turn off two-step verification"),
        required=False,
        help_text=gettext_lazy(
            "For someone who lost their phone. Sessions end; they can set it up again after signing in."
        ),
    )

    def person(self) -> Person:
        """What was entered."""
        values = dict(self.cleaned_data)
        stores = frozenset(int(pk) for pk in values.pop("stores"))
        role = Role(values.pop("role"))
        return Person(store_ids=stores, role=role, **{"remove_second_factor": False, **values})


def name_search(rows: Rows, text: str) -> Rows:
    return rows.filter(Q(username__icontains=text) | Q(first_name__icontains=text) | Q(last_name__icontains=text))


def staff_listing(request: HttpRequest) -> Listing:
    second_factor = Exists(Authenticator.objects.filter(user=OuterRef("pk")))
    people: QuerySet[Any] = User.objects.annotate(has_second_factor=second_factor)
    return Listing(
        request=request,
        rows=people.prefetch_related("memberships__store"),
        filters=[
            Filter(
                name="role",
                label=_("Role"),
                choices=Role.choices,
                apply=lambda rows, value: rows.filter(role=value),
            ),
            store_filter("memberships__store_id"),
            Filter(
                name="active",
                label=_("Active"),
                choices=[("1", _("Yes")), ("0", _("No"))],
                apply=lambda rows, value: rows.filter(is_active=value == "1"),
            ),
        ],
        search=name_search,
        search_label=_("Name"),
        count_words=lambda count: ngettext("%(count)s person", "%(count)s people", count),
        orders={"name": ("username",)},
    )


class StaffAdmin(RightsModelAdmin):
    folder = "staff"
    read_right: ClassVar[str] = "staff:read"
    add_right: ClassVar[str] = "staff:write"
    change_right: ClassVar[str] = "staff:write"
    keeps_history = True

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name="accounts_user_changelist"),
            path("add/", wrap(self.person_view), name="accounts_user_add"),
            path("<int:object_id>/change/", wrap(self.person_view), name="accounts_user_change"),
            path("<int:object_id>/history/", wrap(self.history_view), name="accounts_user_history"),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.require_read(request)
        may_add = self.has_add_permission(request)
        context = self.page(request, title=_("Staff"), listing=staff_listing(request), may_add=may_add)
        return TemplateResponse(request, "omsweb/staff.html", context)

    @method_decorator(sensitive_post_parameters("password"))
    def person_view(self, request: HttpRequest, object_id: int | None = None) -> HttpResponse:
        """The form of one person; read-only for who may not change staff."""
        actor = actor_of(request)
        actor.require(self.read_right if object_id else self.add_right)
        user = user_by_id(object_id) if object_id else None
        form = StaffForm(posted(request), initial=initial_of_person(user))
        if user is None:
            del form.fields["remove_second_factor"]

        def save() -> Saved:
            saved = save_person(person=form.person(), user_id=object_id, actor=actor)
            return Saved(row=saved, said=_("%(name)s was saved.") % {"name": saved.get_full_name()})

        title = user.get_full_name() if user else _("New staff member")
        return self.edit(request, form=form, title=title, save=save, row=user)


def user_by_id(object_id: int) -> User:
    try:
        return User.objects.get(pk=object_id)
    except (User.DoesNotExist, OverflowError):
        raise NotFound from None


def initial_of_person(user: User | None) -> dict[str, Any]:
    """What the form shows of a person; a password is never shown."""
    if user is None:
        return {}
    names = ("username", "first_name", "last_name", "email", "language_code", "role", "is_active")
    stores = [str(pk) for pk in user.memberships.values_list("store_id", flat=True)]
    return {name: getattr(user, name) for name in names} | {"stores": stores}
