// Printed pages have the whole pictures, regardless of the scale on the screen.

addEventListener("beforeprint", () => {
  for (const { svg } of pictures) {
    svg?.style.removeProperty("width");
    svg?.style.removeProperty("height");
    svg?.style.removeProperty("transform");
  }
});
addEventListener("afterprint", () => {
  for (const picture of pictures) if (picture.ready) picture.resize();
});
