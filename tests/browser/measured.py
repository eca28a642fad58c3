"""What a person would measure with a ruler: sizes of targets, what covers the focus, text that is cut or overlaps.

Each function tells what is wrong on the page as it is on screen now, in a line each; none is nothing.
"""

from typing import Final

from playwright.sync_api import Page

_SHARED: Final = """
const open = [...document.querySelectorAll('dialog:modal')].at(-1) ?? document
const seen = (one) => one.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true })
const called = (one) => `${one.localName}${one.id && '#' + one.id} “${(one.getAttribute('aria-label')
  ?? one.innerText ?? one.value ?? '').trim().slice(0, 40)}”`
const isStuck = (one) => {
  const at = one.getBoundingClientRect().y, before = one.style.position
  one.style.position = 'relative'
  const moved = Math.abs(one.getBoundingClientRect().y - at) > 1
  one.style.position = before
  return moved
}
const floats = (one) => {
  for (let up = one; up; up = up.parentElement) {
    const { position, zIndex } = getComputedStyle(up)
    if (position === 'fixed' || (position === 'absolute' && zIndex > 0) || (position === 'sticky' && isStuck(up)))
      return true
  }
  return false
}
"""

# A target is what takes the press: a control, and its label with it. In a line of text it may be as small as that.
_TARGETS: Final = """
const wanted = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [role=tab], [role=menuitem]'
const inText = (one) => one.localName === 'a' && getComputedStyle(one).display === 'inline'
  && [...one.parentElement.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
const boxes = (one) => [one, ...(one.labels ?? [])].filter(seen).map((part) => part.getBoundingClientRect())
const box = (one) => boxes(one).toSorted((a, b) => b.width * b.height - a.width * a.height)[0]
const targets = [...open.querySelectorAll(wanted)].filter((one) => !one.disabled && boxes(one).length)
  .map((one) => ({ one, at: box(one) })).filter(({ at }) => at.width > 1 && at.height > 1)
const small = ({ at }) => at.width < 23.9 || at.height < 23.9
const middle = ({ at }) => [at.x + at.width / 2, at.y + at.height / 2]
const near = (target, other) => {
  const [x, y] = middle(target)
  if (small(other)) {
    const [otherX, otherY] = middle(other)
    return Math.hypot(x - otherX, y - otherY) < 24
  }
  const dx = Math.max(other.at.left - x, 0, x - other.at.right)
  const dy = Math.max(other.at.top - y, 0, y - other.at.bottom)
  return Math.hypot(dx, dy) < 12
}
return targets.filter(small).filter(({ one }) => !inText(one))
  .filter((target) => targets.some((other) => other.one !== target.one
    && !other.one.contains(target.one) && !target.one.contains(other.one) && near(target, other)))
  .map(({ one, at }) => `${called(one)} ${at.width.toFixed(0)} × ${at.height.toFixed(0)}`)
"""

# Hidden to the eye on purpose (for screen readers, or a line that may be cut) is not lost.
_LOST: Final = """
const found = []
const texts = []
const walker = document.createTreeWalker(open, NodeFilter.SHOW_TEXT)
while (walker.nextNode()) {
  const node = walker.currentNode, one = node.parentElement
  if (!node.data.trim() || !seen(one) || one.closest('svg, option, pre, [aria-hidden=true]')) continue
  const range = document.createRange()
  range.selectNodeContents(node)
  const rects = [...range.getClientRects()].filter((rect) => rect.width > 1 && rect.height > 1)
  if (!rects.length) continue
  let visible = true, scrollsX = false, scrollsY = false // what can be scrolled to is not cut by what is around it
  for (let up = one; up && up !== open; up = up.parentElement) {
    const style = getComputedStyle(up), box = up.getBoundingClientRect()
    if (box.width <= 2 || box.height <= 2 || style.opacity === '0' || style.clipPath === 'inset(50%)') visible = false
    if (!visible) break
    const cuts = (way) => ['hidden', 'clip'].includes(way)
    for (const rect of rects) {
      if (!scrollsX && cuts(style.overflowX) && style.webkitLineClamp === 'none'
        && (rect.right > box.right + 2 || rect.left < box.left - 2))
        found.push(`cut: ${called(up)} ${node.data.trim().slice(0, 40)}`)
      if (!scrollsY && cuts(style.overflowY) && style.webkitLineClamp === 'none'
        && (rect.bottom > box.bottom + rect.height / 4 || rect.top < box.top - rect.height / 4))
        found.push(`cut: ${called(up)} ${node.data.trim().slice(0, 40)}`)
    }
    scrollsX ||= ['auto', 'scroll'].includes(style.overflowX)
    scrollsY ||= ['auto', 'scroll'].includes(style.overflowY)
  }
  if (visible && !floats(one)) texts.push({ node, one, rects })
}
const head = ({ rects }) => Math.min(...rects.map((rect) => rect.top))
const foot = ({ rects }) => Math.max(...rects.map((rect) => rect.bottom))
texts.sort((a, b) => head(a) - head(b))
for (const [at, first] of texts.entries())
  for (let next = at + 1; next < texts.length && head(texts[next]) < foot(first); next += 1) {
    const second = texts[next]
    if (first.rects.some((a) => second.rects.some((b) =>
      Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
      && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > Math.min(a.height, b.height) / 3)))
      found.push(`overlap: “${first.node.data.trim().slice(0, 30)}” and “${second.node.data.trim().slice(0, 30)}”`)
  }
return [...new Set(found)]
"""

