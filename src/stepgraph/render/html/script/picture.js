const SMALLEST = 0.08;
const LARGEST = 4;
const READABLE = 0.7;
const MARGIN = 24;

/** A workflow with its picture, its folded frames and its scale. */
class Picture {
  constructor({ identity, definitions, folded, nodes }) {
    Object.assign(this, { identity, definitions, scale: 1, ready: false });
    this.section = find(`${identity}.section`);
    this.name = find(`${identity}.heading`).textContent;
    this.nodes = new Map(Object.entries(nodes));
    this.svg = this.section.querySelector("svg");
    this.viewport = this.section.querySelector(".viewport");
    this.groups = this.svg ? [...this.svg.querySelectorAll("g[id]")].filter(({ id }) => this.nodes.has(id)) : [];
    this.frames = this.svg ? [...this.svg.querySelectorAll("g.foldable")] : [];
    this.folded = new Set(folded);
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
      // The path of a band begins at its lower left corner.
      const [x, bottom] = frame.querySelector(":scope > .band").getAttribute("d").match(/-?\d+/g).map(Number);
      const title = frame.querySelector(":scope > title").textContent;
      const inside = this.nodes.get(frame.id)?.inside ?? "";
      const toggle = draw(
        "g",
        { class: "toggle", transform: `translate(${x - 1} ${bottom / 2})`, role: "button", tabindex: "-1",
          "aria-expanded": "true", "aria-label": inside ? `${title} · ${inside}` : title },
        draw("circle", { class: "reach", r: 12 }),
        draw("circle", { class: "disc", r: 7 }),
        draw("path", { d: "M-3-1.5 0 1.5 3-1.5" }),
      );
      frame.insertBefore(toggle, frame.lastElementChild);
    }
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

  /** Show summaries in the bands of folded frames, shortened if necessary. All texts are measured at once for speed. */
  tell() {
    const silent = (frame) => !frame.querySelector(":scope > .inside") && !this.isHidden(frame);
    const told = this.frames.filter((frame) => this.folded.has(frame.id) && silent(frame)).map((frame) => {
      const edge = edgeOf(frame);
      const [x, width] = [edge.getAttribute("x"), edge.getAttribute("width")].map(Number);
      const words = this.nodes.get(frame.id)?.inside ?? "";
      const heading = frame.querySelector(":scope > text");
      const end = x + width - 10;
      const span = draw("tspan", { class: "detail", x: end, y: 18 }, words);
      const text = draw("text", { class: "inside while-folded" }, span);
      frame.insertBefore(text, frame.lastElementChild);
      return { text, first: words.split(" · ")[0], heading, end };
    });
    const measured = told.map(({ text, first, heading, end }) => {
      const box = heading.getBBox();
      const part = first && text.getSubStringLength(0, first.length);
      return { room: end - box.x - box.width - 12, whole: text.getComputedTextLength(), part };
    });
    measured.forEach(({ room, whole, part }, index) => {
      if (whole > room) told[index].text.firstChild.textContent = part > room ? "" : told[index].first;
    });
  }

  /** Draw each frame as folded or open, and update the elements whose positions depend on it. */
  fold() {
    for (const frame of this.frames) {
      const isFolded = this.folded.has(frame.id);
      frame.classList.toggle("is-folded", isFolded);
      frame.querySelector(":scope > .toggle").setAttribute("aria-expanded", String(!isFolded));
    }
    this.figures = null;
    const known = lengths(this.definitions, this.folded);
    for (const one of this.varying) vary(one, known);
    // Hidden texts have no size.
    this.svg.classList.remove("is-small");
    this.tell();
    this.resize();
    const hiding = this.at && this.hiding(this.at);
    if (hiding) this.land(hiding);
    update();
  }

  /** Fold or unfold a frame, and keep its position on the screen. */
  toggle(frame, isFolded = !this.folded.has(frame.id)) {
    const before = frame.getBoundingClientRect().top;
    if (isFolded) this.folded.add(frame.id);
    else this.folded.delete(frame.id);
    this.fold();
    this.viewport.scrollTop += frame.getBoundingClientRect().top - before;
  }

  foldAll(isFolded) {
    this.folded = new Set(isFolded ? this.frames.map(({ id }) => id) : []);
    if (this.svg) this.fold();
  }

  resize() {
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
