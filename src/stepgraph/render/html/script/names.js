// Names in a picture that is too small to read: as large as other text of the page, where there is room for them.

const READABLE_FROM = 0.45;
const NAME_SIZE = 11;
const NAME_HEIGHT = 10;
const WIDEST = 200;
const SHORTEST = 30;

/** Show names in place of the texts of a small picture, for its scale and its folded frames. */
function nameAll(picture, area) {
  const { svg, scale } = picture;
  // A gesture scales the names with the picture. Placing them again takes longer than a frame.
  if (!svg || picture.gesture) return;
  const isSmall = scale < READABLE_FROM;
  svg.classList.toggle("is-small", isSmall);
  if (!isSmall) return;
  const basis = [scale, picture.figures, ...sides(picture, area)];
  if (!picture.names || basis.some((one, index) => one !== picture.names.basis[index])) {
    picture.names?.group.remove();
    picture.names = { basis, all: placedNames(picture, area), group: svg.appendChild(namesGroup(scale)), from: 0, to: 0 };
  }
  drawNamesNear(picture, area);
}

/** Return the room in pixels on the left and on the right of a picture in its viewport, into which names may extend. */
function sides({ svg, scale, viewport }, { x, width }) {
  const before = x + viewport.scrollLeft;
  const after = width - before - Number(svg.getAttribute("width")) * scale;
  return [before, after].map((room) => Math.max(0, Math.round(room) - 8));
}

function namesGroup(scale) {
  const group = draw("g", { class: "names", "aria-hidden": "true" });
  group.style.fontSize = `${NAME_SIZE / scale}px`;
  group.style.strokeWidth = `${3 / scale}px`;
  return group;
}

/** Draw the names in and near the visible part, unless they are drawn. Texts are slow to lay out. */
function drawNamesNear({ names, scale }, { y, height }) {
  const isDrawn = names.from <= -y && names.to >= height - y;
  if (isDrawn) return;
  [names.from, names.to] = [-y - height, 2 * height - y];
  const near = names.all.filter((name) => name.y > names.from && name.y < names.to);
  names.group.replaceChildren(...near.map((name) => drawnName(name, scale)));
}

function drawnName({ figure, text, from, to, y }, scale) {
  const { isFrame, group } = figure;
  const position = { x: ((isFrame ? from : (from + to) / 2) / scale).toFixed(1), y: ((y + 4) / scale).toFixed(1) };
  const words = draw("tspan", { class: isFrame ? "heading" : "name" }, text);
  const element = draw("text", { ...position, "text-anchor": isFrame ? "start" : "middle" }, words);
  return draw("g", { class: classesOf(group) }, element);
}

/** Return the names for which there is room, at their positions in pixels of the screen. Names of outer figures win. */
function placedNames(picture, area) {
  const { scale } = picture;
  const candidates = figuresIn(picture, EVERYWHERE).filter((figure) => label(figure) && (figure.band || !figure.isFrame));
  candidates.sort((one, other) => priority(one) - priority(other));
  const cards = new Rows(), labels = new Rows(), placed = [];
  for (const { isFrame, left, top, width, height } of candidates) {
    if (!isFrame) cards.add(left * scale, (left + width) * scale, (top + height / 2) * scale);
  }
  const [before, after] = sides(picture, area), edges = [-before, Number(picture.svg.getAttribute("width")) * scale + after];
  for (const figure of candidates) {
    const name = fitted(figure, scale, edges, { cards, labels });
    if (!name || labels.isTaken(name.from, name.to, name.y)) continue;
    labels.add(name.from, name.to, name.y);
    placed.push(name);
  }
  return placed;
}

/** Frames win against cards at the same depth, and branch conditions come last. */
function priority({ isFrame, fact, depth }) {
  return fact || isFrame ? 2 * depth + (isFrame ? 0 : 1) : 1000 + depth;
}

/** Return the name of a figure, cut to the room between cards and other names, or null if there is too little. */
function fitted(figure, scale, [first, last], { cards, labels }) {
  const { isFrame, left, top, width, height, band } = figure;
  const from = left * scale, to = from + width * scale;
  const y = (top + (isFrame ? band : height) / 2) * scale;
  const text = label(figure);
  const natural = Math.min(WIDEST, textWidth(text, NAME_SIZE) + 2);
  const next = cards.next(to, y), previous = cards.previous(from, y);
  // Beside another card, the names of both share the space between them.
  const half = { after: next === undefined ? last - to : (next - to) / 2,
    before: previous === undefined ? from - first : (from - previous) / 2 };
  const after = Math.min(half.after, (labels.next(from, y) ?? last) - to);
  const before = Math.min(half.before, from - (labels.previous(to, y) ?? first));
  const room = Math.min(natural, to - from - GAP + (isFrame ? after : 2 * Math.min(before, after)));
  if (room < Math.min(natural, SHORTEST)) return null;
  const begin = isFrame ? from + 3 : (from + to - room) / 2;
  return { text: cut(text, room), figure, from: begin, to: begin + room, y };
}

/** Return the longest start of a text that fits, with an ellipsis if it is cut. */
function cut(text, room) {
  if (textWidth(text, NAME_SIZE) <= room) return text;
  let length = Math.floor((text.length * room) / textWidth(text, NAME_SIZE));
  while (length > 1 && textWidth(`${text.slice(0, length)}…`, NAME_SIZE) > room) length -= 1;
  return `${text.slice(0, length).trimEnd()}…`;
}

/** Horizontal stretches by their y position on the screen. Stretches nearer than the height of a name are in one row. */
class Rows {
  constructor() {
    this.byRow = new Map();
  }

  add(from, to, y) {
    const row = Math.floor(y / NAME_HEIGHT);
    if (!this.byRow.has(row)) this.byRow.set(row, []);
    this.byRow.get(row).push({ from, to, y });
  }

  near(y) {
    const row = Math.floor(y / NAME_HEIGHT);
    const stretches = [row - 1, row, row + 1].flatMap((one) => this.byRow.get(one) ?? []);
    return stretches.filter((one) => Math.abs(one.y - y) < NAME_HEIGHT);
  }

  isTaken(from, to, y) {
    return this.near(y).some((one) => one.from < to && one.to > from);
  }

  /** Return the begin of the nearest stretch to the right of `x`, if any. */
  next(x, y) {
    return this.near(y).map(({ from }) => from).filter((from) => from > x).sort((one, other) => one - other)[0];
  }

  /** Return the end of the nearest stretch to the left of `x`, if any. */
  previous(x, y) {
    return this.near(y).map(({ to }) => to).filter((to) => to < x).sort((one, other) => other - one)[0];
  }
}
