// Comparisons: the list of changes, the next and the previous change, and the versions of a workflow.

const versions = ["before", "merged", "after"];
const compared = JSON.parse(find("stepgraph.changes").textContent).map((entry, index) => {
  const shown = { merged: { picture: pictures[index], places: entry.places } };
  for (const { name, places, data } of entry.versions) {
    shown[name] = { picture: new Picture(data), places };
    shown[name].picture.section.hidden = true;
    alternatives.push(shown[name].picture);
  }
  const list = pictures[index].section.querySelector(".changes");
  const worst = ["breaking", "out-of-order"].find((effect) => list.querySelector(`.effect.${effect}`)) ?? "safe";
  const count = list.querySelectorAll("li").length;
  pictures[index].tab.append(" ", make("span", { class: `effect ${worst}` }, String(count)));
  return { shown, list, items: [...list.querySelectorAll("li")], version: "merged", at: -1 };
});
const comparison = () => compared.find(({ shown }) => versions.some((name) => shown[name]?.picture === current));

/** Show a change in the open version or, if that version lacks the changed part, in both versions merged. */
function visitChange(index) {
  const one = comparison(), { length } = one.items;
  if (!length) return;
  one.at = (index + length) % length;
  const placed = [one.version, "merged"].find((name) => one.shown[name].places[one.at]);
  if (placed && placed !== one.version) open(one.shown[placed].picture);
  showChange();
  const group = placed && find(one.shown[placed].places[one.at]);
  if (group) current.reveal(group);
}

/** Highlight the current change in the list and in the picture. */
function showChange() {
  const one = comparison(), place = one.shown[one.version].places[one.at];
  for (const old of document.querySelectorAll(".is-change")) old.classList.remove("is-change");
  if (place) find(place).classList.add("is-change");
  one.items.forEach((item, index) => {
    if (index === one.at) item.setAttribute("aria-current", "true");
    else item.removeAttribute("aria-current");
  });
  one.items[one.at]?.scrollIntoView({ block: "nearest" });
  position.textContent = one.at < 0 ? one.list.querySelector("h3").textContent : `${one.at + 1} of ${one.items.length}`;
}

/** Move the list of changes beside the opened picture, and hide the other versions. */
function showComparison(picture) {
  const one = comparison();
  one.version = versions.find((name) => one.shown[name]?.picture === picture);
  for (const { shown } of compared) {
    for (const { picture: other } of Object.values(shown)) other.section.hidden = other !== picture;
  }
  const { tab, identity } = one.shown.merged.picture;
  tab.setAttribute("aria-selected", "true");
  tab.tabIndex = 0;
  chooser.value = identity;
  picture.section.querySelector(".summary").after(one.list);
  for (const name of versions) {
    versionButtons[name].disabled = !one.shown[name];
    versionButtons[name].setAttribute("aria-pressed", String(name === one.version));
  }
  showChange();
}

/** Show another version at the same scale and, if it contains the current change, at this change. */
function showVersion(name) {
  const one = comparison(), { scale } = current;
  open(one.shown[name].picture);
  if (current.svg) current.zoom(scale);
  const place = one.shown[name].places[one.at];
  if (place) current.reveal(find(place));
}

const nextChange = () => visitChange(comparison().at + 1);
const previousChange = () => visitChange(Math.max(comparison().at, 0) - 1);
const position = make("output", { "aria-live": "polite" });
const versionButtons = Object.fromEntries(versions.map((name) => [name, make("button",
  { type: "button", title: `Show ${name === "merged" ? "both versions merged" : `the version ${name}`}`,
    click: () => showVersion(name) }, name[0].toUpperCase() + name.slice(1))]));
tools.prepend(
  make("div", { class: "group versions", role: "group", "aria-label": "Version" }, ...Object.values(versionButtons)),
  make("div", { class: "group stepper", role: "group", "aria-label": "Changes" },
    button("‹", "Previous change (p)", previousChange, { "aria-keyshortcuts": "p" }), position,
    button("›", "Next change (n)", nextChange, { "aria-keyshortcuts": "n" })),
);
// While there are results of a search, the key for the next one keeps its meaning.
const nextHit = actions.n;
Object.assign(actions, { n: () => (hits.length ? nextHit() : nextChange()), p: previousChange });
help.append(make("h3", {}, "Changes"),
  make("dl", {}, make("dt", {}, ...keys("N", "P")), make("dd", {}, "Next and previous change")));
afterOpen.push(showComparison);
// A click on a changed node in the picture also selects its change in the list.
document.querySelector("main").addEventListener("click", (event) => {
  const one = comparison(), group = event.target.closest("svg [id]");
  const index = group ? one.shown[one.version].places.indexOf(group.id) : -1;
  if (index < 0) return;
  one.at = index;
  showChange();
});
for (const { items } of compared) {
  items.forEach((item, index) => item.addEventListener("click", (event) => {
    event.preventDefault();
    visitChange(index);
  }));
}
