"""Language tags (BCP 47) as shops and systems send them. Pure."""

import re
from typing import Final

from clickcollect.omnitron.plain_text import plain_line

LONGEST: Final = 16
TAG: Final = re.compile(r"([A-Za-z]{2,3})((?:[-_][A-Za-z0-9]{2,8})*)(?:[-_][A-Za-z0-9](?:[-_].*)?|[.@].*)?")
# ISO 639-1, and sh, which many systems still know.
ISO_639_1: Final = """
    aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en
    eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv
    ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne
    ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss
    st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"""
TWO_LETTERS: Final = frozenset(ISO_639_1.split())
FORMER: Final = {"iw": "he", "in": "id", "ji": "yi", "mo": "ro"}  # ISO 639-1 has changed these; Java sends them
NO_LANGUAGE: Final = frozenset(("mis", "mul", "und", "zxx"))  # ISO 639-2: uncoded, several, unknown, none
PRIVATE: Final = re.compile("q[a-t][a-z]")  # ISO 639-2: for local use


def language_tag(text: str) -> str | None:
    """A tag written the usual way, ``pt-BR`` or ``zh-Hant``; None for one that nobody knows.

    What follows a single character, a point or an @ says nothing of the language: ``tr_TR.UTF-8``, ``ar-u-nu-latn``.
    """
    match = TAG.fullmatch(plain_line(text))
    language = FORMER.get(match[1].lower(), match[1].lower()) if match else ""
    if match is None or not is_known(language):
        return None
    usual = {2: str.upper, 4: str.title}
    tag = language
    for part in filter(None, re.split("[-_]", match[2])):
        longer = f"{tag}-{usual.get(len(part), str.lower)(part)}"
        if len(longer) > LONGEST:
            break
        tag = longer
    return tag


def is_known(language: str) -> bool:
    """Whether a language has this code. Three letters are one of 8,000; each counts that is not reserved."""
    if len(language) == 2:
        return language in TWO_LETTERS
    return language not in NO_LANGUAGE and not PRIVATE.fullmatch(language)
