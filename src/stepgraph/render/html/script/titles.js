// Titles of frames that stay visible at the edge of the picture while their bands are out of view.

const ROW = 26;
const GAP = 4;
const NARROWEST = 60;
const SYMBOL = 28;

const titles = make("nav", { class: "titles", "aria-label": "Enclosing frames" });
const chips = new Map();

/** Show the titles of the frames whose bands are out of view. */
function stick(picture, area) {
  const shown = inOneRow(stickyFrames(picture, area), area.width);
  titles.classList.toggle("is-empty", !shown.some(({ y }) => y === 0));
  const groups = new Set(shown.map(({ figure }) => figure.group));
  for (const [group, chip] of chips) {
    if (!groups.has(group)) {
      chip.remove();
      chips.delete(group);
    }
  }
  for (const { figure, x, y, width, isSymbol } of shown) {
    const chip = chipOf(figure);
    chip.style.transform = `translate(${Math.round(x)}px,${Math.round(y)}px)`;
    chip.style.width = `${Math.floor(width)}px`;
    chip.classList.toggle("is-symbol", isSymbol);
    chip.classList.toggle("is-floating", y > 0);
  }
}

/** Return the open frames that are in view without the start of their bands, outer frames first. */
function stickyFrames(picture, area) {
  const frames = framesOutOfView(picture, area, 0);
  // The row of titles covers further bands.
  return frames.some(({ y }) => y === 0) ? framesOutOfView(picture, area, ROW + 2 * GAP) : frames;
}

function framesOutOfView(picture, { x, y, width, height }, covered) {
  const { scale } = picture;
  const sticky = [];
  for (const figure of figuresIn(picture, picture.areaAround({ x, y, width, height }, 0))) {
    if (!figure.band || picture.folded.has(figure.group.id)) continue;
    const left = x + figure.left * scale, top = y + figure.top * scale;
    const right = left + figure.width * scale, bottom = top + figure.height * scale;
    const isInView = left < width && right > NARROWEST && top < height - ROW && bottom > 2 * ROW;
    const bandEnd = top + figure.band * scale, isAbove = top < -2 || bandEnd < covered;
    if (!isInView || !(isAbove || left < -2)) continue;
    const isCovered = isAbove || bandEnd - ROW < covered;
    sticky.push({ figure, x: Math.max(0, left) + GAP, y: isCovered ? 0 : (top + bandEnd - ROW) / 2, isSymbol: false });
  }
  return sticky;
}

/** Place titles at the upper edge beside each other, and shrink outer ones to their icons if there is no room. */
function inOneRow(sticky, width) {
  const row = sticky.filter(({ y }) => y === 0);
  for (const one of sticky) one.width = Math.min(widthOf(one.figure), width - one.x - GAP);
  for (let tight = arrange(row, width); tight; tight = arrange(row, width)) tight.isSymbol = true;
  for (const one of row) one.x = one.at;
  return sticky.filter((one) => one.width >= SYMBOL);
}

/** Place the titles of a row. Return a title that should shrink, if one has no room. */
function arrange(row, width) {
  let end = 0, pushed = [];
  for (const [index, one] of row.entries()) {
    if (one.x >= end) pushed = [];
    one.at = Math.max(one.x, end);
    const isBeside = (other) => other.x > one.at + (isInside(other.figure, one.figure) ? 2 * NARROWEST : NARROWEST);
    const next = row.slice(index + 1).find(isBeside);
    const room = (next ? next.x : width) - GAP - one.at;
    const natural = one.isSymbol ? SYMBOL : widthOf(one.figure);
    pushed.push(one);
    if (room < Math.min(natural, NARROWEST)) {
      const tight = pushed.find(({ isSymbol }) => !isSymbol);
      if (tight) return tight;
    }
    one.width = Math.min(natural, room);
    end = one.at + Math.max(0, one.width) + GAP;
  }
  return null;
}

function widthOf(figure) {
  figure.chipWidth ??= Math.min(240, Math.ceil(textWidth(label(figure), 12)) + 40);
  return figure.chipWidth;
}

function chipOf(figure) {
  const { group } = figure;
  if (!chips.has(group)) {
    const click = () => scrollToBand(group);
    const name = label(figure);
    const chip = make("button", { type: "button", title: name, click }, iconOf(group), make("span", {}, name));
    chips.set(group, chip);
    titles.append(chip);
  }
  return chips.get(group);
}

/** Scroll to the band of a frame, and focus the frame if it is a node. */
function scrollToBand(group) {
  const area = visibleArea(current), { left, top } = current.box(group);
  current.viewport.scrollBy({ left: Math.min(0, left - area.left - MARGIN), top: top - area.top - ROW });
  const node = group.closest("[data-node]");
  if (node) focus(node);
}
