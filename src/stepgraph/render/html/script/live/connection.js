// A page of a server, which loads again after each change of what it shows.

const live = JSON.parse(find("stepgraph.live").textContent);
const connection = document.querySelector(".connection");
const liveStatus = document.querySelector(".masthead .status");
/** Functions that are called before the page loads again. */
const beforeLoad = [];

/** The shortest time between two loads, so that a file that changes all the time leaves time to read. */
const PAUSE = 500;
/** The time before another attempt to connect to a server that refuses connections. */
const RETRY = 2000;

function remembered(key) {
  try {
    const text = sessionStorage.getItem(key);
    sessionStorage.removeItem(key);
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function rememberForLoad(key, value) {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // The next page begins at its start.
  }
}

const lastLoad = Number(remembered("stepgraph.loaded") ?? 0);
let pendingLoad = null;

/** Return whether loading would interrupt the reader: in a dialog, or in a field of a form. */
function isBusy() {
  return Boolean(document.querySelector("dialog[open]")
    || document.activeElement?.closest(".requests :is(input, textarea, select)"));
}

/** Load the page again: now or, after a recent load or while the reader is busy, a little later. */
function load() {
  clearTimeout(pendingLoad);
  const wait = Math.min(PAUSE, Math.max(0, lastLoad + PAUSE - Date.now()));
  if (wait || isBusy()) {
    pendingLoad = setTimeout(load, Math.max(wait, 200));
    return;
  }
  for (const act of beforeLoad) act();
  rememberForLoad("stepgraph.loaded", Date.now());
  location.reload();
}

let stream = null, retry = null;

let shownMessage = "";

/** Return whether the page shows a message in place of its content. */
function isExplained(message) {
  const letters = (text) => text.replace(/[\s`]/g, "").toLowerCase();
  const explanation = document.querySelector(".explanation");
  return explanation !== null && letters(explanation.textContent).includes(letters(message));
}

function tell(message) {
  if (shownMessage !== message) connection.replaceChildren(...withCode(message));
  shownMessage = message;
  connection.hidden = !message || isExplained(message);
  liveStatus.hidden = Boolean(message);
}

function connect() {
  disconnect();
  stream = new EventSource(live.events);
  stream.addEventListener("message", ({ data }) => {
    tell("");
    if (data !== live.state) load();
  });
  stream.addEventListener("unreachable", ({ data }) => tell(data));
  stream.addEventListener("error", () => {
    tell(connection.dataset.stopped);
    // Browsers connect again by themselves, except after a response with an error and, in some, a refusal.
    if (stream.readyState === EventSource.CLOSED) retry = setTimeout(connect, RETRY);
  });
}

function disconnect() {
  clearTimeout(retry);
  stream?.close();
  stream = null;
}

// On a narrow screen, the link of the current view may be outside of the scroll area.
const currentView = document.querySelector(".views [aria-current]");
if (currentView) {
  const views = currentView.parentNode;
  views.scrollLeft = currentView.offsetLeft - (views.clientWidth - currentView.offsetWidth) / 2;
}

// A browser opens only six connections to a server, so hidden pages give theirs up.
document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
