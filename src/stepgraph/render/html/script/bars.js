// The bars of narrow screens: a list of the workflows in place of the tabs, and a search that opens on demand. Wide
// screens have the list, too, if the tabs would need several rows.

const MAX_TABS = 6;

const chooser = make("select", { class: "chooser", "aria-label": "Workflow", change: () => {
  const picture = pictures.find(({ identity }) => identity === chooser.value);
  open(picture);
  remember(picture.identity);
} }, ...pictures.map(({ identity, name }) => make("option", { value: identity }, name || "no name")));

const finder = button(make("span", { class: "magnifier" }), "Find a step (/)",
  () => showSearch(!document.body.matches(".searching")), { class: "finder", "aria-expanded": "false" });

/** Show or hide the search, which wide screens always show. */
function showSearch(isShown) {
  document.body.classList.toggle("searching", isShown);
  finder.setAttribute("aria-expanded", String(isShown));
  if (isShown) field.select();
}

field.addEventListener("keydown", (event) => { if (event.key === "Escape") showSearch(false); });
field.addEventListener("blur", () => { if (!field.value) showSearch(false); });
