"""A language tag is written the usual way; one that nobody knows counts as left out."""

import pytest

from clickcollect.omnitron.languages import language_tag


@pytest.mark.parametrize(
    ("sent", "tag"),
    [
        ("TR", "tr"),
        ("pt_br", "pt-BR"),
        ("zh-hant", "zh-Hant"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("tr_TR.UTF-8", "tr-TR"),
        ("sr_RS@latin", "sr-RS"),
        ("ar-u-nu-latn", "ar"),
        ("en-x-klingon", "en"),
        ("iw_IL", "he-IL"),
        ("in", "id"),
        ("es-419", "es-419"),
        ("ceb", "ceb"),
        ("\u200ede-DE ", "de-DE"),
        ("de-DE-1996-variant1", "de-DE-1996"),
    ],
)
def test_tag_is_written_the_usual_way(sent: str, tag: str) -> None:
    assert language_tag(sent) == tag


@pytest.mark.parametrize(
    "sent",
    ["", "xx", "zz-ZZ", "C", "POSIX", "english please", "Türkçe", "und", "zxx", "qaa", "12", "-", "tr\x00", "e n"],
)
def test_what_nobody_knows_counts_as_left_out(sent: str) -> None:
    assert language_tag(sent) is None
