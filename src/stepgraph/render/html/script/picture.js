const SMALLEST = 0.08;
const LARGEST = 4;
const READABLE = 0.7;
const MARGIN = 24;
/** The minimum distance in pixels from the pointer to the sides of a frame that it has folded or unfolded. */
const NEAR = 8;
/** The number of nodes from which only those near the visible part are drawn. */
const CULLED_FROM = 200;
/** A drawn area is replaced once it is this many times as high as needed, after enlarging the picture. */
const WASTED = 6;

const bounded = (scale) => Math.min(LARGEST, Math.max(SMALLEST, scale));

/** Return whether a drawn area contains another one, and is not much larger. */
function drawsFor(drawn, { left, top, right, bottom }) {
  return Boolean(drawn) && drawn.left <= left && drawn.top <= top && drawn.right >= right && drawn.bottom >= bottom
    && drawn.bottom - drawn.top < WASTED * (bottom - top);
}

/** A workflow with its picture, its folded frames and its scale. */
class Picture {
  constructor({ identity, lengths, folded, nodes, rows }) {
    Object.assign(this, { identity, lengths, scale: 1, ready: false, isPlaced: false, isWhole: false });
    this.drawn = null; // the area in which groups are drawn, at a scale of 1
    this.gesture = null; // the gesture that zooms the picture
    this.section = find(`${identity}.section`);
    this.name = find(`${identity}.heading`).textContent;
    this.nodes = new Map(Object.entries(nodes));
    for (const fact of this.nodes.values()) fact.rows &&= fact.rows.map((index) => rows[index]);
    this.svg = this.section.querySelector("svg");
    this.viewport = this.section.querySelector(".viewport");
    this.groups = this.svg ? [...this.svg.querySelectorAll("g[id]")].filter(({ id }) => this.nodes.has(id)) : [];
    this.frames = this.svg ? [...this.svg.querySelectorAll("g.foldable")] : [];
    this.folded = new Set(folded);
    this.moved = new Map(); // the distance by which folding has moved the spine of each frame
  }

  /** Show the section, and prepare its picture the first time. */
  show() {
    this.section.hidden = false;
    if (this.ready || !this.svg) return;
    this.ready = true;
    watch(this);
    const inside = [...this.svg.querySelectorAll("[data-vary]")];
    this.varying = (this.svg.dataset.vary ? [this.svg, ...inside] : inside).flatMap(variations);
    this.regions = new Regions(this.svg);
    this.beginning = this.svg.querySelector("circle.dot").parentNode;
    this.prepareFrames();
    this.prepareNodes();
    this.fold();
    const width = this.viewport.clientWidth / this.svg.getAttribute("width");
    this.zoom(Math.min(1, Math.max(READABLE, width)));
    const offset = this.box(this.beginning).left - middle(this.viewport).x;
    if (offset > this.viewport.clientWidth / 6) this.viewport.scrollLeft += offset;
    this.cull();
    // Before this, the browser does not draw the picture.
    this.viewport.classList.add("is-ready");
  }

  prepareFrames() {
    for (const frame of this.frames) {
      const title = frame.querySelector(":scope > title").textContent;
      const inside = this.nodes.get(frame.id)?.inside ?? "";
      const toggle = draw(
        "g",
        { class: "toggle", role: "button", tabindex: "-1", "aria-expanded": "true",
          "aria-label": inside ? `${title} · ${inside}` : title },
        draw("circle", { class: "reach", r: 12 }),
        draw("circle", { class: "disc", r: 7 }),
        draw("path", { d: "M-3-1.5 0 1.5 3-1.5" }),
      );
      frame.insertBefore(toggle, frame.lastElementChild);
    }
  }

  /** Put the toggle of a frame at the left end of its band or, while it is folded, at the middle of its left side. */
  placeToggle(frame) {
    const edge = edgeOf(frame), height = this.folded.has(frame.id) ? edge.getAttribute("height") : bandOf(frame);
    focusable(frame).setAttribute("transform", `translate(${edge.getAttribute("x") - 1} ${height / 2})`);
  }

