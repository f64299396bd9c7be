// The menu with the actions that are used less often.

const menuItem = (text, act) => make("button", { type: "button", click: () => { menu.open = false; act(); } }, text);
const pictureItems = [menuItem("Download SVG", downloadSvg), menuItem("Download PNG", downloadPng)];
const menu = make(
  "details",
  { class: "menu" },
  make("summary", { title: "More" },
    make("span", { "aria-hidden": "true" }, "⋯"), make("span", { class: "said" }, "More")),
  make("div", { class: "items" },
    menuItem("Legend", showLegend),
    ...pictureItems,
    menuItem("Print", () => print()),
    ...(darkRules.length ? [make("label", {}, "Theme", themes)] : [])),
);
document.addEventListener("pointerdown", (event) => { if (!menu.contains(event.target)) menu.open = false; });
menu.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu.open) return;
  event.stopPropagation();
  menu.open = false;
  menu.querySelector("summary").focus();
});
