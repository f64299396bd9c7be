/** Return the values of the defined lengths while the frames with the identities in `folded` are folded. */
function lengths(definitions, folded) {
  const known = [];
  const value = (term) => (typeof term === "number" ? term : known[term[0]] + term[1]);
  for (const [kind, ...terms] of definitions) {
    if (kind === "fold") known.push(folded.has(terms[0]) ? terms[2] : value(terms[1]));
    else if (kind === "sum") known.push(value(terms[0]) + value(terms[1]));
    else known.push(Math.max(...terms.map(value)));
  }
  return known;
}

/** Return the attributes of an element that vary. Their `pieces` repeat a text, a variable and a number added to it. */
function variations(element) {
  return element.dataset.vary.split(";").map((part) => {
    const begin = part.indexOf("=");
    const pieces = part.slice(begin + 1).split(/\{(\d+),(-?\d+)\}/);
    return { element, name: part.slice(0, begin), pieces };
  });
}

function vary({ element, name, pieces }, known) {
  let text = pieces[0];
  for (let at = 1; at < pieces.length; at += 3) text += known[pieces[at]] + Number(pieces[at + 1]) + pieces[at + 2];
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}
