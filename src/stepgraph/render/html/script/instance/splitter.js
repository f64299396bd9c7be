// The upper edge of the log, which can be moved to divide the height between the picture and the log.

const LOWEST = 90;
const HIGHEST_SHARE = 0.8;
const KEY_STEP = 24;

/** Return a handle for the height of a log. The log has its own height until the handle is moved. */
function splitter(log) {
  const handle = make("div", { class: "splitter", role: "separator", tabindex: "0", "aria-orientation": "horizontal",
    "aria-label": "Height of the log", "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": "38" });
  const resize = (height) => {
    const room = log.table.parentNode.clientHeight, limit = Math.max(LOWEST, room * HIGHEST_SHARE);
    const pixels = Math.min(limit, Math.max(LOWEST, height));
    log.table.style.height = log.table.style.maxHeight = `${Math.round(pixels)}px`;
    handle.setAttribute("aria-valuenow", String(Math.round((100 * pixels) / room)));
  };
  handle.addEventListener("pointerdown", (event) => { if (!event.button) handle.setPointerCapture(event.pointerId); });
  handle.addEventListener("pointermove", (event) => {
    if (handle.hasPointerCapture(event.pointerId)) resize(log.table.getBoundingClientRect().bottom - event.clientY);
  });
  handle.addEventListener("keydown", (event) => {
    const change = { ArrowUp: KEY_STEP, ArrowDown: -KEY_STEP }[event.key];
    if (!change) return;
    event.preventDefault();
    resize(log.table.offsetHeight + change);
  });
  // A closed log is as high as its heading.
  log.table.addEventListener("toggle", () => { if (!log.table.open) log.table.style.height = ""; });
  return handle;
}
