// The passes of loops. A chosen pass decides which entries the picture, the details and the table show.

/** The number of the chosen pass of each loop, by the identity of its figure. Other loops show all passes. */
const chosenPasses = new Map();
const passWatchers = [];

const isInPass = ({ loop, number }) => !chosenPasses.has(loop) || chosenPasses.get(loop) === number;

/** Return whether an entry may belong to the chosen pass of each loop around it. */
const isChosen = ({ places }) => !places.length || places.some(({ passes }) => passes.every(isInPass));

/** Return the numbers of the passes of a loop, in the chosen passes of the loops around it. */
function passesOf(log, loop) {
  const numbers = new Set();
  for (const { passes } of log.entries.flatMap(({ places }) => places)) {
    const at = passes.findIndex((one) => one.loop === loop);
    if (at >= 0 && passes[at].number !== null && passes.slice(0, at).every(isInPass)) numbers.add(passes[at].number);
  }
  return [...numbers].sort((one, other) => one - other);
}

/** Show a pass of a loop only or, with null, all passes. */
function choosePass(log, loop, number) {
  if (number === null) chosenPasses.delete(loop);
  else chosenPasses.set(loop, number);
  // Another pass of an outer loop may lack the chosen pass of an inner one.
  for (const [other, chosen] of [...chosenPasses]) {
    if (logOf(owner(other)) === log && !passesOf(log, other).includes(chosen)) chosenPasses.delete(other);
  }
  showPass(log);
  for (const watcher of passWatchers) watcher(log);
  update();
}

/** Return the control that chooses the pass of a loop, or nothing for a loop without several passes. */
function passChooser(log, loop) {
  const numbers = passesOf(log, loop), chosen = chosenPasses.get(loop) ?? null;
  if (numbers.length < 2 && chosen === null) return [];
  const go = (offset) => {
    const at = numbers.indexOf(chosen) + offset;
    choosePass(log, loop, numbers[chosen === null && offset < 0 ? numbers.length - 1 : at] ?? null);
  };
  const choices = make("select", { "aria-label": `Pass of ${nodeLabel(find(loop))}`,
    change: () => choosePass(log, loop, choices.value ? Number(choices.value) : null) },
    make("option", { value: "" }, `all ${numbers.length} passes`),
    ...numbers.map((number) => make("option", { value: number }, `pass ${number} of ${numbers.at(-1)}`)));
  choices.value = chosen ?? "";
  return [make("div", { class: "group pass-chooser", "data-loop": loop },
    button("◂", "Previous pass", () => go(-1)), choices, button("▸", "Next pass", () => go(1)))];
}

/** Replace the controls in an element by new ones, and keep the focus on the same control. */
function refreshPasses(element, controls) {
  const focused = element.contains(document.activeElement) && document.activeElement;
  const loop = focused && focused.closest(".pass-chooser")?.dataset.loop;
  const index = focused ? [...focused.parentNode.children].indexOf(focused) : -1;
  element.replaceChildren(...controls);
  if (!loop) return;
  const same = [...element.querySelectorAll(".pass-chooser")].find((one) => one.dataset.loop === loop);
  same?.children[index]?.focus();
}

// The chosen passes in the header of the instance, which stays visible while the details are closed.

for (const log of logs) {
  log.passBar = make("div", { class: "chosen-passes", role: "status", hidden: "" });
  log.header.append(log.passBar);
}

passWatchers.push((log) => {
  const loops = [...chosenPasses.keys()].filter((loop) => logOf(owner(loop)) === log);
  log.passBar.hidden = !loops.length;
  refreshPasses(log.passBar, loops.flatMap((loop) => [
    make("span", { class: "chosen-loop" }, "Only ", nodeButton(find(loop), nodeLabel(find(loop)))),
    ...passChooser(log, loop),
  ]));
});

// The chosen passes in the picture: the state of each step in them, while other steps of the loop are faded.

const RUN_CLASSES = ["done", "failed", "retrying", "waiting", "sleeping", "running", "strong"];
/** Functions that restore the figures that show a chosen pass, by their groups. */
const changedFigures = new Map();

function showPass(log) {
  const { picture } = log;
  for (const [group, restore] of changedFigures) if (picture.nodes.has(group.id)) restore();
  const loops = [...chosenPasses.keys()].filter((loop) => owner(loop) === picture);
  for (const group of picture.groups) {
    const all = group.matches(".step") ? log.byFigure.get(group.id) ?? [] : [];
    const isInside = loops.some((loop) => find(loop).contains(group))
      || all.some(({ places }) => places.some(({ passes }) => passes.some(({ loop }) => loops.includes(loop))));
    if (all.length && isInside) showRun(log, group, all.filter(isChosen));
  }
}

/** Show the last of the entries at a step in place of its state after all passes. */
function showRun(log, group, entries) {
  const entry = entries.at(-1), icon = group.querySelector(":scope > .icon.sign");
  const facts = [...group.querySelectorAll(":scope > text > .fact, :scope > text > .error")];
  const css = RUN_CLASSES.filter((name) => group.classList.contains(name)), sign = icon?.getAttribute("d");
  const texts = facts.map(({ textContent }) => textContent);
  changedFigures.set(group, () => {
    group.classList.remove("is-other-pass", ...RUN_CLASSES);
    group.classList.add(...css);
    icon?.setAttribute("d", sign);
    facts.forEach((fact, index) => { fact.textContent = texts[index]; });
    changedFigures.delete(group);
  });
  if (!entry) return group.classList.add("is-other-pass");
  group.classList.remove(...RUN_CLASSES);
  group.classList.add(entry.state, ...(isOpen(entry) ? ["strong"] : []));
  icon?.setAttribute("d", log.signs[entry.state]);
  const took = entry.start !== null && entry.end !== null ? elapsed(entry.end - entry.start) : entry.state;
  facts.forEach((fact, index) => { fact.textContent = index ? "" : took; });
}
