// The map: a small copy of a picture that is larger than its viewport, with a rectangle around the visible part.

const MAP_WIDTH = 160;
const MAP_HEIGHT = 200;
const MAP_NARROWEST = 72;
const MAP_THINNEST = 24;

const canvas = make("canvas", { role: "img", "aria-label": "Map of the picture" });
const mapSwitch = button("", "Hide the map (M)", () => showMap(!isMapShown),
  { "aria-keyshortcuts": "M", "aria-expanded": "true" });
const minimap = make("div", { class: "minimap" }, canvas, mapSwitch);
// The style sheet hides the map there.
const narrowScreen = matchMedia("(max-width:760px)");
let isMapShown = true;
let place = null;

function showMap(isShown) {
  isMapShown = isShown;
  const title = isShown ? "Hide the map (M)" : "Show the map (M)";
  minimap.classList.toggle("is-closed", !isShown);
  mapSwitch.setAttribute("aria-expanded", String(isShown));
  mapSwitch.setAttribute("aria-label", title);
  mapSwitch.title = title;
  update();
}

/** Draw the map of a picture. Long pictures scroll in the map, so that it stays readable. */
function drawMap(picture, area) {
  minimap.hidden = !area.isLarger;
  if (minimap.hidden || !isMapShown || narrowScreen.matches) return;
  place = placeMap(picture, area);
  // A strip of dust helps nobody.
  minimap.hidden = place.width < MAP_THINNEST;
  const ratio = devicePixelRatio;
  resizeCanvas(place.width, place.height, ratio);
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, place.width, place.height);
  pen.translate(-place.left, -place.top);
  const { size, left, top, width, height } = place;
  const shown = { left: left / size, top: top / size, right: (left + width) / size, bottom: (top + height) / size };
  for (const figure of figuresIn(picture, shown)) drawFigure(pen, figure, place);
  drawVisible(pen, place);
}

/** Return the scale and the size of the map, the part of the picture in it, and the visible part, in its pixels. */
function placeMap({ svg, scale }, area) {
  const [whole, high] = ["width", "height"].map((name) => Number(svg.getAttribute(name)));
  const fitting = Math.min(MAP_WIDTH / whole, MAP_HEIGHT / high);
  // The map shows more than the viewport, at any scale.
  const largest = 0.8 * Math.min(MAP_WIDTH / Math.min(whole, area.width / scale), (MAP_HEIGHT * scale) / area.height);
  const size = Math.max(fitting, Math.min(MAP_NARROWEST / Math.min(whole, high), largest));
  const factor = size / scale;
  const visible = { x: -area.x * factor, y: -area.y * factor, width: area.width * factor, height: area.height * factor };
  const width = Math.min(MAP_WIDTH, whole * size), height = Math.min(MAP_HEIGHT, high * size);
  const shift = (begin, length, all, room) => fraction(begin, all - length) * (all - room);
  return { size, factor, width, height, visible,
    left: shift(visible.x, visible.width, whole * size, width), top: shift(visible.y, visible.height, high * size, height) };
}

const fraction = (part, whole) => Math.max(0, Math.min(1, part / Math.max(1, whole)));

function resizeCanvas(width, height, ratio) {
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width === across && canvas.height === down) return;
  Object.assign(canvas, { width: across, height: down });
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
}

function drawFigure(pen, { group, isFrame, left, top, width, height, band }, { size, top: from, height: room }) {
  const [y, bottom] = [top * size, (top + height) * size];
  if (bottom < from || y > from + room) return;
  const { fill, edge } = mapColors(group);
  const isMarked = group.classList.contains("is-hit") || group.classList.contains("is-selected");
  const ink = isMarked ? mapColor(group.classList.contains("is-selected") ? "--accent" : "--warning") : edge;
  const box = [left * size, y, Math.max(1.5, width * size), Math.max(1.5, height * size)];
  pen.fillStyle = isFrame ? fill : ink;
  pen.fillRect(...box);
  if (!isFrame) return;
  pen.strokeStyle = ink;
  pen.lineWidth = isMarked ? 1.5 : 0.5;
  pen.strokeRect(...box);
  pen.fillStyle = ink;
  pen.globalAlpha = 0.35;
  pen.fillRect(left * size, y, width * size, band * size);
  pen.globalAlpha = 1;
}

function drawVisible(pen, { visible, left, top, width, height }) {
  const x = Math.max(left + 0.75, visible.x), y = Math.max(top + 0.75, visible.y);
  const right = Math.min(left + width - 0.75, visible.x + visible.width);
  const bottom = Math.min(top + height - 0.75, visible.y + visible.height);
  pen.fillStyle = mapColor("--paper");
  pen.globalAlpha = 0.4;
  pen.beginPath();
  pen.rect(left, top, width, height);
  pen.rect(x, y, right - x, bottom - y);
  pen.fill("evenodd");
  pen.globalAlpha = 1;
  pen.strokeStyle = mapColor("--accent");
  pen.lineWidth = 1.5;
  pen.strokeRect(x, y, right - x, bottom - y);
}

// The colors of figures by their classes, for the colors of the page that are in use.

const inks = new Map();

function mapColor(name) {
  if (!inks.has(name)) inks.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return inks.get(name);
}

function mapColors(group) {
  // A mark of a comparison decides the colors of the figure in it.
  const parent = group.parentNode.parentNode;
  const name = parent.matches(".mark") ? `${classesOf(group)} in ${parent.getAttribute("class")}` : classesOf(group);
  if (!inks.has(name)) {
    const style = getComputedStyle(group.querySelector(":scope > .edge, :scope > .box"));
    inks.set(name, { fill: style.fill, edge: style.stroke });
  }
  return inks.get(name);
}

/** Forget the colors, because those of the page have changed. */
function forgetColors() {
  inks.clear();
  update();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", forgetColors);

// The map scrolls to the point of a press, unless the press is on the visible part. A drag moves the visible part.

let grip = null;

function startDrag(event) {
  if (event.button || !place) return;
  canvas.setPointerCapture(event.pointerId);
  const at = pointIn(event), { visible, factor } = place;
  const beyond = { x: at.x - part().x - visible.width / 2, y: at.y - part().y - visible.height / 2 };
  const isOutside = Math.abs(beyond.x) > visible.width / 2 || Math.abs(beyond.y) > visible.height / 2;
  if (isOutside) {
    current.viewport.scrollBy({ left: beyond.x / factor, top: beyond.y / factor, behavior: "instant" });
    drawMap(current, visibleArea(current));
  }
  grip = { x: at.x - part().x, y: at.y - part().y };
}

function drag(event) {
  if (!grip) return;
  const at = pointIn(event), { viewport } = current, { visible, width, height } = place;
  viewport.scrollTo({
    left: fraction(at.x - grip.x, width - visible.width) * (viewport.scrollWidth - viewport.clientWidth),
    top: fraction(at.y - grip.y, height - visible.height) * (viewport.scrollHeight - viewport.clientHeight),
    behavior: "instant",
  });
}

/** Return the position of the pointer in the map. */
function pointIn(event) {
  const box = canvas.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

/** Return the position of the visible part in the map. */
function part() {
  return { x: place.visible.x - place.left, y: place.visible.y - place.top };
}

canvas.addEventListener("pointerdown", startDrag);
canvas.addEventListener("pointermove", drag);
for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { grip = null; });
