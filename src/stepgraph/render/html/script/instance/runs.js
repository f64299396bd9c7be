// The runs of a step, and of the steps inside another node, in the details.

const MAX_RUNS = 50;

/** Return the section of a node with its runs, or nothing for a node without any. */
function runsOf(group) {
  const log = logOf(current);
  if (!log) return [];
  const all = log.entriesOf(group), entries = all.filter(isChosen);
  if (!all.length) return [];
  const chooser = all.some(({ places }) => places.some(({ passes }) => passes.some(({ loop }) => loop === group.id)))
    ? passChooser(log, group.id) : [];
  const shown = entries.slice(-MAX_RUNS);
  const heading = group.matches(".step") ? "Runs" : "Log entries inside";
  return [
    make("h3", {}, `${heading} (${entries.length})`),
    ...chooser,
    ...(shown.length < entries.length ? [make("p", { class: "more" }, `The last ${shown.length} of them:`)] : []),
    make("table", { class: "runs" },
      make("caption", { class: "said" }, heading),
      make("thead", { class: "said" }, make("tr", {},
        ...["Entry", "State", "Started", "Took"].map((name) => make("th", { scope: "col" }, name)))),
      ...shown.map((entry) => runRows(entry, group))),
  ];
}

/** Return the rows of an entry: its name, where it ran, its state and times, and its attempts and errors. */
function runRows(entry, group) {
  const { log, name, state, start, end, attempts, error } = entry, click = () => visitEntry(entry, { focuses: true });
  const link = make("button", { type: "button", class: "link", click }, name);
  const remarks = [...contextOf(entry, group), ...(isPlaced(entry) ? [] : ["may be another step"])];
  const about = remarks.length ? [make("span", { class: "remark" }, remarks.join(" · "))] : [];
  const failures = error && !attempts.length ? [errorRow(error)] : [];
  return make("tbody", {},
    make("tr", {},
      make("th", { scope: "row" }, link, ...about),
      make("td", {}, make("span", { class: `run-state is-${state}` }, state)),
      make("td", {}, ...(start === null ? [] : [timeText(log, start)])),
      make("td", { class: "number" }, ...(start === null || end === null ? [] : [elapsed(end - start)]))),
    ...attempts.flatMap((attempt) => attemptRows(log, attempt)),
    ...failures);
}

function attemptRows(log, { number, start, end, succeeded, error }) {
  const state = succeeded === null ? "running" : succeeded ? "done" : "failed";
  return [
    make("tr", { class: "attempt" },
      make("th", { scope: "row" }, `attempt ${number}`),
      make("td", {}, make("span", { class: `run-state is-${state}` }, state)),
      make("td", {}, ...(start === null ? [] : [timeText(log, start)])),
      make("td", { class: "number" }, ...(start === null || end === null ? [] : [elapsed(end - start)]))),
    ...(error ? [errorRow(error)] : []),
  ];
}

const errorRow = (error) => make("tr", { class: "run-error" }, make("td", { colspan: 4 }, make("code", {}, error)));

const timeText = (log, time) => make("span", { title: localTime(new Date(log.origin + time)) }, clock(log, time));

/** Return the passes of the loops around an entry, and its call if there are several. */
function contextOf({ log, places }, group) {
  const { figure, passes, calls } = places.find((place) => place.figure === group.id) ?? places[0];
  const inPasses = passes.filter(({ loop }) => find(loop)).map(({ loop, number }) => {
    const loops = passes.length > 1 ? ` of ${nodeLabel(find(loop))}` : "";
    return number === null ? `unknown pass${loops}` : `pass ${number}${loops}`;
  });
  const call = calls.at(-1), others = log.byFigure.get(figure).flatMap((entry) => entry.places);
  const hasCalls = find(call) && call !== group.id && others.some((place) => place.calls.at(-1) !== call);
  return hasCalls ? [...inPasses, `called at ${nodeLabel(find(call))}`] : inPasses;
}

// Functions of other parts are extended here, so that pages without an instance do not contain calls of this part.
const detailsOfNode = details;
details = (group) => {
  const parts = detailsOfNode(group), runs = make("section", { class: "run-list" }, ...runsOf(group));
  return runs.childElementCount ? [...parts.slice(0, 2), runs, ...parts.slice(2)] : parts;
};

passWatchers.push(() => {
  if (selected) refreshPasses(panel, details(selected));
});
