// The scale, the folding, the selection and the position of pictures, which are kept when a live page loads again.

const stateKey = `stepgraph.state ${location.pathname}`;

/** Return the node that is nearest to the middle of the view, and its position in the view: edits above it move nothing. */
function anchor(picture) {
  if (!picture.svg || !picture.ready) return null;
  const center = middle(picture.viewport), view = picture.viewport.getBoundingClientRect();
  let nearest = null;
  for (const group of picture.visible()) {
    const { left, top } = picture.box(group);
    const distance = Math.hypot(left - center.x, top - center.y);
    if (!nearest || distance < nearest.distance) {
      nearest = { id: group.id, left: left - view.left, top: top - view.top, distance };
    }
  }
  return nearest;
}

function keep() {
  const saved = pictures.filter(({ ready }) => ready).map((one) => ({
    identity: one.identity, scale: one.scale, folded: [...one.folded], anchor: anchor(one) }));
  rememberForLoad(stateKey, {
    pictures: saved,
    open: current.identity,
    selected: selected?.id ?? null,
    focused: document.activeElement?.closest("[data-node]")?.id ?? null,
    query: field.value,
    lists: [...document.querySelectorAll("details.notes, details.log")].map(({ open: isOpen }) => isOpen),
    scroll: [scrollX, scrollY],
  });
}

/** Scroll a node to its earlier position in the view, as far as the picture reaches. */
function returnTo(picture, group, { left, top }) {
  const box = picture.box(group), { viewport } = picture;
  const view = viewport.getBoundingClientRect();
  viewport.scrollBy(box.left - view.left - left, box.top - view.top - top);
}

/** Give the pictures the state of the page before the change. Nodes that no longer exist are left out. */
function restore() {
  const saved = remembered(stateKey);
  if (!saved) return;
  isRestored = true;
  for (const [index, list] of [...document.querySelectorAll("details.notes, details.log")].entries()) {
    if (index in saved.lists) list.open = saved.lists[index];
  }
  if (saved.query) {
    field.value = saved.query;
    nodes ??= pictures.flatMap(entriesOf);
    mark(search(nodes, saved.query));
  }
  const picture = owner(saved.open);
  if (picture) open(picture);
  const group = saved.selected && current.groups.find(({ id }) => id === saved.selected);
  if (group) select(group);
  else unselect();
  for (const state of saved.pictures) restorePicture(state);
  const focused = saved.focused && current.groups.find(({ id }) => id === saved.focused);
  if (focused && !current.isHidden(focused)) focus(focused);
  scrollTo(...saved.scroll);
}

/** Fold, scale and scroll a picture as before. */
function restorePicture({ identity, scale, folded, anchor: place }) {
  const picture = owner(identity);
  if (!picture?.svg) return;
  picture.show();
  picture.folded = new Set(folded.filter((id) => picture.frames.some((frame) => frame.id === id)));
  picture.fold();
  picture.zoom(scale);
  const group = place && picture.groups.find(({ id }) => id === place.id);
  if (group) returnTo(picture, group, place);
}

beforeLoad.push(keep);
