// Search in all workflows, starting with the open one.

const field = make("input", { type: "search", placeholder: "Find a step", "aria-label": "Find a step",
  title: "Find (/)", "aria-keyshortcuts": "/", spellcheck: "false", autocomplete: "off" });
const count = make("output", { "aria-live": "polite", hidden: "" });
const previous = button("‹", "Previous (Shift+Enter)", () => go(here - 1), { hidden: "" });
const next = button("›", "Next (Enter)", () => go(here + 1), { hidden: "" });
let hits = [], here = 0;

function search() {
  for (const one of hits) one.classList.remove("is-hit", "is-here");
  const text = field.value.trim().toLowerCase();
  const first = pictures.indexOf(current);
  const order = [...pictures.slice(first), ...pictures.slice(0, first)];
  const matches = (one) => ({ id }) => one.nodes.get(id).found && one.nodes.get(id).name.toLowerCase().includes(text);
  hits = text ? order.flatMap((one) => one.groups.filter(matches(one))) : [];
  for (const one of hits) one.classList.add("is-hit");
  count.textContent = text && !hits.length ? "none" : "";
  for (const one of [count, previous, next]) one.hidden = !text;
  go(0);
}

function go(index) {
  if (!hits.length) return;
  hits[here]?.classList.remove("is-here");
  here = (index + hits.length) % hits.length;
  const group = hits[here], picture = owner(group.id);
  group.classList.add("is-here");
  count.textContent = `${here + 1} of ${hits.length}`;
  if (picture !== current) open(picture);
  picture.reveal(group);
  if (!panel.hidden) select(group);
}

field.addEventListener("input", search);
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter") go(here + (event.shiftKey ? -1 : 1));
  if (event.key !== "Escape") return;
  event.stopPropagation();
  const group = hits[here];
  field.value = "";
  search();
  field.blur();
  if (group) focus(group);
});
