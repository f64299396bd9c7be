// The toolbar.

const STEP = 1.25;
const zoomBy = (factor) => current.svg && current.zoom(current.scale * factor);
const actions = {
  "+": () => zoomBy(STEP),
  "=": () => zoomBy(STEP),
  "-": () => zoomBy(1 / STEP),
  0: () => current.svg && current.zoom(1),
  f: () => current.svg && current.fit(),
  "/": () => field.select(),
  Escape: unselect,
};
const percent = button("100 %", "Zoom to 100 % (0)", actions[0], { class: "zoom", "aria-keyshortcuts": "0" });
const tools = make(
  "div",
  { class: "tools", role: "group", "aria-label": "Picture" },
  make("div", { class: "group search" }, field, count, previous, next),
  make("div", { class: "group" },
    make("button", { click: () => current.foldAll(true) }, "Fold all"),
    make("button", { click: () => current.foldAll(false) }, "Unfold all")),
  make("div", { class: "group" },
    button("−", "Zoom out (-)", actions["-"], { "aria-keyshortcuts": "-" }), percent,
    button("+", "Zoom in (+)", actions["+"], { "aria-keyshortcuts": "+" }),
    make("button", { title: "Show all of it (f)", "aria-keyshortcuts": "f", click: actions.f }, "Fit")),
);

document.addEventListener("keydown", (event) => {
  const isTyping = event.target === field || event.ctrlKey || event.metaKey || event.altKey;
  if (isTyping || event.defaultPrevented || !Object.hasOwn(actions, event.key)) return;
  event.preventDefault();
  actions[event.key]();
});
