// The table of rows: one page of a range, wherever in millions of rows it lies. The address says which page.

import { ApiError, get } from "./api.js";
import { help } from "./dialogs.js";
import { $, copyButton, el, number, rowsText, say, size } from "./dom.js";
import { bytesOf, coloured, cut, keyText, raw } from "./notation.js";
import { go, link, read } from "./route.js";

// A value of 8 bytes that is no text is likely a counter, as atomic additions write it: the number goes before the bytes.
function counter(shown) {
  const bytes = bytesOf(shown);
  if (bytes.length !== 8) return [];
  const value = bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return [el("span", { class: "t-number" }, String(BigInt.asIntN(64, value))), "  "];
}

function valueText(value) {
  if (value.bytes === 0) return [el("span", { class: "t-none" }, "empty")];
  if (value.form === "json" || value.form === "tuple") return coloured(value.shown);
  return value.form === "int" ? [...counter(value.shown), el("span", { class: "t-none" }, value.shown)] : raw(value.shown);
}

export class Rows {
  constructor({ report }) {
    this.report = report;
    this.shown = null;
    this.page = null;
    this.request = null;
    $("table-box").addEventListener("keydown", (event) => this.key(event));
  }

  // Shows what the route says; reads only if another page is wanted, or when asked to.
  async show(route, { again = false } = {}) {
    const wanted = [route.within, route.from, route.at, route.tenant, route.reverse, route.limit].join("\n");
    if (wanted !== this.shown || again) {
      this.shown = wanted;
      await this.load(route);
    }
    this.mark(read().row);
  }

  async load(route) {
    this.request?.abort();
    const request = (this.request = new AbortController());
    const stop = this.waiting(request);
    this.complain(null);
    try {
      const { within, from, at, limit, reverse, tenant } = route;
      const asked = { within, from, at: from ? "" : at, limit, reverse: reverse ? 1 : 0, tenant };
      const page = await get("rows", asked, request.signal);
      this.page = { ...page, tenant };
      this.draw(page, route);
      this.report(null);
    } catch (error) {
      if (request.signal.aborted && this.request !== request) return;
      this.page = null;
      this.failed(error, route);
    } finally {
      stop();
    }
  }

  // Says that it takes longer than a moment, and lets the person end it.
  waiting(request) {
    const started = performance.now();
    const box = $("table-box");
    box.setAttribute("aria-busy", "true");
    const cancel = el("button", { type: "button", class: "quiet", onclick: () => request.abort() }, "Stop");
    // Read out once, not every second.
    const seconds = el("span", { "aria-hidden": "true" });
    const tick = setInterval(() => {
      const waited = performance.now() - started;
      $("progress").hidden = waited < 250;
      if (waited < 2000) return;
      if (!cancel.isConnected) $("slow").replaceChildren(el("span", {}, "Still reading", seconds), cancel);
      seconds.textContent = `, ${Math.floor(waited / 1000)} s`;
    }, 250);
    return () => {
      clearInterval(tick);
      if (this.request !== request) return;
      $("progress").hidden = true;
      $("slow").replaceChildren();
      box.removeAttribute("aria-busy");
    };
  }

  complain(text, field = null) {
    $("search-error").hidden = text === null;
    $("search-error").textContent = text ?? "";
    for (const id of ["within", "at"]) {
      if (id === field) $(id).setAttribute("aria-invalid", "true");
      else $(id).removeAttribute("aria-invalid");
    }
  }

  failed(error, route) {
    const again = el("button", { type: "button", class: "primary", onclick: () => this.show(read(), { again: true }) }, "Try again");
    const first = el("a", { class: "button", href: link({ from: "", at: "" }) }, "To the first page");
    if (error.name === "AbortError") this.empty("Reading was stopped", "Nothing was changed.", again);
    else if (error.status === 400 && !route.from) {
      this.complain(error.message, error.parameter === "at" ? "at" : "within");
      const how = el("button", { type: "button", onclick: help }, "How keys are written");
      this.empty("No keys can be looked up by this", "What is wrong with it is said above.", how);
    } else {
      this.empty("The rows cannot be read", error.message, again, route.from ? first : null);
      if (error instanceof ApiError && (error.status === 0 || error.status === 403)) this.report(error);
    }
    $("range").replaceChildren();
    $("count").textContent = "";
    this.pager({ next: null, previous: null });
  }

  empty(title, text, ...actions) {
    const buttons = actions.filter(Boolean);
    $("table-box").replaceChildren(
      el("div", { class: "empty" }, el("h2", {}, title), el("p", {}, text), buttons.length ? el("p", {}, ...buttons) : null),
    );
  }

