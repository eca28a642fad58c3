"""What stops a start, in a sentence."""


class Problem(Exception):
    """Something outside the program stands in the way; the text says what to do about it."""
