/**
 * Return the values of the defined lengths while the frames with the identities in `folded` are folded.
 *
 * Lengths are numbered from 1. The number 0 is the length 0, and a negative number is the negative length.
 */
function evaluate({ frames, definitions }, folded) {
  const isFolded = frames.map((identity) => folded.has(identity));
  const lengths = [0];
  for (const [kind, ...terms] of definitions) {
    if (kind === "fold") lengths.push(isFolded[terms[0]] ? terms[2] : lengthOf(terms[1], lengths));
    else if (kind === "sum") lengths.push(lengthOf(terms[0], lengths) + lengthOf(terms[1], lengths));
    else if (kind === "half") lengths.push(Math.floor((lengthOf(terms[0], lengths) + terms[1]) / 2));
    else lengths.push(longest(terms, lengths));
  }
  return lengths;
}

function lengthOf(number, lengths) {
  return number < 0 ? -lengths[-number] : lengths[number];
}

function longest(terms, lengths) {
  let length = -Infinity;
  for (let at = 0; at < terms.length; at += 2) length = Math.max(length, lengthOf(terms[at], lengths) + terms[at + 1]);
  return length;
}

/** Return the attributes of an element that vary. Their `pieces` repeat a text, a length and a number added to it. */
function variations(element) {
  return element.dataset.vary.split(";").map((part) => {
    const begin = part.indexOf("=");
    const pieces = part.slice(begin + 1).split(/\{(-?\d+),(-?\d+)\}/);
    const numbers = pieces.map((piece, at) => (at % 3 ? Number(piece) : piece));
    const name = part.slice(0, begin);
    return { element, name, pieces: numbers, text: element.getAttribute(name) };
  });
}

/** Set an attribute that varies. Return whether it changed. An attribute that remains is not set, which would be slow. */
function vary(variation, lengths) {
  const { element, name, pieces } = variation;
  let text = pieces[0];
  for (let at = 1; at < pieces.length; at += 3) {
    text += lengthOf(pieces[at], lengths) + pieces[at + 1] + pieces[at + 2];
  }
  if (text === variation.text) return false;
  variation.text = text;
  element.setAttribute(name, text);
  return true;
}
