// Logs of instances: their entries, with their rows in the table and their figures in the picture.

/** The log of an instance. Times are in milliseconds from `origin`. */
class InstanceLog {
  constructor(picture, { identity, origin, scale, signs, entries, figures }) {
    Object.assign(this, { picture, origin, scale, signs });
    this.header = find(`${identity}.instance`);
    this.table = find(`${identity}.log`);
    const rows = this.table ? [...this.table.querySelectorAll("tbody tr")] : [];
    this.entries = entries.map(([name, kind, state, start, end, error, [count, ...attempts], places], index) => ({
      log: this, name, kind, state, start, end, error, row: rows[index],
      attempts: attempts.map(([from, to, succeeded, message], at) => (
        { number: count - attempts.length + at + 1, start: from, end: to, succeeded, error: message })),
      places: places.map(([figure, calls, passes]) => ({
        figure: figures[figure],
        calls: calls.map((call) => figures[call]),
        passes: passes.map(([loop, number]) => ({ loop: figures[loop], number })),
      })),
    }));
    this.byRow = new Map(this.entries.map((entry) => [entry.row, entry]));
    this.byFigure = new Map();
    for (const entry of this.entries) {
      for (const figure of new Set(entry.places.map((place) => place.figure))) {
        if (!this.byFigure.has(figure)) this.byFigure.set(figure, []);
        this.byFigure.get(figure).push(entry);
      }
    }
  }

  /** Return the entries at a step, or inside another node, in the order in which they began. */
  entriesOf(group) {
    if (group.matches(".step")) return this.byFigure.get(group.id) ?? [];
    const results = new Map();
    const isInside = ({ figure, calls }) => {
      const identities = [...calls, figure], key = identities.join();
      if (!results.has(key)) results.set(key, calls.includes(group.id) || identities.some((id) => isIn(id, group)));
      return results.get(key);
    };
    return this.entries.filter(({ places }) => places.some(isInside));
  }
}

/**
 * Return whether the node with an identity is inside a frame. The body of a function is drawn in one of its calls, but
 * its nodes are inside the frames of the body only.
 */
function isIn(identity, frame) {
  const node = find(identity), body = node?.parentNode.closest("g.function");
  const isInBody = !body || (body !== frame && body.contains(frame));
  return Boolean(node) && (node === frame || frame.contains(node)) && isInBody;
}

const isOpen = ({ end, state }) => end === null && state !== "done" && state !== "failed";
/** Whether the log determines the step of an entry. */
const isPlaced = ({ places }) => new Set(places.map(({ figure }) => figure)).size === 1;

const logs = JSON.parse(find("stepgraph.instances").textContent)
  .map((data, index) => data && new InstanceLog(pictures[index], data)).filter((log) => log);
const logOf = (picture) => logs.find((log) => log.picture === picture);

/** Return a measured time in its two largest units, as `phrases.elapsed_text` in Python does. */
function elapsed(milliseconds) {
  const units = [[86_400_000, 3_600_000, "d", "h"], [3_600_000, 60_000, "h", "min"], [60_000, 1000, "min", "s"]];
  for (const [size, smaller, unit, smallerUnit] of units) {
    if (milliseconds < size) continue;
    const rest = Math.floor((milliseconds % size) / smaller);
    return `${Math.floor(milliseconds / size).toLocaleString("en")} ${unit}${rest ? ` ${rest} ${smallerUnit}` : ""}`;
  }
  if (milliseconds < 1000) return `${Math.max(0, milliseconds)} ms`;
  const tenths = Math.floor(milliseconds / 100);
  return tenths >= 100 || tenths % 10 === 0 ? `${Math.floor(tenths / 10)} s` : `${tenths / 10} s`;
}

/** Return the time of day in UTC with milliseconds, and with the date in a log of several days. */
function clock({ origin, scale }, time) {
  const [first, last, iso] = [0, scale.at(-1)?.[1] ?? 0, time].map((each) => new Date(origin + each).toISOString());
  return first.slice(0, 10) === last.slice(0, 10) ? iso.slice(11, 23) : iso.slice(5, 23).replace("T", " ");
}

/** Return a time in the time zone of the reader. */
const localTime = (date) => `${date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" })}`;

for (const time of document.querySelectorAll(".instance time")) time.title = localTime(new Date(time.dateTime));
