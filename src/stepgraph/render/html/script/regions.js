// The positions of all groups of a picture. They follow from attributes alone: the layout of a large picture is slow.

const EVERYWHERE = { left: -Infinity, top: -Infinity, right: Infinity, bottom: Infinity };

/** The groups of a picture in document order, with their boxes in pixels at a scale of 1. */
class Regions {
  constructor(svg) {
    this.groups = [...svg.querySelectorAll("g")];
    this.indexes = new Map(this.groups.map((group, index) => [group, index]));
    const { length } = this.groups, numbers = () => new Float64Array(length);
    // The index of the group around each group, and the index after the last group inside it.
    this.parents = Int32Array.from(this.groups, ({ parentNode }) => this.indexes.get(parentNode) ?? -1);
    this.ends = Int32Array.from(this.groups, (_, index) => index + 1);
    for (let at = length - 1; at >= 0; at -= 1) {
      const parent = this.parents[at];
      if (parent >= 0) this.ends[parent] = Math.max(this.ends[parent], this.ends[at]);
    }
    // The content of a foldable frame is its last group. Here, the index of each content has the identity of its frame.
    this.frames = this.groups.map(() => "");
    for (const frame of svg.querySelectorAll(".foldable")) this.frames[this.indexes.get(frame.lastElementChild)] = frame.id;
    this.own = this.groups.map(() => null); // the parts of each group, while they are valid
    this.isHidden = new Uint8Array(length);
    this.isOut = new Uint8Array(length);
    Object.assign(this, { x: numbers(), y: numbers(), left: numbers(), top: numbers(), right: numbers(), bottom: numbers() });
  }

  /** Forget the parts of a group after a change of an attribute of it or of an element in it. */
  forget(element) {
    const index = this.indexes.get(element) ?? this.indexes.get(element.parentNode);
    if (index !== undefined) this.own[index] = null;
  }

  /** Compute the positions and the boxes of the groups that no folded frame hides. */
  place(folded) {
    const { groups, parents, own, x, y, left, top, right, bottom } = this;
    this.isHidden.fill(0);
    for (let at = 0; at < groups.length; at += 1) {
      if (this.frames[at] && folded.has(this.frames[at])) {
        this.isHidden.fill(1, at, this.ends[at]);
        at = this.ends[at] - 1;
        continue;
      }
      const part = own[at] ??= partsOf(groups[at]), parent = parents[at];
      x[at] = part.x + (parent < 0 ? 0 : x[parent]);
      y[at] = part.y + (parent < 0 ? 0 : y[parent]);
      left[at] = x[at] + part.box.left;
      top[at] = y[at] + part.box.top;
      right[at] = x[at] + part.box.right;
      bottom[at] = y[at] + part.box.bottom;
    }
    for (let at = groups.length - 1; at >= 0; at -= 1) {
      const parent = parents[at];
      if (parent < 0 || this.isHidden[at]) continue;
      left[parent] = Math.min(left[parent], left[at]);
      top[parent] = Math.min(top[parent], top[at]);
      right[parent] = Math.max(right[parent], right[at]);
      bottom[parent] = Math.max(bottom[parent], bottom[at]);
    }
  }

  /** Return whether a folded frame hides a group. */
  hides(group) {
    return this.isHidden[this.indexes.get(group)] === 1;
  }

  /** Return the origin of a group. */
  origin(group) {
    const at = this.indexes.get(group);
    return { left: this.x[at], top: this.y[at], width: 0, height: 0 };
  }

  /** Return the card or the edge of a group, or its origin if it has neither or a folded frame hides it. */
  placeOf(group) {
    return this.figureAt(this.indexes.get(group)) ?? this.origin(group);
  }

  /** Return the card or the edge of a group by its index, or null if it has neither or a folded frame hides it. */
  figureAt(at) {
    const card = this.isHidden[at] ? null : this.own[at].card;
    return card && { left: this.x[at] + card.x, top: this.y[at] + card.y, width: card.width, height: card.height };
  }

  isFrame(at) {
    return this.own[at].card.isEdge;
  }

  /** Return the indexes of the groups that are at least partly in an area. */
  within(area) {
    const indexes = [];
    for (let at = 0; at < this.groups.length;) {
      const isOut = this.isHidden[at] || this.isBeside(at, area);
      if (!isOut) indexes.push(at);
      at = isOut ? this.ends[at] : at + 1;
    }
    return indexes;
  }

  isBeside(at, { left, top, right, bottom }) {
    return this.right[at] < left || this.left[at] > right || this.bottom[at] < top || this.top[at] > bottom;
  }

  /** Mark the outermost groups that are outside of an area, which the style sheet does not draw. */
  cull(area) {
    for (let at = 0; at < this.groups.length;) {
      const isEmpty = this.left[at] > this.right[at];
      const isOut = !this.isHidden[at] && !isEmpty && this.isBeside(at, area);
      this.mark(at, isOut);
      at = isOut || this.isHidden[at] ? this.ends[at] : at + 1;
    }
  }

  mark(at, isOut) {
    if (Boolean(this.isOut[at]) === isOut) return;
    this.isOut[at] = isOut;
    this.groups[at].classList.toggle("is-out", isOut);
  }

  /** Mark no group as outside. */
  drawAll() {
    for (let at = 0; at < this.groups.length; at += 1) this.mark(at, false);
  }
}

const TRANSLATION = /translate\((-?[\d.]+) (-?[\d.]+)/;
const NO_TRANSLATION = ["", 0, 0];
/** The classes of paths that are not around anything: lines between figures, and parts of figures. */
const NOT_AROUND = /\b(flow|icon|band)\b/;

/** Return the translation of a group, the box around its own shapes, and its card or edge, if it has one. */
function partsOf(group) {
  const [, x, y] = TRANSLATION.exec(group.getAttribute("transform") ?? "") ?? NO_TRANSLATION;
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  let card = null;
  for (let child = group.firstElementChild; child; child = child.nextElementSibling) {
    if (child.localName === "rect") {
      const size = sizeOf(child);
      extend(box, size.x, size.y);
      extend(box, size.x + size.width, size.y + size.height);
      const isEdge = child.classList.contains("edge");
      // A stacked figure has two edges, and the one behind comes first.
      if (isEdge || child.classList.contains("box")) card = { ...size, isEdge };
    } else if (child.localName === "circle") {
      extend(box, Number(child.getAttribute("cx")), Number(child.getAttribute("cy")));
    } else if (child.localName === "path" && !NOT_AROUND.test(child.getAttribute("class"))) {
      extendBy(box, child.getAttribute("d"));
    }
  }
  return { x: Number(x), y: Number(y), box, card };
}

function sizeOf(rect) {
  const number = (name) => Number(rect.getAttribute(name));
  return { x: number("x"), y: number("y"), width: number("width"), height: number("height") };
}

function extend(box, x, y) {
  if (x < box.left) box.left = x;
  if (x > box.right) box.right = x;
  if (y < box.top) box.top = y;
  if (y > box.bottom) box.bottom = y;
}

/** Extend a box by the absolute positions in a path. The rest of a path is corners and arrow heads. */
function extendBy(box, path) {
  let [x, y] = [0, 0];
  for (const [, command, first, second] of path.matchAll(/([MLHV])(-?[\d.]+)(?: ?(-?[\d.]+))?/g)) {
    if (command === "V") y = Number(first);
    else x = Number(first);
    if (second !== undefined) y = Number(second);
    extend(box, x, y);
  }
}
