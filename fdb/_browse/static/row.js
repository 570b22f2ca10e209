// One row, whole: the key with its elements, the value in each form that fits it.

import { get } from "./api.js";
import { $, copyButton, el, icon, number, size } from "./dom.js";
import { coloured, hexDump, indented, keyText, raw } from "./notation.js";
import { go, read } from "./route.js";

const NAMES = { json: "JSON", text: "Text", tuple: "Tuple", int: "Integer", bytes: "Bytes", hex: "Hex" };
const MOST_ELEMENTS = 200;
const ORDER = ["json", "tuple", "text", "int", "bytes", "hex"];

function dump(hex) {
  // A line of 16 bytes has 72 characters, of some 7.3 pixels.
  const lines = hexDump(hex, $("row").clientWidth > 600 ? 16 : 8);
  return lines.map(([offset, bytes, text]) => [el("span", { class: "t-none" }, offset), `  ${bytes}  `, el("span", { class: "t-text" }, text), "\n"]);
}

function inForm(value, form) {
  if (form === "hex") return dump(value.hex);
  const text = value.forms[form];
  if (form === "json") return coloured(indented(text));
  if (form === "text") return [text];
  return form === "bytes" ? raw(text) : coloured(text);
}

export class RowPane {
  // beside(hex, step): the key before or after; edit(row), remove(row): what the buttons do, null if nothing may be written.
  constructor({ beside, edit, remove }) {
    this.pane = $("row");
    this.beside = beside;
    this.edit = edit;
    this.remove = remove;
    this.shown = null;
    this.form = null;
    this.request = null;
    this.pane.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  close() {
    const hex = read().row;
    go({ row: "" });
    const line = [...document.querySelectorAll("tr[data-key]")].find((row) => row.dataset.key === hex);
    requestAnimationFrame(() => line?.querySelector("a.key").focus());
  }

  async show(route, { again = false } = {}) {
    document.body.classList.toggle("with-row", route.row !== "");
    this.pane.hidden = route.row === "";
    const wanted = `${route.tenant}\n${route.row}`;
    if (route.row === "") {
      this.request?.abort();
      this.shown = null;
      return;
    }
    this.steps?.(route.row);
    if (wanted === this.shown && !again) return;
    const first = this.shown === null;
    this.shown = wanted;
    this.request?.abort();
    const request = (this.request = new AbortController());
    this.pane.setAttribute("aria-busy", "true");
    try {
      this.draw(await get("row", { key_hex: route.row, tenant: route.tenant }, request.signal), route);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.shown = null;
      const missing = error.status === 404;
      this.pane.replaceChildren(
        this.head(missing ? "No such row" : "The row cannot be read", route.row),
        el("p", { class: "pane-text", role: "alert" }, missing ? "The key is not, or no longer, in the database." : error.message),
      );
    } finally {
      if (this.request === request) this.pane.removeAttribute("aria-busy");
    }
    if (first && matchMedia("(max-width: 47rem)").matches) this.pane.querySelector("button")?.focus();
  }

  head(title, hex) {
    const step = (name, by, label) => {
      const button = el("button", { type: "button", class: "icon", "aria-label": label, onclick: () => go({ row: this.beside(read().row, by) }, { replace: true }) }, icon(name));
      return button;
    };
    const up = step("up", -1, "The row before");
    const down = step("down", 1, "The row after");
    this.steps = (shown) => {
      up.disabled = this.beside(shown, -1) === null;
      down.disabled = this.beside(shown, 1) === null;
    };
    this.steps(hex);
    const close = el("button", { type: "button", class: "icon", "aria-label": "Close the row", onclick: () => this.close() }, icon("close"));
    const back = el("button", { type: "button", class: "quiet only-narrow", onclick: () => this.close() }, icon("back"), "Rows");
    close.classList.add("only-wide");
    return el("div", { class: "pane-head" }, back, el("h2", {}, title), el("div", { class: "spacer" }), up, down, close);
  }

  draw({ key, value }, route) {
    const left = (key.tuple?.length ?? 0) - MOST_ELEMENTS;
    const more = left > 0 ? el("tr", {}, el("td", { colspan: 2, class: "muted" }, `and ${number(left)} more`)) : [];
    const elements = key.tuple?.length
      ? el(
          "table",
          { class: "elements" },
          el("caption", { class: "hidden-text" }, "The elements of the key"),
          el("thead", { class: "hidden-text" }, el("tr", {}, el("th", { scope: "col" }, "Element"), el("th", { scope: "col" }, "Type"))),
          el("tbody", {}, key.tuple.slice(0, MOST_ELEMENTS).map((item, at) => el("tr", {}, el("td", { class: "mono" }, ...coloured(item)), el("td", { class: "kind" }, key.types[at]))), more),
        )
      : null;
    const key_size = key.hex.length / 2;
    const writing = this.edit && el("div", { class: "actions" },
      el("button", { type: "button", class: "quiet", onclick: () => this.edit({ key, value, tenant: route.tenant }) }, "Edit value"),
      el("button", { type: "button", class: "quiet danger", onclick: () => this.remove({ key, value, tenant: route.tenant }) }, "Delete row"));
    this.pane.replaceChildren(
      this.head("Row", route.row),
      el(
        "div",
        { class: "pane-part" },
        el("div", { class: "pane-title" }, el("h3", {}, "Key"), el("span", { class: "muted" }, size(key_size)), el("div", { class: "spacer" }), copyButton(key.shown, "the key", { label: "Copy" }), copyButton(key.hex, "the key in hex", { label: "Copy hex" })),
        el("p", { class: "mono whole-key" }, ...keyText(key)),
        elements,
      ),
      el(
        "div",
        { class: "pane-part grow" },
        el("div", { class: "pane-title" }, el("h3", {}, "Value"), el("span", { class: "muted" }, size(value.bytes)), el("div", { class: "spacer" }), writing || null),
        ...this.value(value),
      ),
    );
  }

  value(value) {
    if (value.bytes === 0) return [el("p", { class: "pane-text muted" }, "The value is empty: the key is there, with no bytes.")];
    const forms = ORDER.filter((form) => form === "hex" || value.forms[form] !== undefined);
    const content = el("pre", { class: "mono content", role: "tabpanel", tabindex: "0", id: "value-panel" });
    const copy = el("div", { class: "copy-value" });
    const tabs = forms.map((form) =>
      el("button", { type: "button", role: "tab", id: `form-${form}`, "aria-controls": "value-panel", "data-form": form, onclick: () => choose(form) }, NAMES[form] ?? form),
    );
    const choose = (form, kept = true) => {
      if (kept) this.form = form;
      for (const tab of tabs) {
        const chosen = tab.dataset.form === form;
        tab.setAttribute("aria-selected", String(chosen));
        tab.tabIndex = chosen ? 0 : -1;
      }
      content.setAttribute("aria-labelledby", `form-${form}`);
      content.replaceChildren(...inForm(value, form).flat());
      const text = form === "hex" ? value.hex : value.forms[form];
      copy.replaceChildren(copyButton(text, `the value as ${(NAMES[form] ?? form).toLowerCase()}`));
    };
    const list = el("div", { role: "tablist", "aria-label": "Forms of the value", class: "forms" }, ...tabs);
    list.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const at = tabs.indexOf(document.activeElement);
      const tab = tabs[(at + step + tabs.length) % tabs.length];
      tab.focus();
      choose(tab.dataset.form);
    });
    // What the person chose last stays chosen where it fits; otherwise the form that says most.
    choose(forms.includes(this.form) ? this.form : forms.includes(value.form) ? value.form : forms[0], false);
    return [el("div", { class: "forms-line" }, list, copy), content];
  }
}