  prepareNodes() {
    for (const group of this.groups) {
      group.setAttribute("data-node", "");
      const focused = focusable(group);
      if (focused === group) {
        group.setAttribute("role", group.matches(".frame") ? "group" : "button");
        group.setAttribute("tabindex", "-1");
      }
    }
    this.land(this.groups[0]);
  }

  /** Make a node the only one that the Tab key reaches. */
  land(group) {
    if (this.at) focusable(this.at).setAttribute("tabindex", "-1");
    this.at = group;
    if (group) focusable(group).setAttribute("tabindex", "0");
  }

  /** Return the outermost folded frame that hides a node, if any. */
  hiding(group) {
    return this.frames.find((frame) => frame !== group && this.folded.has(frame.id) && frame.contains(group));
  }

  /** Return whether a folded frame hides a node. */
  isHidden(group) {
    return this.regions.hides(group);
  }

  /** Draw each frame as folded or open, and update the elements whose positions depend on it. */
  fold() {
    endGesture(this);
    const moved = new Set();
    for (const frame of this.frames) {
      const isFolded = this.folded.has(frame.id);
      if (this.isPlaced && frame.classList.contains("is-folded") === isFolded) continue;
      moved.add(frame);
      frame.classList.toggle("is-folded", isFolded);
      focusable(frame).setAttribute("aria-expanded", String(!isFolded));
    }
    this.figures = new Map(); // by the indexes of their groups, once they are needed
    const lengths = evaluate(this.lengths, this.folded);
    for (const { element } of this.varying.filter((one) => vary(one, lengths))) {
      this.regions.forget(element);
      if (element.matches(".foldable > .edge")) moved.add(element.parentNode);
    }
    for (const frame of moved) this.placeToggle(frame);
    this.regions.place(this.folded);
    this.drawn = null;
    this.isPlaced = true;
    offerDetails(null);
    this.resize();
    this.cull();
    const hiding = this.at && this.hiding(this.at);
    if (hiding) this.land(hiding);
    update();
  }

  /** Return the card or the frame of a node on the screen, or the origin of another group. It need not be drawn. */
  box(group) {
    const { left, top } = this.svg.getBoundingClientRect(), { scale } = this;
    const place = this.regions.placeOf(group), box = { left: left + place.left * scale, top: top + place.top * scale,
      width: place.width * scale, height: place.height * scale };
    return { ...box, right: box.left + box.width, bottom: box.top + box.height };
  }

  /** Fold or unfold a frame, and keep it below the pointer. Unfolding returns to the position before folding. */
  toggle(frame, pointer = middle(focusable(frame))) {
    const { left: before, top } = this.box(frame), spine = before + this.spineOf(frame);
    const isFolding = !this.folded.delete(frame.id);
    if (isFolding) this.folded.add(frame.id);
    this.fold();
    const left = -this.spineOf(frame), right = left + this.box(frame).width;
    let to = spine - (this.moved.get(frame) ?? 0) * this.scale;
    if (isFolding) {
      to = Math.max(pointer.x + NEAR - right, Math.min(pointer.x - NEAR - left, spine));
      this.moved.set(frame, (to - spine) / this.scale);
    }
    this.move(frame, to + left, Math.max(top, pointer.y + NEAR - bandOf(frame) * this.scale));
  }

  /** Return the distance on the screen from the left side of a frame to its spine. */
  spineOf(frame) {
    return (this.regions.origin(frame).left - this.regions.placeOf(frame).left) * this.scale;
  }

  /** Fold all frames and show all of the picture, or unfold them and keep the beginning where it is. */
  foldAll(isFolded) {
    if (!this.svg) return;
    const before = this.box(this.beginning);
    this.folded = new Set(isFolded ? this.frames.map(({ id }) => id) : []);
    this.fold();
    if (isFolded) this.fit();
    else this.move(this.beginning, before.left, before.top);
  }

