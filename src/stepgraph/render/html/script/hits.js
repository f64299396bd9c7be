// The results of the search in the pictures, which stay highlighted after the dialog is closed.

let hits = [], here = -1;

/** Highlight results in place of the previous ones. */
function mark(matches) {
  for (const { entry } of hits) entry.group.classList.remove("is-hit", "is-here");
  hits = matches;
  here = -1;
  for (const { entry } of hits) entry.group.classList.add("is-hit");
  tellHits();
}

/** Go to a result, counted from the end if negative. */
function visitHit(index) {
  if (!hits.length) return;
  hits[here]?.entry.group.classList.remove("is-here");
  here = (index + hits.length) % hits.length;
  const { group } = hits[here].entry;
  group.classList.add("is-here");
  visit(group);
  tellHits();
}

const visitPrevious = () => visitHit(Math.max(here, 0) - 1);

function forget() {
  field.value = "";
  mark([]);
}

// The button that opens the search, and buttons for the next and the previous result.

const opener = make("button", { type: "button", class: "opener", title: `Search (/ or ${CHORD})`,
  "aria-keyshortcuts": "/ Control+K Meta+K", "aria-haspopup": "dialog", click: openPalette });
const walk = [
  button("‹", "Previous result (Shift+N)", visitPrevious, { "aria-keyshortcuts": "Shift+N" }),
  button("›", "Next result (N)", () => visitHit(here + 1), { "aria-keyshortcuts": "N" }),
  button("×", "Clear the search (Esc)", forget),
];
const finder = make("div", { class: "group finder" }, opener, ...walk);

function tellHits() {
  const query = field.value.trim();
  const position = hits.length && here >= 0 ? `${here + 1} of ${hits.length}` : `${hits.length}`;
  const [text, end] = query ? [query, make("output", {}, position)] : ["Search", ...keys("/")];
  opener.replaceChildren(make("span", { class: "magnifier" }), make("span", { class: "words" }, text), end);
  for (const one of walk) one.hidden = !query;
  walk[0].disabled = walk[1].disabled = !hits.length;
  update();
}
