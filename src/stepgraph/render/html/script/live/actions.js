// Forms that send requests to the API of the server. The server accepts them only from its own pages.

const requests = document.querySelector(".requests");
const outcome = requests?.querySelector(".outcome");

/** Return the body of the request of a form. Raises SyntaxError for text that is not JSON. */
function requestBody(form) {
  const { kind, body } = form.dataset;
  if (kind === "fixed") return body;
  if (kind === "choice") return form.elements.choice.value;
  const text = form.elements.json.value.trim();
  if (text) JSON.parse(text);
  if (kind === "json") return text || "null";
  const id = form.elements.id.value.trim();
  return JSON.stringify({ params: text || "null", ...(id ? { instance_id: id } : {}) });
}

async function sendRequest(form) {
  const { method, url, question, result } = form.dataset;
  if (question && !confirm(question)) return;
  const [send] = form.querySelectorAll("button");
  send.disabled = true;
  outcome.textContent = "";
  try {
    const response = await fetch(url, { method, body: requestBody(form), headers: { "Content-Type": "application/json" } });
    const { success, errors, result: value } = await response.json();
    if (!success) throw new Error(errors.map(({ message }) => message).join(" "));
    const details = form.closest("details");
    if (details) details.open = false;
    document.activeElement?.blur();
    if (result) location.assign(result + encodeURIComponent(value.id));
    else outcome.textContent = "Sent.";
  } catch (error) {
    outcome.textContent = error instanceof TypeError ? connection.dataset.stopped : error.message;
  } finally {
    send.disabled = false;
  }
}

if (requests) {
  requests.hidden = false;
  requests.addEventListener("submit", (event) => {
    event.preventDefault();
    sendRequest(event.target);
  });
  requests.addEventListener("toggle", ({ target }) => {
    if (target.open) target.querySelector("textarea, select")?.focus();
  }, true);
}

// What the reader has written stays when the page loads again.

const draftsKey = `stepgraph.drafts ${location.pathname}`;
const drafts = [...(requests?.querySelectorAll("details") ?? [])];
const draftName = (details) => details.querySelector("summary").textContent;

beforeLoad.push(() => {
  const open = drafts.filter((details) => details.open).map((details) => [
    draftName(details), [...details.querySelectorAll("input, textarea, select")].map(({ value }) => value)]);
  rememberForLoad(draftsKey, Object.fromEntries(open));
});

const keptDrafts = remembered(draftsKey) ?? {};
for (const details of drafts) {
  if (!Object.hasOwn(keptDrafts, draftName(details))) continue;
  details.open = true;
  const fields = [...details.querySelectorAll("input, textarea, select")];
  for (const [index, value] of keptDrafts[draftName(details)].entries()) {
    const field = fields[index];
    const isOption = field?.matches("select") && ![...field.options].some((option) => option.value === value);
    if (field && !isOption) field.value = value;
  }
}
