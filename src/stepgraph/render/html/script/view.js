// The parts of the page that depend on the visible part of the picture. They are updated once per frame at most.

const followers = [];
let isPending = false;

/** Schedule an update after a picture was opened, scrolled, zoomed, folded or marked, or after a change of colors. */
function update() {
  if (isPending) return;
  isPending = true;
  requestAnimationFrame(() => {
    isPending = false;
    // One look at the layout for all of them, before they change anything.
    const area = current.svg && visibleArea(current);
    for (const one of followers) one(current, area);
  });
}

const sizes = new ResizeObserver(update);

/** Update after each change of the scroll position and the size of a picture. */
function watch({ viewport, svg }) {
  viewport.addEventListener("scroll", update, { passive: true });
  sizes.observe(viewport);
  sizes.observe(svg);
}

/** Return the scroll area of a picture on the screen, without scroll bars, and the position and size of the picture. */
function visibleArea({ viewport, svg }) {
  const outer = viewport.getBoundingClientRect(), inner = svg.getBoundingClientRect();
  const left = outer.left + viewport.clientLeft, top = outer.top + viewport.clientTop;
  return { left, top, width: viewport.clientWidth, height: viewport.clientHeight,
    x: inner.left - left, y: inner.top - top,
    isLarger: ["Width", "Height"].some((side) => viewport[`scroll${side}`] > viewport[`client${side}`] + 1) };
}
