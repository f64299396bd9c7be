// The source code of a node, with a link to its file.

const sources = JSON.parse(find("stepgraph.sources")?.textContent ?? "[]");

/** Return the location of a node as text, or as a link if the page has the URL of its file. */
function sourceLink({ place, code }) {
  const text = make("code", {}, ...breakable(place));
  const link = code ? sources[code[0]].link : [];
  if (!link.length) return text;
  const href = link.join(String(code[1]));
  // An editor opens beside the page, and a web page in a new tab.
  const target = href.startsWith("http") ? { target: "_blank" } : {};
  return make("a", { href, rel: "noopener noreferrer", title: "Open the source code", ...target }, text);
}

/** Return a path as text that may be broken after each slash. */
function breakable(place) {
  return place.split("/").flatMap((part, index) => (index ? ["/", make("wbr"), part] : [part]));
}

/** Return the lines of a node with their numbers, which are not part of a selection. */
function sourceCode({ code }) {
  const [file, , first, shown, more] = code ?? [0, 0, 0, 0, 0];
  if (!shown) return [];
  const [start, texts] = sources[file].runs.findLast(([number]) => number <= first);
  const lines = texts.slice(first - start, first - start + shown);
  const indent = Math.min(...lines.filter((line) => line).map((line) => line.search(/\S|$/)));
  const numbered = lines.map((line, index) =>
    make("span", { class: "numbered", "data-number": first + index }, `${line.slice(indent)}\n`));
  const rest = more ? [make("p", { class: "more" }, `${more} more ${more === 1 ? "line" : "lines"}`)] : [];
  return [make("pre", { class: "source", tabindex: "0", role: "region", "aria-label": "Source code",
    "aria-live": "off" },
    make("code", {}, ...numbered)), ...rest];
}
