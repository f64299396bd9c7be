// The list of findings: its links to steps, and its initial state on narrow screens, where the picture needs the room.

if (matchMedia("(max-width:760px)").matches) {
  for (const list of document.querySelectorAll(".notes")) list.open = false;
}

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
