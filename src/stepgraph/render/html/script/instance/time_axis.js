// The time axis of the table. A range of it can fill the width of the bars.

const NARROWEST_RANGE = 1e-5;
const TICK_ROOM = 76;
const DAY = 86_400_000;
const TICK_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000,
  300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 43_200_000, DAY, 7 * DAY, 30 * DAY];

/** Return the controls of the axis of a log, which is at first shown from its beginning to its end. */
function timeTools(log) {
  Object.assign(log, { range: [0, 1], axis: log.table.querySelector(".axis"), bars: barsOf(log) });
  log.axis.title = "Drag to zoom, double-click to show everything";
  letSelectRange(log);
  const zoom = (factor) => () => zoomRange(log, factor);
  log.wholeRange = make("button", { type: "button", title: "Show the whole time", disabled: "",
    click: () => showRange(log, 0, 1) }, "All");
  return [make("div", { class: "group", role: "group", "aria-label": "Time axis" },
    button("−", "Zoom out of the time axis", zoom(2)), button("+", "Zoom into the time axis", zoom(0.5)),
    log.wholeRange)];
}

/** Return the bars of all rows with their positions on the axis. */
function barsOf({ table }) {
  return [...table.querySelectorAll(".bars rect")].map((rect) => {
    const [x, width] = ["x", "width"].map((name) => Number.parseFloat(rect.getAttribute(name)) / 100);
    return { rect, x, width };
  });
}

/** Show a range of the axis. Positions on the axis are from 0 to 1. */
function showRange(log, from, to) {
  const length = Math.min(1, Math.max(NARROWEST_RANGE, to - from));
  const begin = Math.min(1 - length, Math.max(0, from));
  log.range = [begin, begin + length];
  for (const { rect, x, width } of log.bars) {
    // Browsers do not draw bars with very large coordinates.
    const [left, right] = [x, x + width].map((at) => Math.min(2, Math.max(-1, (at - begin) / length)));
    rect.setAttribute("x", `${(100 * left).toFixed(2)}%`);
    rect.setAttribute("width", `${(100 * (right - left)).toFixed(2)}%`);
  }
  log.wholeRange.disabled = length === 1;
  log.tickWidth = 0;
  update();
}

/** Zoom around the current row or, without one, around the middle. */
function zoomRange(log, factor) {
  const [from, to] = log.range, bar = log.bars.find(({ rect }) => currentRow?.contains(rect));
  const middle = bar && factor < 1 ? bar.x + bar.width / 2 : (from + to) / 2;
  const half = ((to - from) * factor) / 2;
  showRange(log, middle - half, middle + half);
}

/** Let the pointer select a range of the axis. */
function letSelectRange(log) {
  const { axis } = log, selection = make("span", { class: "selection", hidden: "" });
  const at = ({ clientX }) => {
    const box = axis.getBoundingClientRect();
    return Math.min(1, Math.max(0, (clientX - box.left) / box.width));
  };
  let start = null;
  axis.append(selection);
  axis.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    axis.setPointerCapture(event.pointerId);
    start = at(event);
  });
  axis.addEventListener("pointermove", (event) => {
    if (start === null) return;
    const [left, right] = [start, at(event)].sort((one, other) => one - other);
    selection.hidden = false;
    Object.assign(selection.style, { left: `${100 * left}%`, width: `${100 * (right - left)}%` });
  });
  axis.addEventListener("pointerup", (event) => {
    if (start === null) return;
    const [left, right] = [start, at(event)].sort((one, other) => one - other), [from, to] = log.range;
    const isDrag = (right - left) * axis.clientWidth > 4;
    start = null;
    selection.hidden = true;
    if (isDrag) showRange(log, from + left * (to - from), from + right * (to - from));
  });
  axis.addEventListener("pointercancel", () => { start = null; selection.hidden = true; });
  axis.addEventListener("dblclick", () => showRange(log, 0, 1));
}

// The labels of the axis, which depend on its width.

followers.push((picture) => {
  const log = logOf(picture);
  if (!log?.table?.open) return;
  const scale = log.table.querySelector(".scale"), width = scale.clientWidth;
  if (!width || log.tickWidth === width) return;
  log.tickWidth = width;
  scale.replaceChildren(...ticks(log, width));
});

/** Return the shortened pieces with their lengths, and marks with times in UTC in the other pieces. */
function ticks(log, width) {
  const [from, to] = log.range, place = (position) => ((position - from) / (to - from)) * width;
  const drawn = [];
  for (const [start, end, begin, until, isShortened] of log.scale) {
    const left = Math.max(0, place(begin)), right = Math.min(width, place(until));
    if (right <= left) continue;
    const perPixel = (end - start) / (place(until) - place(begin));
    if (isShortened) drawn.push(...restMark(elapsed(end - start), left, right));
    else drawn.push(...timeMarks(log, { start, x: place(begin), perPixel }, left, right));
  }
  return drawn;
}

function restMark(text, left, right) {
  const box = draw("rect", { class: "idle", x: left, width: right - left });
  const hasRoom = right - left > textWidth(text, 10) + 4;
  return hasRoom ? [box, draw("text", { class: "length", x: (left + right) / 2, y: 13 }, text)] : [box];
}

/** Return marks at round times between two positions of a piece that begins with the time `start` at `x`. */
function timeMarks({ origin }, { start, x, perPixel }, left, right) {
  const step = TICK_STEPS.find((one) => one / perPixel >= TICK_ROOM);
  if (!step) return [];
  const at = (time) => x + (time - origin - start) / perPixel, marks = [];
  const first = Math.ceil((origin + start + (left - x) * perPixel) / step) * step;
  for (let time = first; at(time) < right; time += step) {
    const text = markText(time, step);
    if (at(time) + textWidth(text, 10) + 6 > right) break;
    marks.push(draw("path", { class: "tick", d: `M${at(time).toFixed(1)} 3v12` }),
      draw("text", { x: (at(time) + 3).toFixed(1), y: 13 }, text));
  }
  return marks;
}

/** Return a time in UTC, as exactly as the distance between marks needs. */
function markText(time, step) {
  const iso = new Date(time).toISOString();
  if (step >= DAY) return iso.slice(5, 10);
  return iso.slice(11, step >= 60_000 ? 16 : step >= 1000 ? 19 : 23);
}
