"""Numbers that regulators keep for films, books and tests: nobody has one, so no code may be sent there.

Mobile numbers only: a land line is refused whether somebody has it or not. Sources: NANPA (555-0100 to 555-0199),
Ofcom (07700 900000 to 900999), Bundesnetzagentur (notice 148/2021), ACMA, PTS and ARCEP ("numbers for drama").
"""

import re
from typing import Final

PUBLISHED: Final = {
    "1": r"[2-9]\d{2}55501\d{2}",
    "33": r"63998\d{4}",
    "44": r"7700900\d{3}",
    "46": r"7017406(?:0[5-9]|[1-9]\d)",
    "49": (
        r"152(?:28817386|28895456|54599371)|17139200\d{2}|172(?:9925904|9968532|9973185|9973186|9980752)"
        r"|174(?:9091317|9464308)|176040690\d{2}"
    ),
    "61": (
        r"49157(?:0(?:006|110|15[6-9]|313|737)|1(?:266|491|804)|2(?:549|665|983)|3(?:087|770)|4(?:118|632)"
        r"|5(?:254|789)|6(?:398|801)|7(?:426|644)|8(?:148|888|957)|9(?:212|455|760))"
    ),
}
RESERVED: Final = re.compile(r"\+(?:" + "|".join(f"{code}(?:{numbers})" for code, numbers in PUBLISHED.items()) + ")")


def is_fictitious(e164: str) -> bool:
    """Whether this mobile number is from a range that is kept for fiction."""
    return RESERVED.fullmatch(e164) is not None