  /** Move a group to a position on the screen: scroll, and beyond the ends of the picture add margins. */
  move(group, left, top) {
    const { style } = this.svg, view = this.viewport.getBoundingClientRect();
    const offset = () => {
      const box = this.box(group);
      return [Math.round(left - box.left), Math.round(top - box.top)];
    };
    const scroll = () => this.viewport.scrollBy(...offset().map((distance) => -distance));
    scroll();
    const [x, y] = offset(), picture = this.svg.getBoundingClientRect();
    if (x) style.marginLeft = `${Math.max(0, picture.left - view.left + x)}px`;
    if (y > 0) style.marginTop = `${y}px`;
    if (y < 0) style.marginBottom = `${-y}px`;
    scroll();
  }

  resize() {
    this.svg.style.margin = this.svg.style.transform = "";
    this.svg.style.width = `${this.svg.getAttribute("width") * this.scale}px`;
    this.svg.style.height = `${this.svg.getAttribute("height") * this.scale}px`;
  }

  /** Change the scale, and keep the point `at` in its position on the screen. */
  zoom(scale, at = middle(this.viewport)) {
    endGesture(this);
    const before = this.svg.getBoundingClientRect();
    const old = this.scale;
    this.scale = bounded(scale);
    this.resize();
    const now = this.svg.getBoundingClientRect();
    this.viewport.scrollLeft += now.left + ((at.x - before.left) / old) * this.scale - at.x;
    this.viewport.scrollTop += now.top + ((at.y - before.top) / old) * this.scale - at.y;
    this.tellScale();
    update();
  }

  tellScale() {
    percent.textContent = `${Math.round(this.scale * 100)} %`;
  }

  fit() {
    const { clientWidth, clientHeight } = this.viewport;
    const [width, height] = ["width", "height"].map((name) => this.svg.getAttribute(name));
    this.zoom(Math.min(1, clientWidth / width, clientHeight / height));
  }

  /** Unfold the frames that hide a node, and scroll it into view. */
  reveal(group) {
    endGesture(this);
    if (this.hiding(group)) {
      for (let frame = this.hiding(group); frame; frame = this.hiding(group)) this.folded.delete(frame.id);
      this.fold();
    }
    const box = this.box(group), view = this.viewport.getBoundingClientRect();
    const height = Math.min(box.height, view.height / 2);
    const isSeenAcross = box.left >= view.left + MARGIN && box.right <= view.right - MARGIN;
    if (isSeenAcross && box.top >= view.top + MARGIN + ROW && box.top + height <= view.bottom - MARGIN) return;
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    const left = box.left + box.width / 2 - view.left - view.width / 2;
    this.viewport.scrollBy({ left, top: box.top + height / 2 - view.top - view.height / 2, behavior });
  }

  /** Return the nodes that no folded frame hides. */
  visible() {
    return this.groups.filter((group) => !this.isHidden(group));
  }

  /** Draw only the groups near the visible part, if the picture is large. */
  cull(area = visibleArea(this)) {
    if (this.groups.length < CULLED_FROM || this.isWhole || drawsFor(this.drawn, this.areaAround(area, 0.3))) return;
    this.drawn = this.areaAround(area, 1);
    this.regions.cull(this.drawn);
  }

  /** Return the visible area in pixels at a scale of 1, extended on each side by a part of its size. */
  areaAround({ x, y, width, height }, part) {
    const { scale } = this, [across, down] = [width * part, height * part];
    return { left: (-x - across) / scale, top: (-y - down) / scale,
      right: (width + across - x) / scale, bottom: (height + down - y) / scale };
  }

  /** Draw all groups, or only those near the visible part again. */
  drawWhole(isWhole) {
    if (!this.regions || this.isWhole === isWhole) return;
    this.isWhole = isWhole;
    this.drawn = null;
    if (isWhole) this.regions.drawAll();
    else update();
  }
}
