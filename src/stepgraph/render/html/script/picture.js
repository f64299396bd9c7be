const SMALLEST = 0.08;
const LARGEST = 4;
const READABLE = 0.7;
const MARGIN = 24;
/** The minimum distance in pixels from the pointer to the sides of a frame that it has folded or unfolded. */
const NEAR = 8;

/** A workflow with its picture, its folded frames and its scale. */
class Picture {
  constructor({ identity, lengths, folded, nodes }) {
    Object.assign(this, { identity, lengths, scale: 1, ready: false });
    this.section = find(`${identity}.section`);
    this.name = find(`${identity}.heading`).textContent;
    this.nodes = new Map(Object.entries(nodes));
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
    this.prepareFrames();
    this.prepareNodes();
    if (this.folded.size) this.fold();
    const width = this.viewport.clientWidth / this.svg.width.baseVal.value;
    this.zoom(Math.min(1, Math.max(READABLE, width)));
    const offset = middle(this.svg.querySelector("circle.dot")).x - middle(this.viewport).x;
    if (offset > this.viewport.clientWidth / 6) this.viewport.scrollLeft += offset;
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
      this.placeToggle(frame);
    }
  }

  /** Put the toggle of a frame at the left end of its band or, while it is folded, at the middle of its left side. */
  placeToggle(frame) {
    const edge = edgeOf(frame), height = this.folded.has(frame.id) ? edge.getAttribute("height") : bandOf(frame);
    const transform = `translate(${edge.getAttribute("x") - 1} ${height / 2})`;
    const toggle = frame.querySelector(":scope > .toggle");
    if (toggle.getAttribute("transform") !== transform) toggle.setAttribute("transform", transform);
  }

  prepareNodes() {
    for (const group of this.groups) {
      group.dataset.node = "";
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

  /** Return whether a folded frame hides a node. For all nodes, this is faster than a search through all frames. */
  isHidden(group) {
    return group.parentNode.closest(".is-folded") !== null;
  }

  /** Draw each frame as folded or open, and update the elements whose positions depend on it. */
  fold() {
    for (const frame of this.frames) {
      const isFolded = this.folded.has(frame.id);
      frame.classList.toggle("is-folded", isFolded);
      frame.querySelector(":scope > .toggle").setAttribute("aria-expanded", String(!isFolded));
    }
    this.figures = null;
    const known = evaluate(this.lengths, this.folded);
    for (const one of this.varying) vary(one, known);
    for (const frame of this.frames) this.placeToggle(frame);
    offerDetails(null);
    this.resize();
    const hiding = this.at && this.hiding(this.at);
    if (hiding) this.land(hiding);
    update();
  }

  /** Fold or unfold a frame, and keep it below the pointer. Unfolding returns to the position before folding. */
  toggle(frame, pointer = middle(focusable(frame))) {
    const edge = edgeOf(frame), { top } = edge.getBoundingClientRect(), spine = frame.getScreenCTM().e;
    const isFolding = !this.folded.delete(frame.id);
    if (isFolding) this.folded.add(frame.id);
    this.fold();
    const box = edge.getBoundingClientRect(), left = box.left - frame.getScreenCTM().e, right = left + box.width;
    let to = spine - (this.moved.get(frame) ?? 0) * this.scale;
    if (isFolding) {
      to = Math.max(pointer.x + NEAR - right, Math.min(pointer.x - NEAR - left, spine));
      this.moved.set(frame, (to - spine) / this.scale);
    }
    this.move(edge, to + left, Math.max(top, pointer.y + NEAR - bandOf(frame) * this.scale));
  }

  /** Fold all frames and show all of the picture, or unfold them and keep the beginning where it is. */
  foldAll(isFolded) {
    if (!this.svg) return;
    const beginning = this.svg.querySelector("circle.dot"), before = beginning.getBoundingClientRect();
    this.folded = new Set(isFolded ? this.frames.map(({ id }) => id) : []);
    this.fold();
    if (isFolded) this.fit();
    else this.move(beginning, before.left, before.top);
  }

  /** Move an element to a position on the screen: scroll, and beyond the ends of the picture add margins. */
  move(element, left, top) {
    const { style } = this.svg, view = this.viewport.getBoundingClientRect();
    const offset = () => {
      const box = element.getBoundingClientRect();
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
    this.svg.style.margin = "";
    this.svg.style.width = `${this.svg.getAttribute("width") * this.scale}px`;
    this.svg.style.height = `${this.svg.getAttribute("height") * this.scale}px`;
  }

  /** Change the scale, and keep the point `at` in its position on the screen. */
  zoom(scale, at = middle(this.viewport)) {
    const before = this.svg.getBoundingClientRect();
    const old = this.scale;
    this.scale = Math.min(LARGEST, Math.max(SMALLEST, scale));
    this.resize();
    const now = this.svg.getBoundingClientRect();
    this.viewport.scrollLeft += now.left + ((at.x - before.left) / old) * this.scale - at.x;
    this.viewport.scrollTop += now.top + ((at.y - before.top) / old) * this.scale - at.y;
    percent.textContent = `${Math.round(this.scale * 100)} %`;
    update();
  }

  fit() {
    const { clientWidth, clientHeight } = this.viewport;
    const [width, height] = ["width", "height"].map((name) => this.svg.getAttribute(name));
    this.zoom(Math.min(1, clientWidth / width, clientHeight / height));
  }

  /** Unfold the frames that hide a node, and scroll it into view. */
  reveal(group) {
    if (this.hiding(group)) {
      for (let frame = this.hiding(group); frame; frame = this.hiding(group)) this.folded.delete(frame.id);
      this.fold();
    }
    const box = group.querySelector(":scope > .edge, :scope > .box").getBoundingClientRect();
    const view = this.viewport.getBoundingClientRect();
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
}
