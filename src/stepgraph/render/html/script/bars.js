// The list of workflows in place of the tabs, on narrow screens and wherever the tabs would need several rows.

const MAX_TABS = 6;

const chooser = make("select", { class: "chooser", "aria-label": "Workflow", change: () => {
  const picture = pictures.find(({ identity }) => identity === chooser.value);
  open(picture);
  remember(picture.identity);
} }, ...pictures.map(({ identity, name }) => make("option", { value: identity }, name || "no name")));
