// The search: a dialog with a field and a list of nodes, workflows and commands.

const SHOWN = 60;
const EXAMPLES = [
  ["kind:wait", "waits for events; also step, sleep, call, loop, parallel, if, try, return, raise"],
  ["retries:>5", "steps with more than 5 retries"],
  ["timeout:>10m", "timeouts above 10 minutes; also delay and duration, with s, m, h, d"],
  ["in:loop", "inside a loop; also any word of an enclosing frame"],
  ["event:approved", "waits for an event whose type contains “approved”"],
  ["file:orders.py", "nodes of a source file"],
];

const field = make("input", { type: "text", role: "combobox", placeholder: "Names, conditions, events, settings …",
  "aria-label": "Search", "aria-expanded": "false", "aria-controls": "search.results", "aria-autocomplete": "list",
  spellcheck: "false", autocomplete: "off", autocapitalize: "off", input: () => look() });
const results = make("div", { class: "results", role: "listbox", id: "search.results", "aria-label": "Results" });
const count = make("p", { class: "count", role: "status" });
const palette = modal({ class: "palette", "aria-label": "Search", keydown: onPaletteKey },
  make("div", { class: "query" }, field,
    make("button", { type: "button", class: "key", title: "Close", click: () => palette.close() }, "Esc")),
  results,
  make("footer", {}, count, make("p", { class: "hint" }, ...keys("↑", "↓"), " choose ", ...keys("Enter"), " go")));

let nodes = null, others = [], options = [], at = -1;

function openPalette() {
  if (palette.open) return;
  nodes ??= pictures.flatMap(entriesOf);
  // Equally good results of the open workflow come first.
  const order = ({ picture }) => (picture === current ? -1 : pictures.indexOf(picture));
  nodes.sort((one, other) => order(one) - order(other));
  others = [...workflowEntries(), ...commandEntries()];
  palette.show();
  field.select();
  look();
}

/** Show the results of the search in the list and in the pictures. */
function look() {
  const query = field.value.trim();
  mark(search(nodes, query));
  const all = [...hits, ...search(others, query)].sort((one, other) => one.rank - other.rank);
  const shown = all.slice(0, SHOWN);
  options = query ? shown.map(resultOf) : suggestions();
  results.replaceChildren(...options.map(({ element }) => element));
  results.scrollTop = 0;
  field.setAttribute("aria-expanded", String(options.length > 0));
  count.textContent = query ? counted(all.length, shown.length) : "Type any words of the picture, or a filter.";
  choose(all.length ? 0 : -1);
}

function counted(all, shown) {
  if (!all) return "No results";
  return `${all} ${all === 1 ? "result" : "results"}${shown < all ? `, of which ${shown} are listed` : ""}`;
}

function workflowEntries() {
  if (pictures.length === 1) return [];
  return pictures.map((picture) => otherEntry("workflow", picture.name, () => {
    open(picture);
    remember(picture.identity);
  }, picture));
}

/** Return the buttons of the toolbar as commands. */
function commandEntries() {
  const isCommand = (one) => !one.closest("[hidden]") && !finder.contains(one);
  const buttons = [...tools.querySelectorAll("button")].filter(isCommand);
  return buttons.map((one) => otherEntry("command", one.title || one.textContent, () => one.click(), { name: "" }));
}

function otherEntry(category, name, go, picture) {
  return { picture, group: null, fact: { name, category }, plain: plain(name), path: [], texts: [], visit: go };
}

/** Return what a search can be, as long as it is empty. */
function suggestions() {
  return [...EXAMPLES.map(exampleOf), ...others.map((entry, index) => resultOf({ entry }, EXAMPLES.length + index))];
}

function exampleOf([query, meaning], index) {
  const run = () => {
    field.value = query;
    field.focus();
    look();
  };
  return { run, element: option(index, run, make("code", {}, query), make("span", { class: "about" }, meaning)) };
}

function resultOf(hit, index) {
  const { entry, text } = hit, { picture, group, fact, path } = entry;
  const run = () => {
    palette.close();
    if (group) visitHit(hits.indexOf(hit));
    else entry.visit();
  };
  const words = parse(field.value).words;
  const about = path.length ? [make("span", { class: "where" }, path.map((one) => one.fact.name).join(" › "))] : [];
  if (text) about.push(make("span", { class: "why" }, `${text.label} `, ...marked(excerpt(text.text, words), words)));
  const context = group ? (pictures.length > 1 ? picture.name : "") : fact.category;
  const element = option(index, run, ...(group ? [iconOf(group)] : []),
    make("span", { class: "what" }, ...marked(fact.name || "no name", text ? [] : words)),
    make("span", { class: "context" }, context), ...(about.length ? [make("span", { class: "about" }, ...about)] : []));
  return { element, run };
}

function option(index, click, ...children) {
  return make("div", { role: "option", id: `search.option.${index}`, "aria-selected": "false", click,
    pointermove: () => choose(index, false) }, ...children);
}

/** Return a text from shortly before its first matching word. */
function excerpt(text, words) {
  const start = Math.max(0, ...words.slice(0, 1).map((word) => plain(text).indexOf(word)));
  return start > 60 ? `…${text.slice(start - 20)}` : text;
}

/** Return a text with its first occurrence of each word marked. */
function marked(text, words) {
  const flat = plain(text);
  // Without accents, a few texts have another length, so positions in them mean nothing.
  const starts = flat.length === text.length ? words.map((word) => [flat.indexOf(word), word.length]) : [];
  const parts = [];
  let end = 0;
  for (const [start, length] of starts.filter(([start]) => start >= 0).sort((one, other) => one[0] - other[0])) {
    if (start < end) continue;
    parts.push(text.slice(end, start), make("mark", {}, text.slice(start, start + length)));
    end = start + length;
  }
  return [...parts, text.slice(end)];
}

/** Make an option of the list the active one. */
function choose(index, isScrolled = true) {
  options[at]?.element.setAttribute("aria-selected", "false");
  at = index;
  const element = options[at]?.element;
  element?.setAttribute("aria-selected", "true");
  if (element) field.setAttribute("aria-activedescendant", element.id);
  else field.removeAttribute("aria-activedescendant");
  if (isScrolled) element?.scrollIntoView({ block: "nearest" });
}

function onPaletteKey(event) {
  const last = options.length - 1;
  const moves = {
    ArrowDown: () => choose(at >= last ? 0 : at + 1),
    ArrowUp: () => choose(at <= 0 ? last : at - 1),
    Enter: () => options[at]?.run(),
  };
  if (event.target !== field || event.isComposing || !Object.hasOwn(moves, event.key)) return;
  event.preventDefault();
  moves[event.key]();
}
