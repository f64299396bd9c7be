// All is there: begin, if there is anything to show.

function begin() {
  for (const { viewport } of pictures) {
    if (viewport) listen(viewport);
  }
  const masthead = document.querySelector(".masthead");
  if (pictures.length > 1) masthead.append(tabs);
  masthead.append(tools);
  document.querySelector("main").append(panel);
  document.documentElement.classList.add("js");
  document.body.classList.toggle("tabbed", pictures.length > 1);
  addEventListener("hashchange", follow);
  open(current);
  follow();
  // Once more when browsers have scrolled to what the address says, which they do without regard for what is around it.
  addEventListener("load", () => requestAnimationFrame(follow));
}

if (pictures.length) begin();
