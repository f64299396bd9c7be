// Pointer and keyboard input in a picture.

function onClick(event) {
  if (isSecondClickOnText(event)) return;
  const group = nodeAt(event.target);
  if (!group) return unselect();
  // The band and its label fold the frame. While it is folded, its edge takes the place of the band.
  const isInside = event.target.matches(".edge") && !current.folded.has(group.id);
  const isBand = event.target.closest("g") === group && !isInside;
  if (event.target.closest(".info")) {
    select(group);
  } else if (event.target.closest(".toggle") || (group.matches(".foldable") && isBand)) {
    current.toggle(group, { x: event.clientX, y: event.clientY });
    if (!panel.hidden) select(group);
  } else {
    select(group);
  }
  focus(group);
}

function onKey(event) {
  const group = nodeAt(event.target);
  if (!group || event.ctrlKey || event.metaKey || event.altKey) return;
  const nodes = current.visible(), at = nodes.indexOf(group), canFold = group.matches(".foldable");
  const isFolded = current.folded.has(group.id);
  const move = (to) => { if (to) { focus(to); current.reveal(to); if (!panel.hidden) select(to); } };
  const press = () => (canFold ? current.toggle(group) : select(group));
  const keys = {
    Enter: press,
    " ": press,
    i: () => select(group),
    ArrowDown: () => move(nodes[at + 1]),
    ArrowUp: () => move(nodes[at - 1]),
    ArrowRight: () => (canFold && isFolded ? current.toggle(group) : move(nodes[at + 1])),
    ArrowLeft: () => (canFold && !isFolded ? current.toggle(group) : move(nodeAt(group.parentNode))),
    Home: () => move(nodes[0]),
    End: () => move(nodes.at(-1)),
  };
  if (!Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
}

/** Let the primary or middle mouse button drag the picture. */
function letDrag(viewport) {
  let from = null, isDragged = false;
  viewport.addEventListener("mousedown", (event) => { if (event.button === 1) event.preventDefault(); });
  viewport.addEventListener("pointerdown", (event) => {
    const isBeside = event.offsetX > viewport.clientWidth || event.offsetY > viewport.clientHeight;
    isDragged = false;
    // The target of a press on a scroll bar is the viewport.
    if (event.target === viewport && isBeside) return;
    if (event.pointerType === "mouse" && event.button < 2) from = { x: event.clientX, y: event.clientY };
  });
  viewport.addEventListener("pointermove", (event) => {
    if (!from) return;
    const [x, y] = [event.clientX - from.x, event.clientY - from.y];
    if (!isDragged && Math.hypot(x, y) < 5) return;
    if (!isDragged) viewport.setPointerCapture(event.pointerId);
    isDragged = true;
    viewport.classList.add("is-dragging");
    viewport.scrollLeft -= x;
    viewport.scrollTop -= y;
    from = { x: event.clientX, y: event.clientY };
  });
  const end = () => { from = null; viewport.classList.remove("is-dragging"); };
  viewport.addEventListener("pointerup", end);
  viewport.addEventListener("pointercancel", end);
  viewport.addEventListener("click", (event) => { if (isDragged) event.stopPropagation(); }, true);
}

function onWheel(event) {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const lines = event.deltaMode === 1 ? 16 : 1;
  const scale = current.scale * Math.exp((-event.deltaY * lines) / 300);
  zoomByGesture(current, scale, { x: event.clientX, y: event.clientY });
}

/** Zoom with two fingers. */
function letPinch(viewport) {
  let apart = 0;
  viewport.addEventListener("touchmove", (event) => {
    const [a, b, ...others] = event.touches;
    if (!b || others.length) return;
    event.preventDefault();
    const now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
    const at = { x: (a.clientX + b.clientX) / 2, y: (a.clientY + b.clientY) / 2 };
    if (apart) zoomByGesture(current, (current.scale * now) / apart, at);
    apart = now;
  }, { passive: false });
  viewport.addEventListener("touchend", () => { apart = 0; });
}

/** Let the search of the browser find all texts. It begins after this key, and ends before the next press in the page. */
function letBrowserSearch() {
  const isSearch = (event) => event.key === "F3" || ((event.ctrlKey || event.metaKey) && "fg".includes(event.key));
  const isModifier = ({ key }) => ["Control", "Meta", "Shift"].includes(key);
  document.addEventListener("keydown", (event) => {
    if (isSearch(event)) current.drawWhole(true);
    else if (!isModifier(event)) current.drawWhole(false);
  }, true);
  document.addEventListener("pointerdown", () => current.drawWhole(false), true);
}

function listen(viewport) {
  viewport.addEventListener("click", onClick);
  viewport.addEventListener("keydown", onKey);
  viewport.addEventListener("wheel", onWheel, { passive: false });
  letDrag(viewport);
  letSelectNames(viewport);
  letPinch(viewport);
}
