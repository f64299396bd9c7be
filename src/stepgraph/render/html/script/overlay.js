// The layer over the visible part of a picture, for the titles at its edge and the map in its corner.

const overlay = make("div", { class: "overlay" }, titles, minimap);

/** Place the layer over the viewport of a picture, without its scroll bars, and update its content. */
function cover(picture, area) {
  overlay.hidden = !picture.svg;
  if (overlay.hidden) return;
  const origin = overlay.parentNode.getBoundingClientRect();
  Object.assign(overlay.style, { left: `${area.left - origin.left}px`, top: `${area.top - origin.top}px`,
    width: `${area.width}px`, height: `${area.height}px` });
  stick(picture, area);
  drawMap(picture, area);
}
