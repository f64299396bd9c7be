// Links from the list of findings to their steps.

document.querySelector("main").addEventListener("click", (event) => {
  const link = event.target.closest?.("a.place");
  const identity = link?.getAttribute("href").slice(1);
  const picture = link && owner(identity);
  const group = picture?.groups.find(({ id }) => id === identity);
  if (!group) return;
  event.preventDefault();
  if (picture !== current) open(picture);
  select(group);
  picture.reveal(group);
  focus(group);
});
