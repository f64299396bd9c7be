// The table of a log: its filter, its keyboard, and the links between its rows and the figures of the picture.

const FILTERS = {
  all: ["All", () => true],
  failed: ["Failed", ({ state }) => state === "failed"],
  retried: ["Retried", ({ attempts }) => attempts.length > 0],
  open: ["Open", isOpen],
};

let currentRow = null, lastSelected = null, litRows = [];

for (const log of logs) if (log.table) prepareTable(log);

function prepareTable(log) {
  if (matchMedia("(max-width:760px)").matches) log.table.open = false;
  log.filter = "all";
  log.filterButtons = Object.entries(FILTERS).map(([name, [text, isShown]]) => {
    const number = log.entries.filter(isShown).length;
    return make("button", { type: "button", "data-filter": name, "aria-pressed": String(name === "all"),
      click: () => filterRows(log, name), ...(number ? {} : { disabled: "" }) },
    `${text} ${number.toLocaleString("en")}`);
  });
  const filters = make("div", { class: "group filters", role: "group", "aria-label": "Entries" }, ...log.filterButtons);
  log.tools = make("div", { class: "log-tools" }, filters, ...timeTools(log));
  log.table.querySelector("summary").after(log.tools);
  log.table.append(splitter(log));
  // The links of a row are one stop for the keyboard, and arrow keys move between rows.
  for (const link of log.table.querySelectorAll("tbody a")) link.tabIndex = -1;
  landOnRow(log, log.entries[0].row);
  const rows = log.table.querySelector(".rows");
  rows.addEventListener("click", (event) => onRowClick(log, event));
  rows.addEventListener("keydown", (event) => onRowKey(log, event));
  rows.addEventListener("pointerover", ({ target }) => lightEntry(log, target.closest("tbody tr")));
  rows.addEventListener("pointerleave", () => light(null));
  rows.addEventListener("focusin", ({ target }) => lightEntry(log, target.closest("tbody tr")));
  rows.addEventListener("focusout", () => light(null));
}

/** Show the rows of a filter that are in the chosen passes. */
function filterRows(log, name = log.filter) {
  if (!log.table) return;
  log.filter = name;
  const [, isShown] = FILTERS[name];
  for (const entry of log.entries) entry.row.hidden = !isShown(entry) || !isChosen(entry);
  for (const one of log.filterButtons) one.setAttribute("aria-pressed", String(one.dataset.filter === name));
  const first = log.entries.find(({ row }) => !row.hidden);
  if (first && log.landed.hidden) landOnRow(log, first.row);
}

passWatchers.push((log) => filterRows(log));

// The keyboard.

function landOnRow(log, row) {
  if (log.landed) log.landed.querySelector(".row").tabIndex = -1;
  log.landed = row;
  row.querySelector(".row").tabIndex = 0;
}

function onRowKey(log, event) {
  const row = event.target.closest("tbody tr");
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const shown = log.entries.map((entry) => entry.row).filter((one) => !one.hidden), at = shown.indexOf(row);
  const [first, last, before, after] = [shown[0], shown.at(-1), shown[at - 1] ?? row, shown[at + 1] ?? row];
  const next = { ArrowDown: after, ArrowUp: before, Home: first, End: last }[event.key];
  if (event.key === " ") visitEntry(log.byRow.get(row));
  if (event.key === " " || next) event.preventDefault();
  if (!next) return;
  landOnRow(log, next);
  next.querySelector(".row").focus();
}

function onRowClick(log, event) {
  const row = event.target.closest("tbody tr"), link = event.target.closest("a");
  if (!row || (link && !link.matches(".row"))) return;
  if (!link && !getSelection().isCollapsed) return; // The text of a row can be selected.
  event.preventDefault();
  visitEntry(log.byRow.get(row));
}

// From a row to its figure.

/** Return the figure of an entry, or the folded frame that hides it. */
function figureOf({ log, places }) {
  const group = places.length ? find(places[0].figure) : null;
  return group && (log.picture.hiding(group) ?? group);
}

function lightEntry(log, row) {
  light(row ? figureOf(log.byRow.get(row)) : null);
}

