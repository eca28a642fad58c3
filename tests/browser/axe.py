"""What axe finds on a page as it is on screen now, in a line each.

Reckoning the colours of a text is most of axe's work, and a list of a thousand rows has a thousand texts of the same
few kinds. Three of each kind are looked at: texts of the same tags and classes, with the same colours all the way up.
"""

from typing import Any, Final

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

_REPEATED: Final = """
const kinds = new Map(), met = new Map(), repeated = []
const step = (one) => {
  const style = getComputedStyle(one)
  return [one.localName, one.className.baseVal ?? one.className, one.matches(':disabled, [aria-disabled=true]'),
    Boolean(one.control?.disabled), style.color, style.backgroundColor, style.backgroundImage, style.opacity,
    style.fontSize, style.fontWeight, style.textShadow, style.position].join()
}
const kindOf = (one, above) => {
  const name = `${above} ${step(one)}`
  if (!kinds.has(name)) kinds.set(name, kinds.size)
  return kinds.get(name)
}
const hasText = (one) => (one.matches('input, select, textarea')
  || [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
  && one.checkVisibility({ visibilityProperty: true, opacityProperty: true, contentVisibilityAuto: true })
const look = (one, above) => {
  const kind = kindOf(one, above)
  let texts = 0, wanted = 0
  if (hasText(one)) {
    texts = 1
    met.set(kind, (met.get(kind) ?? 0) + 1)
    wanted = met.get(kind) <= 3 ? 1 : 0
  }
  const only = []
  for (const child of one.children) {
    const below = look(child, kind)
    texts += below.texts
    wanted += below.wanted
    if (below.texts && !below.wanted) only.push(child)
  }
  if (wanted) repeated.push(...only)
  return { texts, wanted }
}
look(document.documentElement, '')
"""
_COLOURS: Final = """
const page = repeated.length ? { exclude: repeated } : document
return (await axe.run(page, { runOnly: ['color-contrast'], resultTypes: ['violations'] })).violations
"""
_ALL_BUT_COLOURS: Final = """
return (await axe.run({ rules: { 'color-contrast': { enabled: false } }, resultTypes: ['violations'] })).violations
"""


def faults(page: Page) -> list[str]:
    """What any rule of axe finds."""
    return _run(page, _ALL_BUT_COLOURS) + weak_colours(page)


def weak_colours(page: Page) -> list[str]:
    """Text that stands out too little from its ground."""
    return _run(page, _REPEATED + _COLOURS)


def _run(page: Page, script: str) -> list[str]:
    if page.evaluate("!window.axe"):
        page.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = page.evaluate(f"async () => {{ {script} }}")
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]
