// The positions of cards and frames in a picture, in pixels at a scale of 1. They change by folding only.

/** Return the cards and frames in an area, in document order. A folded frame is a card. */
function figuresIn(picture, area) {
  return picture.regions.within(area).map((at) => figureAt(picture, at)).filter((figure) => figure);
}

/** Return the figure of a group by its index, or null for a group without one. */
function figureAt(picture, at) {
  if (at < 0) return null;
  if (!picture.figures.has(at)) picture.figures.set(at, newFigure(picture, at));
  return picture.figures.get(at);
}

function newFigure(picture, at) {
  const { regions, nodes, folded } = picture, box = regions.figureAt(at), group = regions.groups[at];
  if (!box) return null;
  let enclosing = regions.parents[at];
  while (enclosing >= 0 && !regions.figureAt(enclosing)) enclosing = regions.parents[enclosing];
  const parent = figureAt(picture, enclosing), isFrame = regions.isFrame(at) && !folded.has(group.id);
  const band = isFrame && childOf(group, "band") ? bandOf(group) : 0;
  return { group, isFrame, parent, depth: parent ? parent.depth + 1 : 0, band, fact: nodes.get(group.id), ...box };
}

/** Return whether a figure is inside a frame. */
function isInside(figure, frame) {
  let at = figure.parent;
  while (at && at.depth > frame.depth) at = at.parent;
  return at === frame;
}

/** Return the name of a figure: that of its node, or the words on it. */
function label({ group, fact }) {
  if (fact) return fact.name;
  return [...group.querySelectorAll(":scope > text > tspan")].map(({ textContent }) => textContent).join(" ");
}

/** Return the classes of a group that determine its colors. */
const classesOf = (group) => group.getAttribute("class").replace(/\b(frame|foldable|is-[a-z]+)\b/g, "").trim();

/** Return a copy of the icon of a figure, which may be empty, for a button or a list. */
function iconOf(group) {
  const path = group.querySelector(":scope > .icon")?.cloneNode();
  path?.removeAttribute("transform");
  const colors = draw("g", { class: classesOf(group) }, ...(path ? [path] : []));
  const size = { viewBox: "0 0 16 16", width: 16, height: 16 };
  return draw("svg", { class: "stepgraph symbol", ...size, "aria-hidden": "true" }, colors);
}

const ruler = document.createElement("canvas").getContext("2d");
const widths = new Map();

/** Return the width of a bold text in pixels. */
function textWidth(text, size) {
  const key = `${size} ${text}`;
  if (!widths.has(key)) {
    ruler.font = `bold ${size}px "Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif`;
    widths.set(key, ruler.measureText(text).width);
  }
  return widths.get(key);
}
