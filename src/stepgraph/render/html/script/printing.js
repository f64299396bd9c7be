// Printed pages have the whole pictures, regardless of the scale on the screen.

addEventListener("beforeprint", () => {
  for (const picture of pictures) {
    const { svg } = picture;
    if (!svg) continue;
    svg.style.removeProperty("width");
    svg.style.removeProperty("height");
    svg.style.removeProperty("transform");
    unite(picture);
    divide(picture);
  }
});
addEventListener("afterprint", () => {
  for (const picture of pictures) {
    unite(picture);
    if (picture.ready) picture.resize();
  }
});
