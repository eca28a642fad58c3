"""What stops a start, in a sentence."""


class Problem(Exception):
    """Something outside the program stands in the way; the text says what to do about it."""


def listed(names: list[str]) -> str:
    """Names as a sentence has them: "A", "A and B", "A, B and C"."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
