// The parts of the page that depend on the visible part of the picture. They are updated once per frame at most.

const followers = [];
let isPending = false;

/** Schedule an update after a picture was opened, scrolled, zoomed, folded or marked. */
function update() {
  if (isPending) return;
  isPending = true;
  requestAnimationFrame(() => {
    isPending = false;
    for (const one of followers) one(current);
  });
}

/** Update after each change of the scroll positions, the sizes and the colors of pictures. */
function watch() {
  const sizes = new ResizeObserver(update);
  for (const { viewport, svg } of pictures.filter((one) => one.svg)) {
    viewport.addEventListener("scroll", update, { passive: true });
    sizes.observe(viewport);
    sizes.observe(svg);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", update);
  new MutationObserver(update).observe(document.documentElement, { attributes: true });
}

/** Return the scroll area of a picture on the screen, without scroll bars, and the position of the picture in it. */
function visibleArea({ viewport, svg }) {
  const outer = viewport.getBoundingClientRect(), inner = svg.getBoundingClientRect();
  const left = outer.left + viewport.clientLeft, top = outer.top + viewport.clientTop;
  return { left, top, width: viewport.clientWidth, height: viewport.clientHeight,
    x: inner.left - left, y: inner.top - top };
}
