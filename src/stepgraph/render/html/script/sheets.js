// Long pictures on several printed pages. A picture ends on a page between its cards, and continues on the next one.

/** The area in pixels of a page that A4 and US Letter have in common, within the margins. */
const PAGE = { width: 700, height: 940 };
/** The smallest scale at which a picture is printed on one page, and the largest one on several pages. */
const SMALLEST_PRINTED = 0.55, LARGEST_PRINTED = 0.8;
/** The smallest part of a page that a picture fills before it continues on the next one. */
const LEAST_OF_PAGE = 0.6;
const MAX_SHEETS = 100;
/** The distance between parts of a narrow picture that are beside each other. */
const APART = 24;
/** The height of an arrow head above a card. */
const HEAD = 10;
/** The distance below the band of a frame in which its first card is not divided from it. */
const BELOW_BAND = 48;
/** The number of pixels that a page may lack so that the picture is divided in one frame fewer. */
const FRAME_PRICE = 100;

/** Return the scale of a picture that is divided for printing, or 0 for one that fits on a page. */
function printedScale(width, height) {
  const whole = Math.min(1, PAGE.width / width, PAGE.height / height);
  const scale = Math.min(LARGEST_PRINTED, PAGE.width / width);
  return width > height || whole >= SMALLEST_PRINTED || scale < 1.2 * whole ? 0 : scale;
}

/** Return the heights at which a picture must not be divided, as sorted intervals that do not overlap. */
function undivided(figures) {
  const intervals = figures.flatMap(({ top, height, isFrame, band }) => {
    const bottom = top + height;
    return isFrame ? [[top - HEAD, top + band + BELOW_BAND], [bottom - 4, bottom + 4]] : [[top - HEAD, bottom + 4]];
  });
  intervals.sort(([first], [second]) => first - second);
  const merged = [];
  for (const [begin, end] of intervals) {
    const last = merged.at(-1);
    if (last && begin <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([begin, end]);
  }
  return merged;
}

/** Return the height at which a part of a picture ends that is at most `limit`: between cards, in few frames. */
function endOfPart(figures, intervals, least, limit) {
  const isDivisible = (y) => !intervals.some(([begin, end]) => begin < y && y < end);
  const ends = [limit, ...intervals.map(([begin]) => begin)].filter((y) => y > least && y <= limit && isDivisible(y));
  const frames = figures.filter(({ isFrame }) => isFrame);
  const price = (y) => limit - y
    + FRAME_PRICE * frames.filter(({ top, height }) => top < y && y < top + height).length;
  return ends.length ? ends.reduce((best, y) => (price(y) < price(best) ? y : best)) : limit;
}

/** Return the parts of a picture from top to bottom, in rows of parts that are beside each other on a page. */
function partsOnPages(figures, { width, height }, scale, firstRoom) {
  const count = Math.max(1, Math.floor((PAGE.width + APART) / (width * scale + APART)));
  const intervals = undivided(figures), pages = [[]];
  for (let top = 0; top < height;) {
    if (pages.at(-1).length === count) pages.push([]);
    const room = (pages.length === 1 ? firstRoom : PAGE.height) / scale, limit = top + room;
    const bottom = limit >= height ? height : endOfPart(figures, intervals, top + LEAST_OF_PAGE * room, limit);
    pages.at(-1).push({ top, bottom });
    top = bottom;
  }
  return pages;
}

/** Return a copy of an element without the groups that are above or below a part, and without controls. */
function copyOfPart(element, regions, { top, bottom }) {
  const copy = element.cloneNode(false);
  copy.removeAttribute("id");
  for (const child of element.childNodes) {
    const at = regions.indexes.get(child);
    if (at !== undefined && (regions.isHidden[at] || regions.bottom[at] < top || regions.top[at] > bottom)) continue;
    if (child.nodeType !== Node.ELEMENT_NODE) copy.append(child.cloneNode());
    else if (!child.matches(".toggle, .info, .names, .paper, title")) copy.append(copyOfPart(child, regions, { top, bottom }));
  }
  return copy;
}

/** Show a long picture in parts on paper. The page removes the parts after printing. */
function divide(picture) {
  const { svg, section } = picture, [width, height] = ["width", "height"].map((name) => Number(svg.getAttribute(name)));
  const scale = printedScale(width, height);
  if (!scale) return;
  let shown = picture;
  if (!picture.ready) {
    shown = { regions: new Regions(svg), nodes: picture.nodes, folded: new Set(), figures: new Map() };
    shown.regions.place(shown.folded);
  }
  const { regions } = shown, figures = figuresIn(shown, EVERYWHERE);
  const header = section.querySelector(".instance") ? 172 : 48;
  const pages = partsOnPages(figures, { width, height }, scale, PAGE.height - header);
  if (pages.length > MAX_SHEETS) return;
  const sheets = pages.map((parts) => make("div", { class: "sheet" }, ...parts.map((part) => {
    const copy = copyOfPart(svg, regions, part), length = part.bottom - part.top;
    copy.removeAttribute("style");
    copy.setAttribute("viewBox", `0 ${part.top} ${width} ${length}`);
    copy.setAttribute("width", width * scale);
    copy.setAttribute("height", length * scale);
    return copy;
  })));
  section.classList.add("is-divided");
  picture.viewport.after(make("div", { class: "sheets", "aria-hidden": "true" }, ...sheets));
}

function unite({ section }) {
  section.classList.remove("is-divided");
  section.querySelector(":scope > .sheets")?.remove();
}
