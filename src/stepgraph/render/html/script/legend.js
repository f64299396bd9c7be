// The legend of the symbols, in a dialog.

const legend = modal({ class: "legend-dialog", "aria-label": "Legend" });

function showLegend() {
  if (!legend.childElementCount) {
    const drawn = new DOMParser().parseFromString(find("stepgraph.legend").textContent, "image/svg+xml");
    const close = button("×", "Close (Esc)", () => legend.close(), { class: "round" });
    legend.append(make("header", {}, make("h2", {}, "Legend"), close),
      make("div", { class: "legend-picture", tabindex: "0", role: "region", "aria-label": "Symbols" },
        document.importNode(drawn.documentElement, true)));
  }
  legend.show();
}
