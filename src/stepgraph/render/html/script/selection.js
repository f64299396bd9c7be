// The selection of the name of a node by a double click, so that it can be copied. A click or a drag selects nothing.

let clickedText = null;

/** Return whether a click is the second one of a double click. The first one may have moved the picture. */
function isSecondClickOnText(event) {
  return event.detail > 1 && clickedText !== null;
}

function letSelectNames(viewport) {
  viewport.addEventListener("mousedown", (event) => {
    if (event.detail === 1) {
      clickedText = event.target.closest("text");
      getSelection().removeAllRanges();
    }
    if (event.target.closest("text")) event.preventDefault();
  });
  viewport.addEventListener("dblclick", () => {
    const parts = clickedText?.querySelectorAll(".name, .heading, .code") ?? [];
    if (parts.length) getSelection().setBaseAndExtent(parts[0], 0, parts[parts.length - 1], 1);
  });
}
