// The search in a list of workflows or instances, which survives a change of the project.

const narrow = document.querySelector(".narrow");
const filter = document.querySelector(".filter");
const states = document.querySelector(".states");
const items = [...document.querySelectorAll(".list li")];
const count = document.querySelector(".count");
const total = count?.textContent;
const filterKey = `stepgraph.filter ${location.pathname}`;

function showMatches() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean), state = states?.value ?? "";
  let shown = 0;
  for (const item of items) {
    const text = item.textContent.toLowerCase();
    item.hidden = !words.every((word) => text.includes(word)) || (state !== "" && item.dataset.state !== state);
    shown += item.hidden ? 0 : 1;
  }
  for (const section of document.querySelectorAll(".list section")) {
    section.hidden = !section.querySelector("li:not([hidden])");
  }
  count.textContent = words.length || state ? `${shown} of ${total}` : total;
}

if (narrow) {
  narrow.hidden = false;
  filter.addEventListener("input", showMatches);
  filter.addEventListener("keydown", (event) => {
    if (event.key === "Enter") items.find((item) => !item.hidden)?.querySelector("a").click();
    if (event.key === "Escape" && filter.value) {
      event.preventDefault();
      filter.value = "";
      showMatches();
    }
  });
  states?.addEventListener("change", showMatches);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input, textarea, select")) return;
    event.preventDefault();
    filter.focus();
  });
  const saved = remembered(filterKey);
  if (saved) {
    filter.value = saved.text;
    if (states && [...states.options].some(({ value }) => value === saved.state)) states.value = saved.state;
    if (saved.isFocused) {
      filter.focus({ preventScroll: true });
      filter.setSelectionRange(saved.text.length, saved.text.length);
    }
  }
  beforeLoad.push(() => rememberForLoad(filterKey, { text: filter.value, state: states?.value ?? "",
    isFocused: document.activeElement === filter }));
  showMatches();
}
