// The path of a node under the pointer: its card, the arrows to and from it, and the frames around it.

let lit = [];

function light(group) {
  for (const one of lit) one.classList.remove("is-lit");
  lit = group ? [group, ...arrows(group)] : [];
  for (const one of lit) one.classList.add("is-lit");
}

/** Return the arrow that leads to a node, and the one that leads from it to the next node. */
function arrows(group) {
  const next = group.parentNode.nextElementSibling?.querySelector(":scope > .flow");
  return [group.previousElementSibling, next].filter((one) => one?.matches(".flow"));
}

/** Light nodes under the pointer, and offer the details of a frame in its band. */
function letHover(viewport) {
  viewport.addEventListener("pointerover", (event) => {
    const group = nodeAt(event.target);
    light(group);
    offerDetails(group);
  });
  viewport.addEventListener("pointerleave", () => { light(null); offerDetails(null); });
  viewport.addEventListener("focusin", ({ target }) => { if (target !== viewport) offerDetails(nodeAt(target)); });
}

// A click on the band of a frame folds it, so its details have a button, which is in one frame at a time.
const info = draw("g", { class: "info", "aria-hidden": "true" },
  draw("title", {}, "Details (i)"), draw("circle", { class: "reach", r: 13 }), draw("circle", { class: "disc", r: 8 }),
  draw("path", { d: "M0-4v.2M0-1V4" }));

/** Put the button beside the heading of an open frame, or at the right side of a folded one. */
function offerDetails(group) {
  if (!group?.matches(".foldable")) return info.remove();
  if (info.parentNode === group) return;
  const isFolded = current.folded.has(group.id);
  const beside = isFolded ? edgeOf(group) : childOf(group, "while-open");
  const right = (beside.getBoundingClientRect().right - group.getScreenCTM().e) / current.scale;
  const [bottom] = focusable(group).getAttribute("transform").match(/[\d.]+(?=\))/);
  info.setAttribute("transform", `translate(${Math.round(right) + (isFolded ? 0 : 18)} ${bottom})`);
  group.insertBefore(info, group.lastElementChild);
}