/** Select an entry with its node. With `focuses`, the row is scrolled into view, and gets the focus. */
function visitEntry(entry, { focuses = false } = {}) {
  const { log, row, places } = entry;
  if (log.picture !== current) open(log.picture);
  if (row.hidden) showAllRows(log);
  const group = isPlaced(entry) && find(places[0].figure);
  if (group) {
    select(group);
    log.picture.reveal(group);
  } else {
    unselect();
  }
  lastSelected = selected;
  log.table.open = true;
  markRow(entry);
  landOnRow(log, row);
  // The details may cover the row.
  row.scrollIntoView({ block: focuses ? "center" : "nearest" });
  if (focuses) row.querySelector(".row").focus({ preventScroll: true });
  remember(row.id);
}

function showAllRows(log) {
  for (const loop of [...chosenPasses.keys()]) choosePass(log, loop, null);
  filterRows(log, "all");
}

function markRow(entry) {
  currentRow?.removeAttribute("aria-current");
  currentRow = entry?.row ?? null;
  currentRow?.setAttribute("aria-current", "true");
  for (const row of litRows) row.classList.remove("is-selected");
  litRows = selected && entry ? entry.log.entriesOf(selected).map(({ row }) => row) : [];
  for (const row of litRows) row.classList.add("is-selected");
}

// From a figure to its rows.

/** Mark the rows of a node that was selected in another way than by a row, and scroll to the first of them. */
followers.push((picture) => {
  const log = logOf(picture);
  if (!log || selected === lastSelected) return;
  lastSelected = selected;
  const entries = selected ? log.entriesOf(selected).filter(({ row }) => !row.hidden) : [];
  markRow(entries[0]);
  if (!selected) return;
  currentRow?.removeAttribute("aria-current");
  entries[0]?.row.scrollIntoView({ block: "nearest" });
});

for (const log of logs) {
  let hovered = [];
  const hover = (group) => {
    for (const row of hovered) row.classList.remove("is-lit");
    hovered = group?.matches(".step") ? log.entriesOf(group).map(({ row }) => row) : [];
    for (const row of hovered) row.classList.add("is-lit");
  };
  log.picture.viewport?.addEventListener("pointerover", ({ target }) => hover(nodeAt(target)));
  log.picture.viewport?.addEventListener("pointerleave", () => hover(null));
}

// Links to rows, in the header and in the address of the page.

/** Return the entry of a row, by the identity of the row. */
function entryOfRow(identity) {
  return logs.flatMap(({ entries }) => entries).find(({ row }) => row.id === identity);
}

function followRow() {
  const entry = entryOfRow(location.hash.slice(1));
  if (entry) visitEntry(entry, { focuses: true });
}

addEventListener("hashchange", followRow);
addEventListener("load", () => requestAnimationFrame(followRow));
document.querySelector("main").addEventListener("click", (event) => {
  const link = event.target.closest?.(".instance a.row");
  const entry = link && entryOfRow(link.getAttribute("href").slice(1));
  if (!entry) return;
  event.preventDefault();
  visitEntry(entry, { focuses: true });
});

// The picture and the table at first show where the instance is: the first node that the header names, and the last
// entry that is open or, of an instance that failed, the last failed entry. A step that was expected in place of an
// entry comes first.

afterOpen.push((picture) => {
  const log = logOf(picture);
  if (!log || log.wasShown || !picture.svg) return;
  log.wasShown = true;
  const link = log.header.querySelector(".banner .place") ?? log.header.querySelector(".place");
  const hasFailed = log.header.querySelector(".run-state.is-failed");
  const entry = log.entries.findLast(isOpen) ?? (hasFailed && log.entries.findLast(({ state }) => state === "failed"));
  const group = link ? find(link.getAttribute("href").slice(1)) : entry && figureOf(entry);
  if (group) picture.reveal(group);
  if (!entry) return;
  entry.row.scrollIntoView({ block: "nearest" });
  landOnRow(log, entry.row);
});

help.append(make("h3", {}, "Log"), make("dl", {},
  make("dt", {}, ...keys("↑", "↓")), make("dd", {}, "Previous and next entry; also Home and End"),
  make("dt", {}, ...keys("Enter")), make("dd", {}, "Show the node of an entry and its details")));