  draw(page, route) {
    this.describe(page, route);
    this.pager(page);
    $("count").textContent = page.rows.length ? rowsText(page.rows.length) : "No rows";
    if (page.rows.length === 0) {
      const other = page.previous !== null || route.from || route.at;
      const all = el("a", { class: "button", href: link({ within: "", from: "", at: "", row: "" }) }, "Show all keys");
      if (other) this.empty("No more rows", "There is nothing from here on.", el("a", { class: "button", href: link({ from: "", at: "" }) }, "To the first page"));
      else if (route.within) this.empty("Nothing here", "No key begins with this.", all);
      else this.empty("Nothing here yet", `There is not a single key in this ${route.tenant ? "tenant" : "database"}.`, null);
      return;
    }
    const head = el("tr", { role: "row" }, ...["Key", "Value", "Form", "Size"].map((name) => el("th", { role: "columnheader", scope: "col", class: name.toLowerCase() }, name)));
    const body = el("tbody", { role: "rowgroup" }, ...page.rows.map((row) => this.row(row)));
    const table = el("table", { class: "data-table", role: "table", "aria-label": "Keys and values" }, el("thead", { role: "rowgroup" }, head), body);
    $("table-box").replaceChildren(table);
    $("table-box").scrollTop = 0;
  }

  row({ key, value }) {
    const open = el("a", { class: "mono key", href: link({ row: key.hex }) }, ...keyText({ ...key, shown: cut(key.shown) }));
    const line = el(
      "tr",
      { role: "row", "data-key": key.hex },
      el("td", { role: "cell", class: "key-cell" }, open, copyButton(key.shown, "the key", { tabindex: "-1" })),
      el("td", { role: "cell", class: "value mono" }, ...valueText(value)),
      el("td", { role: "cell", class: "form" }, value.bytes > 0 ? value.form : ""),
      el("td", { role: "cell", class: "size" }, size(value.bytes)),
    );
    line.addEventListener("click", (event) => {
      if (event.target.closest("a, button") || getSelection().toString() !== "") return;
      open.focus({ preventScroll: true });
      go({ row: key.hex });
    });
    return line;
  }

  describe({ range, version }, route) {
    const bound = (text) => el("b", { class: "mono" }, text);
    const all = range.begin_hex === "" && range.end_hex === "ff";
    const keys = all ? el("span", {}, "All keys") : el("span", {}, bound(range.begin), " to ", bound(range.end));
    const bytes = el("span", {});
    bytes.hidden = true;
    $("range").replaceChildren(keys, bytes, ` · version ${number(version)}`);
    get("estimate", { begin_hex: range.begin_hex, end_hex: range.end_hex, tenant: route.tenant }).then(
      (estimate) => {
        bytes.textContent = ` · about ${size(estimate.bytes)}`;
        bytes.hidden = estimate.bytes === 0;
      },
      () => {}, // A library that has no estimates: the rows are there all the same.
    );
  }

  pager({ next, previous }) {
    $("clear-rows").disabled = !this.page?.rows.length;
    for (const [id, from] of [["previous", previous], ["next", next]]) {
      const button = $(id);
      if (from === null || from === undefined) {
        button.removeAttribute("href");
        button.setAttribute("aria-disabled", "true");
      } else {
        button.setAttribute("href", link({ from, row: "" }));
        button.removeAttribute("aria-disabled");
      }
    }
  }

  links() {
    return [...$("table-box").querySelectorAll("a.key")];
  }

  mark(hex) {
    for (const line of $("table-box").querySelectorAll("tr[data-key]")) {
      line.classList.toggle("chosen", line.dataset.key === hex);
      const key = line.querySelector("a.key");
      if (line.dataset.key === hex) key.setAttribute("aria-current", "true");
      else key.removeAttribute("aria-current");
      key.href = link({ row: line.dataset.key });
    }
  }

  // The key before or after one that is on this page.
  beside(hex, step) {
    const keys = this.page?.rows.map((row) => row.key.hex) ?? [];
    const at = keys.indexOf(hex);
    return at < 0 ? null : (keys[at + step] ?? null);
  }

  key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    const links = this.links();
    const at = links.indexOf(document.activeElement);
    if (at < 0 || !(event.key in steps || event.key === "Home" || event.key === "End")) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.key === "Home" ? links[0] : event.key === "End" ? links.at(-1) : links[at + steps[event.key]];
    event.preventDefault();
    if (!target) return say(event.key === "ArrowDown" ? "The last row of this page" : "The first row of this page");
    target.focus();
    if (read().row) go({ row: target.closest("tr").dataset.key }, { replace: true });
  }
}
