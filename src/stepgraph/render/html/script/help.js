// The list of all shortcuts.

const keys = (...names) => names.map((name) => make("kbd", {}, name));

const CHORD = /Mac|iP/.test(navigator.platform) ? "⌘K" : "Ctrl-K";
const SHORTCUTS = {
  Search: [
    [["/", CHORD], "Search in all workflows"],
    [["N", "Shift-N"], "Next and previous result"],
    [["Esc"], "Close the details, then clear the search"],
  ],
  Nodes: [
    [["↑", "↓"], "Previous and next node"],
    [["→", "←"], "Unfold or go inside; fold or go outside"],
    [["Home", "End"], "First and last node"],
    [["Enter"], "Show the details of a step; fold or unfold a frame"],
    [["[", "]"], "Show the details of the previous and next node; also K and J"],
    [["I"], "Show the details of a step or a frame"],
  ],
  Picture: [
    [["+", "-"], "Zoom in and out; also Ctrl and the wheel"],
    [["0"], "Zoom to 100 %"],
    [["F"], "Show the whole picture"],
    [["M"], "Show or hide the map"],
    [["?"], "Show this list"],
  ],
};

const help = modal({ class: "help", "aria-labelledby": "shortcuts.name" },
  make("header", {}, make("h2", { id: "shortcuts.name" }, "Keyboard shortcuts"),
    button("×", "Close (Esc)", () => help.close(), { class: "round" })),
  ...Object.entries(SHORTCUTS).flatMap(([heading, rows]) => [
    make("h3", {}, heading),
    make("dl", {}, ...rows.flatMap(([names, meaning]) => [make("dt", {}, ...keys(...names)), make("dd", {}, meaning)])),
  ]));

const helper = button("?", "Keyboard shortcuts (?)", () => help.show(),
  { class: "helper", "aria-keyshortcuts": "?", "aria-haspopup": "dialog" });
