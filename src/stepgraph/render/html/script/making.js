const find = (identity) => document.getElementById(identity);

/** Return the last child of an element with a class. A query would look at everything inside. */
function childOf(element, name) {
  let child = element.lastElementChild;
  while (child && !child.classList.contains(name)) child = child.previousElementSibling;
  return child;
}

const focusable = (group) => (group.classList.contains("foldable") && childOf(group, "toggle")) || group;
// A stacked frame has two edges, and the one behind comes first.
const edgeOf = (frame) => childOf(frame, "edge");

/** Return the height of the band of a frame. The path of a band begins at its lower left corner. */
const bandOf = (frame) => Number(childOf(frame, "band").getAttribute("d").match(/-?\d+/g)[1]);

/** Return the middle of an element on the screen. */
function middle(element) {
  const box = element.getBoundingClientRect();
  return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
}

/** Return a new HTML element with attributes or listeners, and nodes or text in it: text never becomes markup. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/** Return the nodes of a sentence with the parts in backquotes as code. */
function withCode(text) {
  return text.split(/`([^`]+)`/).map((part, index) => (index % 2 ? make("code", {}, part) : part));
}

/** Return whether an event of the pointer is outside of the box of an element. */
function isBeside(element, { clientX, clientY }) {
  const { left, top, right, bottom } = element.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}

function button(label, title, click, attributes = {}) {
  return make("button", { type: "button", title, "aria-label": title, click, ...attributes }, label);
}

/**
 * Return a new modal dialog, which Escape and a click beside it close, and which keeps the focus inside.
 *
 * Its `show` opens it. Its `showModal` would make the page inert, for which the browser computes the style of each
 * element of a picture again. An invisible layer of the style sheet, part of the dialog, keeps the pointer from the page.
 */
function modal(attributes, ...children) {
  const dialog = make("dialog", { "aria-modal": "true", tabindex: "-1", ...attributes }, ...children);
  const close = (event) => {
    event.preventDefault();
    dialog.close();
    // Without this, the next key still goes to the hidden field until the next frame is drawn.
    if (dialog.contains(document.activeElement)) document.activeElement.blur();
  };
  dialog.addEventListener("click", (event) => { if (event.target === dialog && isBeside(dialog, event)) close(event); });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) close(event);
    const stops = [...dialog.querySelectorAll("button, input")];
    const [edge, next] = event.shiftKey ? [stops[0], stops.at(-1)] : [stops.at(-1), stops[0]];
    if (event.key !== "Tab" || document.activeElement !== edge) return;
    event.preventDefault();
    next.focus();
  });
  return dialog;
}

/** Return a new SVG element. */
function draw(name, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
