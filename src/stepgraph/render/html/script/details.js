// The side panel.

const panel = make("aside", { class: "details", "aria-label": "Details", "aria-live": "polite", hidden: "" });
let selected = null;

function select(group) {
  selected?.classList.remove("is-selected");
  selected = group;
  group.classList.add("is-selected");
  panel.replaceChildren(...details(group));
  panel.scrollTop = 0;
  const wasHidden = panel.hidden;
  panel.hidden = false;
  update();
  // The panel may cover the node.
  if (wasHidden) current.reveal(group);
  remember(group.id);
}

function unselect() {
  if (!selected) return;
  const [group, hadFocus] = [selected, panel.contains(document.activeElement)];
  selected.classList.remove("is-selected");
  selected = null;
  panel.hidden = true;
  update();
  if (hadFocus && owner(group.id) === current) focus(group);
}

function details(group) {
  const fact = current.nodes.get(group.id);
  const list = make("dl");
  for (const [label, value, remark] of fact.rows ?? []) list.append(...row(label, value, remark));
  if (fact.inside) list.append(...row("Inside", fact.inside));
  const path = current.groups.filter((one) => one !== group && one.contains(group));
  if (path.length) list.append(make("dt", {}, "In"), make("dd", { class: "path" },
    ...path.map((frame) => nodeButton(frame, nodeLabel(frame)))));
  list.append(...orderRows(fact));
  if (fact.place) list.append(make("dt", {}, "Source"), make("dd", {}, sourceLink(fact)));
  const link = make("a", { class: "link", href: `#${group.id}` }, "Link to this");
  return [
    panelHeader(fact),
    make("p", { class: "kind" }, fact.kind),
    list,
    ...sourceCode(fact),
    make("p", { class: "actions" }, link, ...(navigator.clipboard ? [copyButton(link)] : [])),
  ];
}

function panelHeader(fact) {
  return make("header", {}, make("h2", {}, fact.name || "no name"),
    button("‹", "Previous ([ or k)", () => step(-1), { class: "round", "aria-keyshortcuts": "[ k" }),
    button("›", "Next (] or j)", () => step(1), { class: "round", "aria-keyshortcuts": "] j" }),
    button("×", "Close (Esc)", unselect, { class: "round" }));
}

/** The rows whose values are sentences. */
const SENTENCES = new Set(["Error", "Warning", "Incomplete", "Note", "Change", "Effect"]);

function row(label, value, remark) {
  const note = remark ? [make("span", { class: remark === "default" ? "remark tag" : "remark" }, remark)] : [];
  const content = label === "Receives" ? received(value) : SENTENCES.has(label) ? withCode(value) : [value];
  return [make("dt", {}, label), make("dd", {}, ...content, ...note)];
}

function copyButton(link) {
  const copy = make("button", { type: "button", class: "link" }, "Copy link");
  const say = (word) => () => { copy.textContent = word; };
  copy.addEventListener("click", () => {
    navigator.clipboard.writeText(link.href).then(say("Copied"), say("Not allowed here"));
  });
  return copy;
}
