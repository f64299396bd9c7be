// Entries of logs among the results of the search, by their names and errors.

let searchedEntries = null;

function logResults() {
  searchedEntries ??= logs.flatMap((log) => log.entries.map((entry) => ({
    ...otherEntry("log", entry.name, () => visitEntry(entry, { focuses: true }), log.picture),
    texts: [entry.error, ...entry.attempts.map(({ error }) => error)].filter((error) => error)
      .map((error) => ({ label: "Error", text: error, plain: plain(error) })),
  })));
  return searchedEntries;
}

const searchIn = search;
search = (entries, query) => searchIn(entries === others ? [...others, ...logResults()] : entries, query);
