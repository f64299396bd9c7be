// The toolbar.

const STEP = 1.25;
const zoomBy = (factor) => current.svg && current.zoom(current.scale * factor);
const actions = {
  "+": () => zoomBy(STEP),
  "=": () => zoomBy(STEP),
  "-": () => zoomBy(1 / STEP),
  0: () => current.svg && current.zoom(1),
  f: () => current.svg && current.fit(),
  "/": openPalette,
  "?": () => help.show(),
  n: () => visitHit(here + 1),
  N: visitPrevious,
  m: () => showMap(!isMapShown),
  "[": () => step(-1),
  "]": () => step(1),
  // Some keyboards have no key for brackets.
  k: () => step(-1),
  j: () => step(1),
  Escape: () => (selected ? unselect() : forget()),
};
// The scale is the accessible name, and the title only describes the button: a name must contain the visible text.
const percent = make("button", { type: "button", title: "Zoom to 100 % (0)", class: "zoom", "aria-keyshortcuts": "0",
  click: actions[0] }, "100 %");
const tools = make(
  "div",
  { class: "tools", role: "group", "aria-label": "Picture" },
  finder,
  make("div", { class: "group" },
    make("button", { type: "button", click: () => current.foldAll(true) }, "Fold all"),
    make("button", { type: "button", click: () => current.foldAll(false) }, "Unfold all")),
  make("div", { class: "group" },
    button("−", "Zoom out (-)", actions["-"], { "aria-keyshortcuts": "-" }), percent,
    button("+", "Zoom in (+)", actions["+"], { "aria-keyshortcuts": "+" }),
    make("button", { type: "button", title: "Show the whole picture (f)", "aria-keyshortcuts": "f", click: actions.f }, "Fit")),
  make("div", { class: "group" }, helper),
  menu,
);

document.addEventListener("keydown", (event) => {
  const isChord = event.ctrlKey || event.metaKey;
  const key = isChord && event.key.toLowerCase() === "k" ? "/" : event.key;
  const isElsewhere = event.target.closest?.("dialog[open], input, select, textarea") || event.altKey || (isChord && key !== "/");
  if (isElsewhere || event.defaultPrevented || !Object.hasOwn(actions, key)) return;
  event.preventDefault();
  actions[key]();
});
