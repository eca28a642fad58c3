"""The workflow as a picture: states as boxes, commands as arrows, packages as counts. Drawn on the server, as SVG."""

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import Final

from django.utils.translation import gettext as _

from clickcollect.oms import states
from clickcollect.oms.workflow import validation
from clickcollect.oms.workflow.document import Workflow

WIDTH: Final = 146
HEIGHT: Final = 68
GAP: Final = 96
ROW_GAP: Final = 72
MARGIN: Final = 4
ARC: Final = 44
LABEL_ROOM: Final = 16
CHARACTERS: Final = 16
LABEL_CHARACTERS: Final = 16


@dataclass(frozen=True, kw_only=True)
class Box:
    """One state. ``kind``: start, step, done, end or off (no package can get there)."""

    number: str
    lines: list[str]
    kind: str
    x: int
    y: int
    count: int | None

    @property
    def middle(self) -> int:
        return self.x + WIDTH // 2

    @property
    def text_lines(self) -> list[tuple[int, str]]:
        first = self.y + (30 if len(self.lines) == 1 else 22) + (9 if self.count is None else 0)
        return [(first + 17 * at, line) for at, line in enumerate(self.lines)]

    @property
    def foot(self) -> int:
        return self.y + HEIGHT - 9


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """All commands from one state to another. ``main``: one of them is a main button."""

    path: str
    names: str
    main: bool
    label: list[tuple[int, int, str]]


@dataclass(frozen=True, kw_only=True)
class Picture:
    boxes: list[Box]
    arrows: list[Arrow]
    width: int
    height: int
    box_width: int = WIDTH
    box_height: int = HEIGHT

    @property
    def has_unused(self) -> bool:
        """Whether it shows a state that no package can get to."""
        return any(box.kind == "off" for box in self.boxes)


def draw_workflow(workflow: Workflow, *, packages: Mapping[str, int], whole: bool = True) -> Picture:
    """The way to Delivered in one line by their numbers, other ends below, what nobody can reach at the bottom.

    ``whole``: also what nobody can reach.
    """
    reached = validation.reachable(workflow)
    numbers = sorted(state.enum_value for state in workflow.states)
    main_line = [n for n in numbers if n in reached and (n not in states.ENDED or n == states.DELIVERED)]
    ends = [n for n in numbers if n in reached and n not in main_line]
    off = [n for n in numbers if n not in reached and whole]
    steps = {number: at for at, number in enumerate(main_line)}
    arcs = any(
        steps.get(transition.destination, 0) - steps.get(transition.source, 99) > 1
        for transition in workflow.transitions
        if transition.counts
    )
    boxes: dict[str, Box] = {}
    y = MARGIN + (ARC if arcs else LABEL_ROOM)
    for line in (main_line, ends, off):
        for at, number in enumerate(line):
            boxes[number] = box(
                workflow, number, x=MARGIN + at * (WIDTH + GAP), y=y, packages=packages, reached=reached
            )
        y += (HEIGHT + ROW_GAP) if line else 0
    widest = max(len(main_line), len(ends), len(off), 1)
    return Picture(
        boxes=list(boxes.values()),
        arrows=arrows(workflow, boxes=boxes, main_line=main_line),
        width=2 * MARGIN + widest * (WIDTH + GAP) - GAP,
        height=y - ROW_GAP + MARGIN,
    )


def box(workflow: Workflow, number: str, *, x: int, y: int, packages: Mapping[str, int], reached: set[str]) -> Box:
    kind = "off" if number not in reached else "step"
    if kind == "step" and number in states.ENDED:
        kind = "done" if number == states.DELIVERED else "end"
    count = None if number in states.ENDED else packages.get(number, 0)
    lines = wrap(workflow.name_of(number), CHARACTERS)[:2]
    return Box(number=number, lines=lines, kind=kind, x=x, y=y, count=count)


def arrows(workflow: Workflow, *, boxes: Mapping[str, Box], main_line: list[str]) -> list[Arrow]:
    """One arrow for each pair of states; the main buttons are drawn last, over the others."""
    pairs: dict[tuple[str, str], list[tuple[str, bool]]] = {}
    for transition in workflow.transitions:
        if transition.counts and transition.moves and transition.source in boxes and transition.destination in boxes:
            pairs.setdefault((transition.source, transition.destination), []).append(
                (_(transition.name), transition.is_primary)
            )
    drawn = [
        Arrow(
            path=curve(boxes[source], boxes[destination], main_line=main_line),
            names=", ".join(name for name, _main in commands),
            main=any(main for _name, main in commands),
            label=label(boxes[source], boxes[destination], commands),
        )
        for (source, destination), commands in pairs.items()
        if boxes[source].kind != "off" or destination not in states.ENDED
    ]
    return sorted(drawn, key=lambda arrow: arrow.main)


def label(start: Box, end: Box, commands: list[tuple[str, bool]]) -> list[tuple[int, int, str]]:
    """The main button's name over its arrow, where there is room: between neighbours."""
    names = [name for name, main in commands if main]
    if not names or start.y != end.y or end.x - start.x != WIDTH + GAP:
        return []
    lines = wrap(names[0], LABEL_CHARACTERS)[:3]
    first = start.y + HEIGHT // 2 - 8 - 13 * (len(lines) - 1)
    return [(start.x + WIDTH + GAP // 2, first + 13 * at, line) for at, line in enumerate(lines)]


def curve(start: Box, end: Box, *, main_line: list[str]) -> str:
    """Straight to the next one, in an arc over those between, and down to the other ends."""
    if start.y != end.y:
        half = (start.y + HEIGHT + end.y) // 2
        return f"M{start.middle} {start.y + HEIGHT} C{start.middle} {half} {end.middle} {half} {end.middle} {end.y - 3}"
    on_main_line = start.number in main_line and end.number in main_line
    steps = (
        main_line.index(end.number) - main_line.index(start.number) if on_main_line else (1 if end.x > start.x else -1)
    )
    if steps == 1 and on_main_line:
        y = start.y + HEIGHT // 2
        return f"M{start.x + WIDTH} {y} L{end.x - 3} {y}"
    if steps > 0:
        lift = start.y - ARC - 10
        return f"M{start.middle} {start.y} C{start.middle} {lift} {end.middle} {lift} {end.middle} {end.y - 3}"
    drop = start.y + HEIGHT + ARC + 8
    y = start.y + HEIGHT
    return f"M{start.middle - 16} {y} C{start.middle - 16} {drop} {end.middle + 16} {drop} {end.middle + 16} {y + 3}"
