// The page as a whole: what is asked of the server first, and who shows what when the address changes.

import { get } from "./api.js";
import { add, edit, help, remove, removeRows } from "./dialogs.js";
import { $, el, say } from "./dom.js";
import { Live } from "./live.js";
import { go, link, read } from "./route.js";
import { RowPane } from "./row.js";
import { Rows } from "./rows.js";
import { Tree } from "./tree.js";

const THEMES = ["system", "light", "dark"];

const SECONDS_BETWEEN_CALLS = 3;

// A line across the page while the server is not there; null takes it away. It goes by itself when the server is back.
let calling = 0;
function report(error) {
  clearTimeout(calling);
  $("notice").hidden = error === null;
  if (error === null) return;
  $("notice").replaceChildren(error.message);
  if (error.status === 0) calling = setTimeout(call, 1000 * SECONDS_BETWEEN_CALLS);
}

async function call() {
  try {
    const found = await get("about");
    report(null);
    if (pane === null) begin(found);
    else if (read().view === "data") changed();
  } catch (error) {
    report(error);
  }
}

const rows = new Rows({ report });
const tree = new Tree($("tree"), {
  choose: (directory) => {
    openTree(false);
    go({ view: "data", within: directory.path_shown, from: "", at: "", row: "" });
  },
});
const live = new Live({ report });
let pane = null;

function changed() {
  if (pane === null) return;
  const route = read();
  rows.show(route, { again: true });
  pane.show(route, { again: true });
}

// A row that is deleted is shown no longer.
function gone() {
  go({ row: "" }, { replace: true });
  rows.show({ ...read(), row: "" }, { again: true });
}

function openTree(open) {
  document.body.classList.toggle("with-tree", open);
  $("open-tree").setAttribute("aria-expanded", String(open));
  if (open) $("close-tree").focus();
}

function theme(name) {
  document.documentElement.dataset.theme = name;
  $("theme").setAttribute("aria-label", `Colours: ${name === "system" ? "as the system" : name}`);
  try {
    localStorage.setItem("fdb-theme", name);
  } catch {
    // A browser that keeps nothing: the choice is for this page.
  }
}

function storedTheme() {
  try {
    const name = localStorage.getItem("fdb-theme");
    return THEMES.includes(name) ? name : "system";
  } catch {
    return "system";
  }
}

let treeOf = null;
let begun = false;
function show() {
  // Before the server has said what may be done; what the address says by then is shown.
  if (pane === null) return;
  const route = read();
  const isLive = route.view === "live";
  $("data-view").hidden = isLive;
  $("live-view").hidden = !isLive;
  document.body.classList.toggle("live-shown", isLive);
  for (const [id, view] of [["tab-data", "data"], ["tab-live", "live"]]) {
    $(id).href = link({ view });
    if (view === route.view) $(id).setAttribute("aria-current", "page");
    else $(id).removeAttribute("aria-current");
  }
  $("skip").textContent = isLive ? "Skip to the plots" : "Skip to the rows";
  if (isLive) return live.open(route.tenant);
  live.close();
  // What somebody typed before the page was there is left as it is.
  if (begun || $("within").value === "") $("within").value = route.within;
  begun = true;
  $("at").value = route.at;
  $("clear-search").hidden = route.within === "";
  $("order").setAttribute("aria-pressed", String(route.reverse === "1"));
  $("limit").value = route.limit;
  $("tenant").value = route.tenant;
  tree.mark(route.within);
  if (treeOf !== route.tenant) {
    treeOf = route.tenant;
    tree.load(route.tenant);
  }
  rows.show(route);
  pane.show(route);
}

function about({ database, write, tenant, tenants, more_tenants, trouble, library, version_of_fdb }) {
  const name = tenant === null ? database : `${tenant} in ${database}`;
  document.title = `${name} - fdb`;
  $("database").textContent = name;
  $("database").title = [library, version_of_fdb && `fdb ${version_of_fdb}`].filter(Boolean).join(", ");
  $("mode").hidden = false;
  $("mode").replaceChildren(...(write ? ["writing", el("span", { class: "only-wide" }, " allowed")] : ["read-only"]));
  $("mode").classList.toggle("warning", write);
  $("tenant-field").hidden = tenants.length === 0;
  $("tenant").replaceChildren(el("option", { value: "" }, "none"), ...tenants.map((name) => el("option", { value: name }, name)));
  if (more_tenants) $("tenant").append(el("option", { disabled: true }, "more than are listed here"));
  $("add").hidden = $("clear-rows").hidden = !write;
  const edits = write ? { edit: (row) => edit(row, changed), remove: (row) => remove(row, gone) } : { edit: null, remove: null };
  pane = new RowPane({ beside: (hex, step) => rows.beside(hex, step), ...edits });
}

function connect() {
  $("search").addEventListener("submit", (event) => {
    event.preventDefault();
    const within = $("within").value;
    if (pane !== null && within === read().within && !read().from && !read().at) rows.show(read(), { again: true });
    else go({ within, from: "", at: "", row: "" });
  });
  $("clear-search").addEventListener("click", () => {
    $("within").value = "";
    $("within").focus();
    go({ within: "", from: "", at: "", row: "" });
  });
  $("go-to").addEventListener("submit", (event) => {
    event.preventDefault();
    go({ at: $("at").value, from: "", row: "" });
  });
  $("order").addEventListener("click", () => go({ reverse: read().reverse ? "" : "1", from: "", at: "", row: "" }));
  $("limit").addEventListener("change", () => go({ limit: $("limit").value }));
  $("tenant").addEventListener("change", () => go({ tenant: $("tenant").value, within: "", from: "", at: "", row: "" }));
  $("refresh").addEventListener("click", changed);
  $("refresh-tree").addEventListener("click", () => pane !== null && tree.load(read().tenant));
  $("add").addEventListener("click", () => add(read(), changed));
  $("clear-rows").addEventListener("click", () => removeRows(rows.page, gone));
  $("help").addEventListener("click", help);
  $("open-tree").addEventListener("click", () => openTree(!document.body.classList.contains("with-tree")));
  $("close-tree").addEventListener("click", () => {
    openTree(false);
    $("open-tree").focus();
  });
  $("theme").addEventListener("click", () => {
    theme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]);
    say($("theme").getAttribute("aria-label"));
  });
  $("skip").addEventListener("click", (event) => {
    event.preventDefault();
    (read().view === "live" ? $("live-view") : $("table-box")).querySelector("a, button, summary")?.focus();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, dialog, [role=tree]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey || read().view !== "data") return;
    event.preventDefault();
    $("within").select();
    $("within").focus();
  });
  addEventListener("hashchange", show);
}

function begin(found) {
  about(found);
  show();
  // It goes when rows are there.
  if (found.trouble) report({ status: 503, message: found.trouble });
}

theme(storedTheme());
connect();
call();
