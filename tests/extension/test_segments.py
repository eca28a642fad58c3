"""What an SMS costs, and where it is cut."""

import pytest

from extension.segments import GSM7, UCS2, measure_text


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", GSM7, 0, 1),
        ("a" * 160, GSM7, 160, 1),
        ("a" * 161, GSM7, 161, 2),
        ("a" * 306, GSM7, 306, 2),
        ("a" * 307, GSM7, 307, 3),
        ("€" * 80, GSM7, 160, 1),
        ("€" * 81, GSM7, 162, 2),
        ("äöüñßàè£", GSM7, 8, 1),
        ("ş" * 70, UCS2, 70, 1),
        ("ş" * 71, UCS2, 71, 2),
        ("ş" * 134, UCS2, 134, 2),
        ("ş" * 135, UCS2, 135, 3),
        ("ç", UCS2, 1, 1),  # Ç is in the alphabet, ç is not
        ("😀" * 35, UCS2, 70, 1),
        ("😀" * 36, UCS2, 72, 2),
    ],
)
def test_units_and_segments_as_the_network_counts_them(text: str, encoding: str, units: int, segments: int) -> None:
    length = measure_text(text)
    assert (length.encoding, length.units, length.segments) == (encoding, units, segments)
    assert "".join(length.parts) == text


def test_a_sign_of_two_places_is_never_cut() -> None:
    assert [len(part) for part in measure_text("a" * 152 + "€" + "a" * 20).parts] == [152, 21]
    assert [len(part) for part in measure_text("ş" * 66 + "😀" + "ş" * 20).parts] == [66, 21]
