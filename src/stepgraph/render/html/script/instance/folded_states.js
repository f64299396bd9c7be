// The most important state of the steps inside a folded frame, so that a step that has not ended is never hidden.

const BY_IMPORTANCE = ["retrying", "waiting", "sleeping", "running", "failed", "next", "done", "unreachable"];
const SIGN_RADIUS = 8;
const SIGN_INSET = 3;

followers.push((picture) => {
  const log = logOf(picture);
  if (!log || !picture.svg || log.figures === picture.figures) return;
  log.figures = picture.figures;
  for (const frame of picture.frames) showFoldedState(log, frame, picture.folded.has(frame.id));
});

/** Give a folded frame the color and the sign of the most important state inside, or take them from an open frame. */
function showFoldedState(log, frame, isFolded) {
  if (frame.dataset.foldedState) {
    frame.classList.remove(frame.dataset.foldedState);
    for (const sign of frame.querySelectorAll(":scope > .folded-sign")) sign.remove();
    delete frame.dataset.foldedState;
  }
  const state = isFolded && BY_IMPORTANCE.find((name) => frame.querySelector(`g.step.${name}`));
  if (!state || frame.classList.contains(state)) return;
  frame.dataset.foldedState = state;
  frame.classList.add(state);
  const x = Number(edgeOf(frame).getAttribute("x")) + SIGN_INSET, transform = `translate(${x - 8} -8)`;
  for (const part of [draw("circle", { class: "sign folded-sign", cx: x, cy: 0, r: SIGN_RADIUS }),
    draw("path", { class: "icon sign folded-sign", transform, d: log.signs[state] })]) {
    frame.insertBefore(part, frame.lastElementChild);
  }
}