# What shows where a control is: its border, its ring, or its own ground. A field may have its edge from what holds it.
_WEAK: Final = """
const dot = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
const colour = (words) => {
  dot.clearRect(0, 0, 1, 1)
  dot.fillStyle = words
  dot.fillRect(0, 0, 1, 1)
  const [red, green, blue, alpha] = dot.getImageData(0, 0, 1, 1).data
  return { rgb: [red, green, blue], alpha: alpha / 255 }
}
const over = ({ rgb, alpha }, ground) => rgb.map((part, at) => part * alpha + ground[at] * (1 - alpha))
const light = (rgb) => {
  const [red, green, blue] = rgb.map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
const contrast = (one, other) => {
  const [more, less] = [light(one), light(other)].toSorted((a, b) => b - a)
  return (more + 0.05) / (less + 0.05)
}
const ground = (one) => {
  const layers = []
  for (let up = one; up; up = up.parentElement) {
    layers.push(colour(getComputedStyle(up).backgroundColor))
    if (layers.at(-1).alpha === 1) break
  }
  return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255])
}
const edge = (one) => {
  const style = getComputedStyle(one), inside = ground(one), outside = ground(one.parentElement)
  const rings = [...style.boxShadow.matchAll(/(\\w+\\([^)]*\\)) 0px 0px 0px (?:1|1\\.5|2|3)px/g)].map((ring) => ring[1])
  if (parseFloat(style.borderTopWidth) > 0) rings.push(style.borderTopColor)
  return Math.max(contrast(inside, outside), ...rings.map((ring) => contrast(over(colour(ring), inside), outside)))
}
const isShown = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true })
  && one.getBoundingClientRect().width > 2 && !one.closest(':disabled, [aria-disabled=true]')
const isDrawnByUs = (one) => !/checkbox|radio|file/.test(one.type) || getComputedStyle(one).appearance === 'none'
const holders = (one) => [one, one.parentElement, one.parentElement.parentElement]
const fields = [...open.querySelectorAll('input:not([type=hidden]), select, textarea')]
  .filter((one) => isShown(one) && isDrawnByUs(one))
  .filter((one) => Math.max(...(getComputedStyle(one).borderTopWidth === '0px' ? holders(one) : [one]).map(edge)) < 3)
const icons = [...open.querySelectorAll('svg.icon, .material-symbols-outlined')].filter(isShown)
  .filter((one) => contrast(over(colour(getComputedStyle(one).color), ground(one)), ground(one)) < 3)
return [...fields.map((one) => `edge of ${called(one)}`), ...icons.map((one) => `icon in ${called(one.parentElement)}`)]
"""

_COVERED: Final = """
const one = document.activeElement
if (!one || one === document.body) return null
const hits = (part) => {
  const box = part.getBoundingClientRect()
  return [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.5, 0.15], [0.5, 0.85]].some(([x, y]) => {
    const top = document.elementFromPoint(box.x + box.width * x, box.y + box.height * y)
    return top && (part.contains(top) || top.contains(part))
  })
}
return [called(one), [one, ...(one.labels ?? [])].some(hits)]
"""

_WIDER_SPACING: Final = """
const sheet = new CSSStyleSheet()
sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }
  p { margin-block-end: 2em !important }`)
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
"""


def _run(page: Page, script: str) -> list[str]:
    found: list[str] = page.evaluate(f"() => {{ {_SHARED} {script} }}")
    return found


def small_targets(page: Page) -> list[str]:
    """Targets under 24 × 24 CSS px that have not the room around them either (WCAG 2.5.8)."""
    return _run(page, _TARGETS)


def lost_text(page: Page) -> list[str]:
    """Text that is cut off, or lies over other text (WCAG 1.4.4 and 1.4.12)."""
    return _run(page, _LOST)


def weak_edges(page: Page) -> list[str]:
    """Fields whose edge, and icons that, stand out from their ground by less than 3 to 1 (WCAG 1.4.11)."""
    return _run(page, _WEAK)


def too_wide(page: Page) -> list[str]:
    """A page that must be scrolled to both sides (WCAG 1.4.10)."""
    have, want = page.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollWidth]")
    return [f"{want} px in {have}"] if want > have else []


def covered_focus(page: Page, *, most: int = 90) -> list[str]:
    """What cannot be seen while it has the focus, there and back again by the Tab key (WCAG 2.4.11)."""
    covered = []
    for key in ("Tab", "Shift+Tab"):
        met: list[str] = []
        for _ in range(most):
            page.keyboard.press(key)
            at = page.evaluate(f"() => {{ {_SHARED} {_COVERED} }}")
            if at is None or (met and at[0] == met[0]):  # once around
                break
            met.append(at[0])
            if not at[1]:
                covered.append(f"{key}: {at[0]}")
    return covered


def double_text(page: Page) -> None:
    """Make all text twice as large, as a browser's own setting does."""
    page.evaluate("document.documentElement.style.fontSize = '200%'")


def normal_text(page: Page) -> None:
    page.evaluate("document.documentElement.style.fontSize = ''")


def space_text(page: Page) -> None:
    """Space lines, words and letters as WCAG 1.4.12 asks a page to bear."""
    page.evaluate(_WIDER_SPACING)
