// What the page shows is in the address's fragment, so that a view can be kept, shared and gone back to:
// #/data?within=...&from=...&at=...&row=...&tenant=... and #/live.

const DEFAULTS = { view: "data", within: "", from: "", at: "", row: "", tenant: "", reverse: "", limit: "100" };

export function read(hash = location.hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const route = { ...DEFAULTS, view: path === "live" ? "live" : "data" };
  const given = new URLSearchParams(query);
  for (const name of Object.keys(DEFAULTS)) if (name !== "view" && given.has(name)) route[name] = given.get(name);
  if (!["25", "100", "500"].includes(route.limit)) route.limit = DEFAULTS.limit;
  if (route.reverse !== "1") route.reverse = "";
  return route;
}

export function link(changes, route = read()) {
  const wanted = { ...route, ...changes };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(wanted))
    if (name !== "view" && value !== DEFAULTS[name]) query.set(name, value);
  return `#/${wanted.view}${query.size ? `?${query}` : ""}`;
}

export function go(changes, { replace = false } = {}) {
  const target = link(changes);
  if (target === location.hash) return;
  if (replace) location.replace(target);
  else location.hash = target;
}
