// Zooming by a gesture. While it lasts, the browser scales the drawn picture. Afterwards, it draws the picture again.

/** The time in milliseconds after the last event of a gesture at which it has ended. */
const GESTURE_END = 150;

/** Change the scale of a picture in the course of a gesture, and keep the point `at` in its position on the screen. */
function zoomByGesture(picture, scale, at) {
  const { svg, viewport } = picture, view = viewport.getBoundingClientRect(), before = svg.getBoundingClientRect();
  const gesture = picture.gesture ??= { scale: picture.scale, x: 0, y: 0 };
  const layout = { left: before.left - gesture.x, top: before.top - gesture.y }, old = picture.scale;
  picture.scale = bounded(scale);
  const [width, height] = ["width", "height"].map((name) => svg.getAttribute(name) * picture.scale);
  const factor = picture.scale / old, begin = { left: view.left + viewport.clientLeft, top: view.top + viewport.clientTop };
  // The position that the layout will give it: centered if it is narrower than the viewport, otherwise without gaps.
  const roomLeft = begin.left + viewport.clientWidth - width, roomTop = begin.top + viewport.clientHeight - height;
  const left = roomLeft > begin.left ? (begin.left + roomLeft) / 2
    : Math.min(begin.left, Math.max(roomLeft, at.x + (before.left - at.x) * factor));
  const top = roomTop > begin.top ? begin.top : Math.min(begin.top, Math.max(roomTop, at.y + (before.top - at.y) * factor));
  Object.assign(gesture, { x: left - layout.left, y: top - layout.top });
  svg.style.transform = `translate(${gesture.x}px,${gesture.y}px) scale(${picture.scale / gesture.scale})`;
  picture.tellScale();
  clearTimeout(gesture.end);
  gesture.end = setTimeout(() => endGesture(picture), GESTURE_END);
  update();
}

/** Give the picture its size and its scroll position after a gesture, if there was one. */
function endGesture(picture) {
  if (!picture.gesture) return;
  clearTimeout(picture.gesture.end);
  picture.gesture = null;
  const { svg, viewport } = picture, { left, top } = svg.getBoundingClientRect();
  picture.resize();
  const now = svg.getBoundingClientRect();
  viewport.scrollLeft += now.left - left;
  viewport.scrollTop += now.top - top;
  update();
}
