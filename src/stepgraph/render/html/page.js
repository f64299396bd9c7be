"use strict";

(() => {
  const SMALLEST = 0.08, LARGEST = 4, READABLE = 0.7, STEP = 1.25, MARGIN = 24;
  const find = (identity) => document.getElementById(identity);

  /** Return a new HTML element with attributes or listeners, and nodes or text in it: text never becomes markup. */
  function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(key, value);
      else element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  }

  function button(label, title, click, attributes = {}) {
    return make("button", { type: "button", title, "aria-label": title, click, ...attributes }, label);
  }

  /** Return a new SVG element. */
  function draw(name, attributes, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  /** Return the lengths that follow from their definitions while the frames of these identities are folded. */
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

  /** The attributes of an element that vary, each as text in turn with a variable and a number to add to it. */
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

  /** One workflow: its picture, what is folded in it, how large it is shown. */
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

    /** Make it ready to be shown, the first time. */
    show() {
      this.section.hidden = false;
      if (this.ready || !this.svg) return;
      this.ready = true;
      this.varying = [this.svg, ...this.svg.querySelectorAll("[data-vary]")].filter((one) => one.dataset.vary).flatMap(variations);
      this.prepareFrames();
      this.prepareNodes();
      if (this.folded.size) this.fold();
      const width = this.viewport.clientWidth / this.svg.width.baseVal.value;
      this.zoom(Math.min(1, Math.max(READABLE, width)));
      const offset = middle(this.svg.querySelector("circle.dot")).x - middle(this.viewport).x;
      if (offset > this.viewport.clientWidth / 6) this.viewport.scrollLeft += offset;
    }

    prepareFrames() {
      const heights = new Map();
      for (const [kind, name, , height] of this.definitions) {
        if (kind === "fold" && !heights.has(name)) heights.set(name, height);
      }
      for (const frame of this.frames) {
        const edge = frame.querySelector(":scope > .edge");
        const [x, y] = [Number(edge.getAttribute("x")), heights.get(frame.id) / 2];
        const title = frame.querySelector(":scope > title").textContent;
        const inside = this.nodes.get(frame.id)?.inside ?? "";
        const toggle = draw(
          "g",
          { class: "toggle", transform: `translate(${x - 1} ${y})`, role: "button", tabindex: "-1",
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
      if (this.groups.length) focusable(this.groups[0]).setAttribute("tabindex", "0");
    }

    /** Say in the bands of what is folded how much is in it, as far as there is room. All is measured at once: that is quick. */
    tell() {
      const silent = (frame) => !frame.querySelector(":scope > .inside") && !frame.parentNode.closest(".is-folded");
      const told = this.frames.filter((frame) => this.folded.has(frame.id) && silent(frame)).map((frame) => {
        const edge = frame.querySelector(":scope > .edge");
        const [x, width] = [edge.getAttribute("x"), edge.getAttribute("width")].map(Number);
        const words = this.nodes.get(frame.id)?.inside ?? "";
        const text = draw("text", { class: "inside while-folded" }, draw("tspan", { class: "detail", x: x + width - 10, y: 18 }, words));
        const heading = frame.querySelector(":scope > text");
        frame.insertBefore(text, frame.lastElementChild);
        return { text, words, first: words.split(" · ")[0], heading, end: x + width - 10 };
      });
      const measured = told.map(({ text, first, heading, end }) => {
        const box = heading.getBBox();
        return [end - box.x - box.width - 12, text.getComputedTextLength(), first && text.getSubStringLength(0, first.length)];
      });
      measured.forEach(([room, whole, part], index) => {
        if (whole > room) told[index].text.firstChild.textContent = part > room ? "" : told[index].first;
      });
    }

    /** Draw what is folded as folded, and the rest where it then is. */
    fold() {
      for (const frame of this.frames) {
        const isFolded = this.folded.has(frame.id);
        frame.classList.toggle("is-folded", isFolded);
        frame.querySelector(":scope > .toggle").setAttribute("aria-expanded", String(!isFolded));
      }
      const known = lengths(this.definitions, this.folded);
      for (const one of this.varying) vary(one, known);
      this.tell();
      this.resize();
    }

    /** Fold a frame or unfold it, which stays where it is on the screen. */
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

    /** Show it at another scale; what is at a point of the screen stays there. */
    zoom(scale, at = middle(this.viewport)) {
      const before = this.svg.getBoundingClientRect();
      const old = this.scale;
      this.scale = Math.min(LARGEST, Math.max(SMALLEST, scale));
      this.resize();
      const now = this.svg.getBoundingClientRect();
      this.viewport.scrollLeft += now.left + ((at.x - before.left) / old) * this.scale - at.x;
      this.viewport.scrollTop += now.top + ((at.y - before.top) / old) * this.scale - at.y;
      percent.textContent = `${Math.round(this.scale * 100)} %`;
    }

    fit() {
      const { clientWidth, clientHeight } = this.viewport;
      this.zoom(Math.min(1, clientWidth / this.svg.getAttribute("width"), clientHeight / this.svg.getAttribute("height")));
    }

    /** Unfold what hides a node, and bring it into view. */
    reveal(group) {
      const hiding = this.frames.filter((frame) => frame !== group && frame.contains(group) && this.folded.has(frame.id));
      for (const frame of hiding) this.folded.delete(frame.id);
      if (hiding.length) this.fold();
      const box = group.querySelector(":scope > .edge, :scope > .box").getBoundingClientRect();
      const view = this.viewport.getBoundingClientRect();
      const height = Math.min(box.height, view.height / 2);
      const isSeenAcross = box.left >= view.left + MARGIN && box.right <= view.right - MARGIN;
      if (isSeenAcross && box.top >= view.top + MARGIN && box.top + height <= view.bottom - MARGIN) return;
      const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
      const left = box.left + box.width / 2 - view.left - view.width / 2;
      this.viewport.scrollBy({ left, top: box.top + height / 2 - view.top - view.height / 2, behavior });
    }

    /** Return the nodes that are not within something folded. */
    visible() {
      return this.groups.filter((group) => !group.parentNode.closest(".is-folded"));
    }
  }

  const pictures = JSON.parse(find("stepgraph.data").textContent).map((entry) => new Picture(entry));
  const around = (target) => target.closest?.("[data-node]");
  const focusable = (group) => group.querySelector(":scope > .toggle") ?? group;
  const owner = (identity) => pictures.find((one) => one.identity === identity || one.nodes.has(identity));

  function middle(element) {
    const box = element.getBoundingClientRect();
    return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
  }

  /** Make a node the one that the keyboard is at. */
  function focus(group) {
    for (const one of current.svg.querySelectorAll("[tabindex='0']")) one.setAttribute("tabindex", "-1");
    focusable(group).setAttribute("tabindex", "0");
    focusable(group).focus({ preventScroll: true });
  }

  function remember(identity) {
    try {
      history.replaceState(null, "", `#${identity}`);
    } catch {
      // A page without an address of its own: there is nothing to link to.
    }
  }

  // The side panel.

  const panel = make("aside", { class: "details", "aria-label": "Details", hidden: "" });
  let selected = null;

  function select(group) {
    selected?.classList.remove("is-selected");
    selected = group;
    group.classList.add("is-selected");
    panel.replaceChildren(...details(group));
    panel.hidden = false;
    remember(group.id);
  }

  function unselect() {
    if (!selected) return;
    const [group, hadFocus] = [selected, panel.contains(document.activeElement)];
    selected.classList.remove("is-selected");
    selected = null;
    panel.hidden = true;
    if (hadFocus && owner(group.id) === current) focus(group);
  }

  function details(group) {
    const fact = current.nodes.get(group.id);
    const list = make("dl");
    for (const [label, value, remark] of fact.rows ?? []) list.append(...row(label, value, remark));
    if (fact.inside) list.append(...row("Inside", fact.inside));
    const path = current.groups.filter((one) => one !== group && one.contains(group));
    if (path.length) list.append(make("dt", {}, "In"), make("dd", { class: "path" }, ...path.map(pathButton)));
    if (fact.place) list.append(make("dt", {}, "Source"), make("dd", {}, make("code", {}, ...breakable(fact.place))));
    const link = make("a", { class: "link", href: `#${group.id}` }, "Link to this");
    return [
      make("header", {}, make("h2", {}, fact.name), make("button", { class: "close", "aria-label": "Close", title: "Close (Esc)", click: unselect }, "×")),
      make("p", { class: "kind" }, fact.kind),
      list,
      make("p", { class: "actions" }, link, ...(navigator.clipboard ? [copyButton(link)] : [])),
    ];
  }

  function row(label, value, remark) {
    const told = remark ? [make("span", { class: remark === "default" ? "remark tag" : "remark" }, remark)] : [];
    return [make("dt", {}, label), make("dd", {}, value, ...told)];
  }

  /** Return a path as text that may be broken after each slash. */
  function breakable(place) {
    return place.split("/").flatMap((part, index) => (index ? ["/", make("wbr"), part] : [part]));
  }

  function pathButton(group) {
    return make("button", { click: () => { select(group); current.reveal(group); focus(group); } }, current.nodes.get(group.id).name);
  }

  function copyButton(link) {
    const button = make("button", { class: "link" }, "Copy link");
    const say = (word) => () => { button.textContent = word; };
    button.addEventListener("click", () => navigator.clipboard.writeText(link.href).then(say("Copied"), say("Not allowed here")));
    return button;
  }

  // Tabs, of which there are none for a single workflow.

  let current = pictures[0];
  const tabs = make("div", { class: "tabs", role: "tablist", "aria-label": "Workflows" });
  for (const one of pictures) {
    const { identity, section } = one;
    one.tab = make("button", { role: "tab", id: `${identity}.tab`, "aria-controls": section.id, title: one.name,
      click: () => { open(one); remember(identity); } }, one.name);
    tabs.append(one.tab);
    if (pictures.length > 1) section.setAttribute("role", "tabpanel");
  }
  tabs.addEventListener("keydown", (event) => {
    const last = pictures.length - 1, at = pictures.indexOf(current);
    const next = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at ? at - 1 : last, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    pictures[next].tab.click();
    current.tab.focus();
  });

  function open(picture) {
    if (picture !== current) unselect();
    current = picture;
    for (const one of pictures) {
      one.section.hidden = one !== picture;
      one.tab.setAttribute("aria-selected", String(one === picture));
      one.tab.tabIndex = one === picture ? 0 : -1;
    }
    picture.show();
    tools.hidden = !picture.svg;
    percent.textContent = `${Math.round(picture.scale * 100)} %`;
  }

  /** Open what an address of this page says: a workflow, or a node with the panel. */
  function follow() {
    const identity = decodeURIComponent(location.hash.slice(1));
    const picture = owner(identity);
    if (!picture) return;
    open(picture);
    const group = picture.nodes.has(identity) && picture.groups.find(({ id }) => id === identity);
    if (!group) return;
    select(group);
    picture.reveal(group);
    focus(group);
  }

  // Search, through all workflows, beginning with the one that is open.

  const field = make("input", { type: "search", placeholder: "Find a step", "aria-label": "Find a step", title: "Find (/)",
    "aria-keyshortcuts": "/", spellcheck: "false", autocomplete: "off" });
  const count = make("output", { "aria-live": "polite", hidden: "" });
  const previous = button("‹", "Previous (Shift+Enter)", () => go(here - 1), { hidden: "" });
  const next = button("›", "Next (Enter)", () => go(here + 1), { hidden: "" });
  let hits = [], here = 0;

  function search() {
    for (const one of hits) one.classList.remove("is-hit", "is-here");
    const text = field.value.trim().toLowerCase();
    const first = pictures.indexOf(current);
    const order = [...pictures.slice(first), ...pictures.slice(0, first)];
    const matches = (one) => ({ id }) => one.nodes.get(id).found && one.nodes.get(id).name.toLowerCase().includes(text);
    hits = text ? order.flatMap((one) => one.groups.filter(matches(one))) : [];
    for (const one of hits) one.classList.add("is-hit");
    count.textContent = text && !hits.length ? "none" : "";
    for (const one of [count, previous, next]) one.hidden = !text;
    go(0);
  }

  function go(index) {
    if (!hits.length) return;
    hits[here]?.classList.remove("is-here");
    here = (index + hits.length) % hits.length;
    const group = hits[here], picture = owner(group.id);
    group.classList.add("is-here");
    count.textContent = `${here + 1} of ${hits.length}`;
    if (picture !== current) open(picture);
    picture.reveal(group);
    if (!panel.hidden) select(group);
  }

  field.addEventListener("input", search);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") go(here + (event.shiftKey ? -1 : 1));
    if (event.key !== "Escape") return;
    event.stopPropagation();
    const group = hits[here];
    field.value = "";
    search();
    field.blur();
    if (group) focus(group);
  });

  // The toolbar.

  const zoomBy = (factor) => current.svg && current.zoom(current.scale * factor);
  const actions = {
    "+": () => zoomBy(STEP),
    "=": () => zoomBy(STEP),
    "-": () => zoomBy(1 / STEP),
    0: () => current.svg && current.zoom(1),
    f: () => current.svg && current.fit(),
    "/": () => field.select(),
    Escape: unselect,
  };
  const percent = button("100 %", "Zoom to 100 % (0)", actions[0], { class: "zoom", "aria-keyshortcuts": "0" });
  const tools = make(
    "div",
    { class: "tools", role: "toolbar", "aria-label": "Picture" },
    make("div", { class: "group search" }, field, count, previous, next),
    make("div", { class: "group" },
      make("button", { click: () => current.foldAll(true) }, "Fold all"), make("button", { click: () => current.foldAll(false) }, "Unfold all")),
    make("div", { class: "group" },
      button("−", "Zoom out (-)", actions["-"], { "aria-keyshortcuts": "-" }), percent,
      button("+", "Zoom in (+)", actions["+"], { "aria-keyshortcuts": "+" }),
      make("button", { title: "Show all of it (f)", "aria-keyshortcuts": "f", click: actions.f }, "Fit")),
  );

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target === field || event.ctrlKey || event.metaKey || event.altKey;
    if (isTyping || event.defaultPrevented || !Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  });

  // The pointer and the keyboard in a picture.

  function onClick(event) {
    const group = around(event.target);
    if (!group) return unselect();
    const isOwn = event.target.closest("g") === group && !event.target.matches(".edge");
    if (event.target.closest(".toggle") || (group.matches(".foldable") && isOwn)) {
      current.toggle(group);
      if (!panel.hidden) select(group);
    } else {
      select(group);
    }
    focus(group);
  }

  function onKey(event) {
    const group = around(event.target);
    if (!group || event.ctrlKey || event.metaKey || event.altKey) return;
    const nodes = current.visible(), at = nodes.indexOf(group), canFold = group.matches(".foldable");
    const isFolded = current.folded.has(group.id);
    const move = (to) => { if (to) { focus(to); current.reveal(to); if (!panel.hidden) select(to); } };
    const press = () => (canFold ? current.toggle(group) : select(group));
    const keys = {
      Enter: press,
      " ": press,
      i: () => select(group),
      ArrowDown: () => move(nodes[at + 1]),
      ArrowUp: () => move(nodes[at - 1]),
      ArrowRight: () => (canFold && isFolded ? current.toggle(group) : move(nodes[at + 1])),
      ArrowLeft: () => (canFold && !isFolded ? current.toggle(group) : move(around(group.parentNode))),
      Home: () => move(nodes[0]),
      End: () => move(nodes.at(-1)),
    };
    if (!Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  }

  /** Let a mouse drag the picture, with its first or its middle button. */
  function letDrag(viewport) {
    let from = null, isDragged = false;
    viewport.addEventListener("mousedown", (event) => { if (event.button === 1) event.preventDefault(); });
    viewport.addEventListener("pointerdown", ({ pointerType, button: pressed, clientX, clientY, offsetX, offsetY, target }) => {
      const onScrollBar = target === viewport && (offsetX > viewport.clientWidth || offsetY > viewport.clientHeight);
      isDragged = false;
      if (pointerType === "mouse" && pressed < 2 && !onScrollBar) from = { x: clientX, y: clientY };
    });
    viewport.addEventListener("pointermove", (event) => {
      if (!from) return;
      const [x, y] = [event.clientX - from.x, event.clientY - from.y];
      if (!isDragged && Math.hypot(x, y) < 5) return;
      if (!isDragged) viewport.setPointerCapture(event.pointerId);
      isDragged = true;
      viewport.classList.add("is-dragging");
      viewport.scrollLeft -= x;
      viewport.scrollTop -= y;
      from = { x: event.clientX, y: event.clientY };
    });
    const end = () => { from = null; viewport.classList.remove("is-dragging"); };
    viewport.addEventListener("pointerup", end);
    viewport.addEventListener("pointercancel", end);
    viewport.addEventListener("click", (event) => { if (isDragged) event.stopPropagation(); }, true);
  }

  function onWheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    current.zoom(current.scale * Math.exp((-event.deltaY * lines) / 300), { x: event.clientX, y: event.clientY });
  }

  for (const { viewport } of pictures) {
    if (!viewport) continue;
    viewport.addEventListener("click", onClick);
    viewport.addEventListener("keydown", onKey);
    viewport.addEventListener("wheel", onWheel, { passive: false });
    letDrag(viewport);
  }

  if (!pictures.length) return;
  const masthead = document.querySelector(".masthead");
  if (pictures.length > 1) masthead.append(tabs);
  masthead.append(tools);
  document.querySelector("main").append(panel);
  document.documentElement.classList.add("js");
  document.body.classList.toggle("tabbed", pictures.length > 1);
  addEventListener("hashchange", follow);
  open(current);
  follow();
  // Once more when browsers have scrolled to what the address says, which they do without regard for what is around it.
  addEventListener("load", () => requestAnimationFrame(follow));
})();
