// The neighbors of a node in the order of execution, as links to them.

/** Return rows with the nodes before and after a node. */
function orderRows({ before = [], after = [] }) {
  const links = (neighbors) => neighbors.map(([identity, remark]) => {
    const group = find(identity);
    return make("li", {}, nodeButton(group, nodeLabel(group)),
      ...(remark ? [" ", make("span", { class: "when" }, remark)] : []));
  });
  // A loop that shares its frame with a group has no group of its own in the picture.
  const drawn = (neighbors) => neighbors.filter(([identity]) => find(identity));
  const rows = [["Runs after", drawn(before)], ["Then", drawn(after)]].filter(([, neighbors]) => neighbors.length);
  return rows.flatMap(([label, neighbors]) =>
    [make("dt", {}, label), make("dd", {}, make("ul", {}, ...links(neighbors)))]);
}

const nodeLabel = (group) => owner(group.id).nodes.get(group.id).name || "no name";

/** Return the results that a step receives, with links to the steps: `price from load price`. */
function received(text) {
  const steps = new Map(current.groups.filter((group) => group.matches(".step"))
    .map((group) => [current.nodes.get(group.id).name, group]));
  const parts = text.split(/(, | or | from )/);
  const isStep = (part, index) => steps.has(part) && parts[index + 1] !== " from "; // else it is a parameter
  return parts.map((part, index) => (isStep(part, index) ? nodeButton(steps.get(part), part) : part));
}

/** Return a link to a node. */
function nodeButton(group, text) {
  return make("button", { type: "button", class: "link", click: () => visit(group) }, text);
}

/** Select the next or previous visible node. */
function step(offset) {
  if (!current.svg) return;
  const nodes = current.visible();
  const at = nodes.indexOf(selected ?? current.at);
  const group = nodes[selected ? at + offset : at];
  if (group) visit(group);
}
