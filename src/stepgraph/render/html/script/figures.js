// The positions of cards and frames in a picture, in pixels at a scale of 1. They change by folding only.

/** Return the cards and frames that no folded frame hides, in document order. A folded frame is a card. */
function figures(picture) {
  picture.figures ??= measureFigures(picture);
  return picture.figures;
}

function measureFigures({ svg, scale, nodes, folded }) {
  const origin = svg.getBoundingClientRect();
  const byGroup = new Map();
  for (const edge of svg.querySelectorAll(".box, .edge")) {
    const group = edge.parentNode, box = edge.getBoundingClientRect();
    if (!box.width) continue;
    const isFrame = edge.matches(".edge") && !folded.has(group.id);
    const figure = byGroup.get(group) ?? { group, isFrame, parent: null, depth: 0, band: 0, fact: nodes.get(group.id) };
    // A stacked figure has two edges, and the one behind comes first.
    figure.left = (box.left - origin.left) / scale;
    figure.top = (box.top - origin.top) / scale;
    figure.width = box.width / scale;
    figure.height = box.height / scale;
    byGroup.set(group, figure);
  }
  for (const figure of byGroup.values()) {
    figure.parent = parentOf(figure.group, byGroup, svg);
    figure.depth = figure.parent ? figure.parent.depth + 1 : 0;
    const band = figure.isFrame && figure.group.querySelector(":scope > .band");
    if (band) figure.band = Number(band.getAttribute("d").match(/^M-?\d+ (\d+)/)[1]);
  }
  return [...byGroup.values()];
}

function parentOf(group, byGroup, svg) {
  let at = group.parentNode;
  while (at !== svg && !byGroup.has(at)) at = at.parentNode;
  return byGroup.get(at) ?? null;
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
