// The open workflow, and the node that the address of the page may name.

const pictures = JSON.parse(find("stepgraph.data").textContent).map((entry) => new Picture(entry));
const nodeAt = (target) => target.closest?.("[data-node]");
/** Pictures that are shown in place of others, and have no tabs: the versions of a comparison. */
const alternatives = [];
const owner = (identity) => [...pictures, ...alternatives].find((one) => (
  one.identity === identity || one.nodes.has(identity)));

/** Move the keyboard focus to a node of the open workflow. */
function focus(group) {
  current.land(group);
  focusable(group).focus({ preventScroll: true });
}

function remember(identity) {
  try {
    history.replaceState(null, "", `#${identity}`);
  } catch {
    // The page has no address of its own, so there is nothing to link to.
  }
}

/** Functions that are called with each opened picture. */
const afterOpen = [];

// Tabs, which are shown only for several workflows.

let current = pictures[0];
const tabs = make("div", { class: "tabs", role: "tablist", "aria-label": "Workflows" });
for (const one of pictures) {
  const { identity, section } = one;
  one.tab = make("button", { role: "tab", id: `${identity}.tab`, "aria-controls": section.id, title: one.name,
    click: () => { open(one); remember(identity); } }, one.name || "no name");
  tabs.append(one.tab);
  if (pictures.length > 1) section.setAttribute("role", "tabpanel");
}
tabs.addEventListener("keydown", (event) => {
  const last = pictures.length - 1, at = pictures.findIndex(({ tab }) => tab === event.target);
  const next = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at ? at - 1 : last, Home: 0, End: last }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  pictures[next].tab.click();
  current.tab.focus();
});

/** Select a node of any workflow, and show it. */
function visit(group) {
  const picture = current.nodes.has(group.id) ? current : owner(group.id);
  if (picture !== current) open(picture);
  select(group);
  picture.reveal(group);
  focus(group);
}

function open(picture) {
  if (picture !== current) unselect();
  current = picture;
  for (const one of pictures) {
    one.section.hidden = one !== picture;
    one.tab.setAttribute("aria-selected", String(one === picture));
    one.tab.tabIndex = one === picture ? 0 : -1;
  }
  chooser.value = picture.identity;
  picture.show();
  tools.hidden = !picture.svg;
  picture.tellScale();
  update();
  for (const act of afterOpen) act(picture);
}

/** Open the workflow that the address of the page names, or select the node that it names. */
function follow() {
  const identity = location.hash.slice(1);
  const picture = owner(identity);
  if (!picture) return;
  open(picture);
  const group = picture.nodes.has(identity) && picture.groups.find(({ id }) => id === identity);
  if (group) visit(group);
}
