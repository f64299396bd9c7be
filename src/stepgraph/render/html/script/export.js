// Files of the open picture: SVG, and PNG drawn from it.

const MAX_SIDE = 16_000;

/** Return the rules for pictures, in the colors of the page. */
function pictureRules(rules = document.styleSheets[0].cssRules) {
  return [...rules].flatMap((rule) => {
    if (rule.media) return matchMedia(rule.media.mediaText).matches ? pictureRules(rule.cssRules) : [];
    return rule.selectorText?.startsWith(".stepgraph") && !rule.selectorText.includes("toggle") ? [rule.cssText] : [];
  });
}

/** Extend a copy of a picture to the name above it, which the page shows elsewhere. */
function addName(copy) {
  const above = Number(copy.dataset.above ?? 0), height = Number(copy.getAttribute("height")) + above;
  copy.setAttribute("height", height);
  copy.setAttribute("viewBox", `0 ${-above} ${copy.getAttribute("width")} ${height}`);
  copy.querySelector(".paper").setAttribute("y", -above);
  copy.removeAttribute("data-above");
}

/** Return a copy of a picture as it is folded, without the controls of the page. */
function pictureCopy(svg) {
  const copy = svg.cloneNode(true);
  const controls = ".toggle, .info, .names";
  const folded = ".is-folded > g:last-child, .is-folded > .band, .is-folded > .while-open";
  for (const one of copy.querySelectorAll(`${controls}, ${folded}`)) one.remove();
  for (const one of copy.querySelectorAll(".while-folded")) {
    if (one.parentNode.matches(".is-folded")) one.classList.remove("while-folded");
    else one.remove();
  }
  for (const one of [copy, ...copy.querySelectorAll("*")]) {
    for (const name of ["style", "tabindex", "data-vary", "data-node", "aria-expanded"]) one.removeAttribute(name);
    if (one !== copy) one.removeAttribute("role");
    one.classList.remove("is-selected", "is-hit", "is-here", "is-lit", "is-small", "is-out");
  }
  addName(copy);
  copy.insertBefore(draw("style", {}, `\n${pictureRules().join("\n")}\n`), copy.querySelector(".paper"));
  return copy;
}

const pictureText = () => new XMLSerializer().serializeToString(pictureCopy(current.svg));

function download(blob, suffix) {
  const link = make("a", { href: URL.createObjectURL(blob), download: `${current.identity}${suffix}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function downloadSvg() {
  download(new Blob([pictureText()], { type: "image/svg+xml" }), ".svg");
}

/** Draw the picture at twice its size, or less if a browser could not draw that. */
async function downloadPng() {
  const image = new Image();
  // A data URL, because the policy of the page allows it, and a canvas drawn from it can be read in a local file.
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(pictureText())}`;
  await image.decode();
  const { naturalWidth: width, naturalHeight: height } = image;
  const scale = Math.min(2, MAX_SIDE / width, MAX_SIDE / height);
  const canvas = make("canvas", { width: Math.round(width * scale), height: Math.round(height * scale) });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => blob && download(blob, ".png"), "image/png");
}
