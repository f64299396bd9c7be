// Start of the page, if it has any workflow.

/** Whether a live page has restored its earlier state, in which the address counts no more. */
let isRestored = false;

function begin() {
  for (const { viewport } of pictures) {
    if (!viewport) continue;
    listen(viewport);
    letHover(viewport);
  }
  letBrowserSearch();
  const masthead = document.querySelector(".masthead");
  if (pictures.length > 1) masthead.append(tabs, chooser);
  masthead.append(tools);
  document.querySelector("main").append(overlay, panel);
  document.body.append(palette, help, legend);
  followers.push((picture, area) => area && picture.cull(area), cover, nameAll);
  forget();
  document.documentElement.classList.add("js");
  document.body.classList.toggle("tabbed", pictures.length > 1);
  document.body.classList.toggle("many", pictures.length > MAX_TABS);
  addEventListener("hashchange", follow);
  open(current);
  follow();
  // Browsers scroll to the addressed node after loading, but may leave it partly hidden, so it is revealed again.
  addEventListener("load", () => requestAnimationFrame(() => { if (!isRestored) follow(); }));
}

if (pictures.length) begin();
