// The language of searches: words, and filters such as `retries:>5`.

const DURATIONS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
// The engine takes any other word after a number for milliseconds.
const ENGINE_UNITS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000,
  month: 2_592_000_000, year: 31_557_600_000 };

/** Return a text without accents and case. */
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Return the milliseconds of a duration in the source, or NaN. */
function engineDuration(text) {
  const [, number, unit] = text.match(/^(\S+)(?: +(\w+?)s?)?$/) ?? [];
  return Number(number) * (ENGINE_UNITS[unit] ?? 1);
}

/** Return the milliseconds of a duration in a search, such as `10m` or `2h`, or NaN. */
function shortDuration(text) {
  const [, number, unit] = text.match(/^([\d.]+)(ms|[smhdw])?[a-z]*$/) ?? [];
  return Number(number) * DURATIONS[unit ?? "ms"];
}

const valueOf = (entry, label) => entry.fact.rows?.find((row) => row[0] === label)?.[1];
const startsWith = (text) => (value) => text !== undefined && plain(text).startsWith(value);
const contains = (text) => (value) => text !== undefined && plain(text).includes(value);

/** Return a test of a row with a number. Without a number in the search, each node with such a row passes. */
function compares(row, read, readLimit) {
  return (entry) => (value) => {
    const text = valueOf(entry, row);
    const [, operator, limit] = value.match(/^([<>]=?|=?)(.*)$/);
    if (text === undefined || !limit) return text !== undefined;
    const [number, other] = [read(text), readLimit(limit)];
    const isLess = number < other, isEqual = number === other;
    return { "<": isLess, "<=": isLess || isEqual, ">": number > other, ">=": number >= other }[operator] ?? isEqual;
  };
}

/** The filters, each with the row that it is about, if there is one. */
const filters = {
  kind: { test: (entry) => startsWith(entry.fact.category) },
  retries: { row: "Retries", test: compares("Retries", Number, Number) },
  delay: { row: "Retry delay", test: compares("Retry delay", engineDuration, shortDuration) },
  timeout: { row: "Timeout", test: compares("Timeout", engineDuration, shortDuration) },
  duration: { row: "Duration", test: compares("Duration", engineDuration, shortDuration) },
  event: { row: "Event type", test: (entry) => contains(valueOf(entry, "Event type")) },
  file: { test: (entry) => contains(entry.fact.place) },
  in: { test: ({ path }) => (value) => path.some((one) => one.fact.category === value || one.plain.includes(value)) },
  workflow: { test: (entry) => contains(entry.picture.name) },
};

/** Return the filters and the words of a search. */
function parse(query) {
  const tests = [], words = [];
  for (const part of plain(query).match(/\S+/g) ?? []) {
    const [, name, value] = part.match(/^([a-z]+):(.*)$/) ?? [];
    if (Object.hasOwn(filters, name)) tests.push({ ...filters[name], value });
    else words.push(part);
  }
  return { tests, words };
}

/** Return the entries that pass all filters and contain all words, best first, each with the text that matched. */
function search(entries, query) {
  const { tests, words } = parse(query);
  if (!tests.length && !words.length) return [];
  const matches = [];
  for (const entry of entries) {
    if (!tests.every(({ test, value }) => test(entry)(value))) continue;
    const hit = words.length ? rank(entry, words) : { rank: 0 };
    if (hit) matches.push({ ...hit, entry, text: hit.text ?? filtered(entry, tests) });
  }
  return matches.sort((one, other) => one.rank - other.rank);
}

/** Return the first row that a filter is about, to show why the entry passed. */
function filtered(entry, tests) {
  const label = tests.map(({ row }) => row).find((row) => row && valueOf(entry, row) !== undefined);
  return label && { label, text: valueOf(entry, label) };
}

/** Return how well an entry matches, best 0, with the matching text unless it is the name. Return null for no match. */
function rank(entry, words) {
  const phrase = words.join(" ");
  if (entry.plain.startsWith(phrase)) return { rank: entry.plain === phrase ? 0 : 1 };
  if (entry.plain.includes(phrase)) return { rank: entry.plain.includes(` ${phrase}`) ? 2 : 3 };
  if (words.every((word) => entry.plain.includes(word))) return { rank: 4 };
  const whole = entry.texts.find((text) => text.plain.includes(phrase));
  if (whole) return { rank: 5, text: whole };
  const all = [entry, ...entry.texts];
  if (!words.every((word) => all.some((text) => text.plain.includes(word)))) return null;
  return { rank: 6, text: entry.texts.find((text) => words.some((word) => text.plain.includes(word))) };
}

/** Return the searchable nodes of a picture in document order. */
function entriesOf(picture) {
  const byGroup = new Map();
  for (const group of picture.groups) {
    const fact = picture.nodes.get(group.id);
    let at = group.parentNode;
    while (at !== picture.svg && !byGroup.has(at)) at = at.parentNode;
    const parent = byGroup.get(at);
    byGroup.set(group, {
      picture, group, fact, plain: plain(fact.name), path: parent ? [...parent.path, parent] : [], texts: textsOf(fact),
    });
  }
  const entries = new Map([...byGroup].map(([group, entry]) => [group.id, entry]));
  for (const [identity, fact] of picture.nodes) {
    if (!entries.has(identity)) enclosing(identity, entries)?.texts.push(...textsOf(fact));
  }
  return [...entries.values()];
}

/** Return the entry of the node around a node that is drawn as a part of it, such as the choice between handlers. */
function enclosing(identity, entries) {
  let at = identity;
  while (at && !entries.has(at)) at = at.slice(0, Math.max(0, at.lastIndexOf("--"), at.lastIndexOf(".")));
  return entries.get(at);
}

// Rows in words of the page rather than of the source, which searches skip.
const EXPLANATIONS = new Set(["Done", "Ends", "Leaves", "Try", "Else", "Default", "Finally"]);
const isExplanation = ([label, text]) => EXPLANATIONS.has(label) || (label === "Starts" && text.startsWith("at tick"));

const textOf = ([label, text]) => ({ label, text, plain: plain(text) });

/** The texts of rows, which many nodes share. */
const sharedTexts = new Map();

function sharedText(row) {
  if (!sharedTexts.has(row)) sharedTexts.set(row, textOf(row));
  return sharedTexts.get(row);
}

/** Return the texts about a node. Default values are left out, because most steps have them. */
function textsOf({ rows = [], place = "" }) {
  const isSearched = (row) => row[2] !== "default" && !isExplanation(row);
  const texts = rows.filter(isSearched).map(sharedText);
  return place ? [...texts, textOf(["File", place])] : texts;
}
