// The switch between light and dark colors, on pages whose colors follow the system.

const THEMES = { auto: "Auto", light: "Light", dark: "Dark" };
const DARK_MEDIA = { auto: "screen and (prefers-color-scheme: dark)", light: "not all", dark: "screen" };
const schemes = { auto: "light dark", light: "light", dark: "dark" };
const darkRules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
  .filter((rule) => rule.media?.mediaText.includes("prefers-color-scheme"));
let theme = "auto";

/** Return the choice of the session. Some browsers refuse storage to files. */
function storedTheme() {
  try {
    return sessionStorage.getItem("stepgraph.theme");
  } catch {
    return null;
  }
}

function setTheme(name) {
  theme = name;
  for (const rule of darkRules) rule.media.mediaText = DARK_MEDIA[name];
  document.querySelector("meta[name=color-scheme]").content = schemes[name];
  forgetColors();
  try {
    sessionStorage.setItem("stepgraph.theme", name);
  } catch {
    // The choice lasts as long as the page.
  }
}

const themes = make("select", { "aria-label": "Theme", change: () => setTheme(themes.value) },
  ...Object.entries(THEMES).map(([value, text]) => make("option", { value }, text)));
if (darkRules.length && Object.hasOwn(THEMES, storedTheme() ?? "")) {
  themes.value = storedTheme();
  setTheme(themes.value);
}
