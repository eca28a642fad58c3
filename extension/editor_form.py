"""The forms of the wording editor: which message, and its words. Every fault is named, and what was typed stays."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from extension.catalogue import FALLBACK, LANGUAGES, Kind
from extension.models import Template, find_template
from extension.wording import LONGEST_TEXT, BadTemplate, check_template

LONGEST_STORE: Final = 64
SAVE: Final = "save"
SAVE_AND_SHOW: Final = "save-and-show"
SHOW: Final = "show"
RESET: Final = "reset"


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


@dataclass(frozen=True, kw_only=True)
class Wording:
    """Which wording: of which message, in which language, for which store (its code; empty for every store)."""

    language: str
    kind: Kind
    store: str

    @property
    def text(self) -> str:
        """What is sent now: this store's own wording, the one for every store, or the catalogue's."""
        return find_template(self.language, self.store, self.kind) or LANGUAGES[self.language].texts[self.kind]

    @property
    def is_own(self) -> bool:
        """Whether the shop has worded it itself, for exactly this store."""
        return Template.objects.filter(**asdict(self)).exists()

    def save(self, text: str) -> None:
        Template.objects.update_or_create(**asdict(self), defaults={"text": text})

    def reset(self) -> None:
        Template.objects.filter(**asdict(self)).delete()


class LanguageSelect(forms.Select):
    """A list of languages, each named in itself."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        option["attrs"]["lang"] = str(value)
        return option


class DefaultingChoiceField(forms.ChoiceField):
    """One of several; nonsense means the one it begins with."""

    def clean(self, value: Any) -> Any:
        return value if self.valid_value(value) else self.initial

    def bound_data(self, data: Any, initial: Any) -> Any:
        return self.clean(data)


class StoreField(forms.CharField):
    """A store's code; one that nobody has heard of yet is a store too."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\x00", "").strip()

    def bound_data(self, data: Any, initial: Any) -> Any:
        return self.to_python(data)


class TextField(forms.Field):
    """A wording without blanks at its ends. What may stand in it is `check_template`'s to say."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        return str(value or "").replace("\r\n", "\n").strip()


class WordingForm(forms.Form):
    """Which wording is meant, from lists to choose from or out of sight."""

    kind = DefaultingChoiceField(
        label=gettext_lazy("Message"),
        choices=lambda: kinds().items(),
        initial=Kind.READY,
        widget=forms.Select(attrs={"form": "write"}),
    )
    language = DefaultingChoiceField(
        label=gettext_lazy("Language"),
        choices=[(code, one.name) for code, one in LANGUAGES.items()],
        initial=FALLBACK,
        widget=LanguageSelect(attrs={"form": "write"}),
    )
    store = StoreField(
        label=gettext_lazy("Store"),
        required=False,
        widget=forms.Select(attrs={"form": "write", "aria-describedby": "store-help"}),
    )

    def offer_stores(self, stores: Iterable[tuple[str, str]]) -> None:
        """What the list of stores has: every store, then these, each by code and name."""
        self.fields["store"].widget.choices = [("", _("Every store")), *stores]

    @property
    def wording(self) -> Wording:
        """Which one it is; there always is one, whatever was sent."""
        chosen = {name: self.fields[name].clean(self[name].value()) for name in ("language", "kind", "store")}
        return Wording(language=chosen["language"], kind=Kind(chosen["kind"]), store=chosen["store"])


class EditorForm(WordingForm):
    """A wording with its words, and which button was pressed."""

    text = TextField(required=False)
    action = DefaultingChoiceField(
        choices=[(action, action) for action in (SAVE, SAVE_AND_SHOW, SHOW, RESET)], initial=SAVE
    )

    @classmethod
    def showing(cls, wording: Wording, *, text: str) -> "EditorForm":
        """The form as the page begins."""
        return cls(initial=asdict(wording) | {"text": text})

    @property
    def typed(self) -> str:
        """The text as it would be saved."""
        return str(self.fields["text"].clean(self["text"].value()))

    @property
    def text_area(self) -> str:
        """The field to write in, which has the direction of the message's language."""
        wording = self.wording
        direction = "rtl" if LANGUAGES[wording.language].right_to_left else "ltr"
        attrs = {"dir": direction, "lang": wording.language}
        return self["text"].as_widget(attrs={"id": "text", "rows": "6", "aria-describedby": "which help", **attrs})

    @property
    def faults(self) -> list[str]:
        """Everything that is wrong with it, in words."""
        return [str(fault) for faults in self.errors.values() for fault in faults]

    def clean(self) -> dict[str, Any]:
        wording = self.wording
        if len(wording.store) > LONGEST_STORE:
            self.add_error("store", _("A store code has at most 64 characters."))
        try:
            check_template(self.typed, kind=wording.kind)
        except BadTemplate as bad:
            for name in bad.problems:
                self.add_error("text", problems()[name])
        return self.cleaned_data
