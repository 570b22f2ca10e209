// Dialogs: how keys are written, changing a value, adding a row, deleting. The browser's own <dialog> keeps the focus
// inside, closes on Escape and gives the focus back. What is written goes to the tenant that the rows were read in,
// whatever the address says by then.

import { post } from "./api.js";
import { el, icon, number, rowsText, say } from "./dom.js";
import { coloured, keyText, raw } from "./notation.js";

const FORMS = [
  ["auto", "As it looks"],
  ["text", "Text"],
  ["json", "JSON"],
  ["tuple", "Tuple"],
  ["int", "Integer (8 bytes, little-endian)"],
  ["hex", "Hex"],
  ["bytes", "Bytes (\\xNN)"],
];

function open(title, content, { wide = false } = {}) {
  const close = el("button", { type: "button", class: "icon", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"));
  const heading = el("h2", { id: "dialog-title" }, title);
  const dialog = el("dialog", { "aria-labelledby": "dialog-title", class: wide ? "wide" : null }, el("div", { class: "pane-head" }, heading, el("div", { class: "spacer" }), close), content);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

export function help() {
  const line = (text, meaning) => el("tr", {}, el("td", { class: "mono" }, ...text), el("td", {}, meaning));
  const keys = (names, meaning) => el("tr", {}, el("td", {}, ...names.map((name) => el("kbd", {}, name))), el("td", {}, meaning));
  open(
    "How keys are written",
    el(
      "div",
      { class: "dialog-body" },
      el("p", {}, "Type the beginning of the keys that you look for:"),
      el(
        "table",
        { class: "help" },
        el("tbody", {},
          line(coloured("('users', 42)"), "a tuple, and all longer ones that begin with it"),
          line(["/app/users"], "everything in a directory"),
          line(["/app/users", ...coloured("('a', 1)")], "a tuple in a directory"),
          line(raw("/app/users:raw\\x00"), "bytes in a directory"),
          line(raw("plain\\x00key"), "bytes, as fdbcli writes them"),
          line(coloured("'text with blanks'"), "text"),
          line(coloured("b'\\x15\\x2a'"), "bytes, as Python writes them"),
        ),
      ),
      el("h3", {}, "Elements of tuples"),
      el("p", { class: "mono legend" }, ...coloured("'text'  b'bytes'  42  2.5  True  None  UUID('…')  ('nested', 1)")),
      el("h3", {}, "Keyboard"),
      el("table", { class: "help" },
        el("tbody", {},
          keys(["/"], "to the search field"),
          keys(["↑", "↓"], "from row to row, or through the tree"),
          keys(["→", "←"], "open and close a directory"),
          keys(["Enter"], "show a row or a directory"),
          keys(["Esc"], "close the row"),
        ),
      ),
    ),
    { wide: true },
  );
}

// A form that sends something and stays open, with what went wrong, until it has worked.
function form({ title, content, action, danger = false, send, done }) {
  const error = el("p", { class: "field-error", role: "alert" });
  error.hidden = true;
  const cancel = el("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
  const submit = el("button", { type: "submit", class: danger ? "danger solid" : "primary" }, action);
  const body = el("form", { class: "dialog-body", autocomplete: "off" }, ...content, error, el("div", { class: "dialog-actions" }, cancel, submit));
  const dialog = open(title, body);
  if (danger) cancel.focus();
  body.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    error.hidden = true;
    try {
      const result = await send();
      dialog.close();
      done(result);
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
    } finally {
      submit.disabled = false;
    }
  });
  return dialog;
}

function valueFields(text, chosen) {
  const value = el("textarea", { class: "mono", id: "edit-value", rows: "8", spellcheck: "false", autocapitalize: "off" });
  value.value = text;
  const kind = el("select", { id: "edit-form" }, FORMS.map(([name, label]) => el("option", { value: name }, label)));
  kind.value = chosen;
  const fields = [
    el("label", { for: "edit-value" }, "Value"),
    value,
    el("label", { for: "edit-form" }, "The value is"),
    kind,
  ];
  return { value, kind, fields };
}

const saved = (what) => ({ version }) => say(version ? `${what} at version ${number(version)}` : what);

// The forms in which a value can be edited. Not those with carriage returns: the browser's field makes line feeds of them.
function editable(value) {
  const forms = Object.entries({ ...value.forms, hex: value.hex });
  return Object.fromEntries(forms.filter(([, text]) => !text.includes("\r")));
}

export function edit({ key, value, tenant }, changed) {
  const texts = editable(value);
  const chosen = value.bytes === 0 ? "text" : texts[value.form] === undefined ? "bytes" : value.form;
  const { value: text, kind, fields } = valueFields(value.bytes === 0 ? "" : texts[chosen], chosen);
  let untouched = true;
  text.addEventListener("input", () => (untouched = false));
  // While nothing was typed, another form shows the same value in that form.
  kind.addEventListener("change", () => {
    if (untouched && texts[kind.value] !== undefined) text.value = texts[kind.value];
  });
  form({
    title: "Edit value",
    content: [el("p", { class: "mono whole-key" }, ...keyText(key)), ...fields],
    action: "Save",
    send: () => post("set", { key_hex: key.hex, value: text.value, form: kind.value, expected_hex: value.hex, tenant }),
    done: (result) => {
      saved("Saved")(result);
      changed();
    },
  });
  text.focus();
}

export function add({ within, tenant }, changed) {
  const { value: text, kind, fields } = valueFields("", "auto");
  const key = el("input", { class: "mono", id: "edit-key", type: "text", required: true, spellcheck: "false", autocapitalize: "off", placeholder: "('users', 42)" });
  key.value = within;
  form({
    title: "Add a row",
    content: [el("label", { for: "edit-key" }, "Key"), key, ...fields],
    action: "Add",
    send: () => post("set", { key: key.value, value: text.value, form: kind.value, expected_hex: null, tenant }),
    done: (result) => {
      saved("Added")(result);
      changed();
    },
  });
  key.focus();
}

export function remove({ key, value, tenant }, changed) {
  form({
    title: "Delete this row?",
    content: [el("p", { class: "mono whole-key" }, ...keyText(key)), el("p", {}, "It is gone for everyone who uses the database, at once.")],
    action: "Delete row",
    danger: true,
    send: () => post("clear", { key_hex: key.hex, expected_hex: value.hex, tenant }),
    done: (result) => {
      saved("Deleted")(result);
      changed();
    },
  });
}

// Deletes what is on the page, from its first row to its last: what the person has seen, and no row more.
export function removeRows({ rows, digest, tenant }, changed) {
  const keys = rows.map((row) => row.key);
  const ordered = [...keys].sort((a, b) => (a.hex < b.hex ? -1 : 1));
  const [first, last] = [ordered[0], ordered.at(-1)];
  form({
    title: `Delete ${rowsText(rows.length)}?`,
    content: [
      el("p", {}, "All rows of this page, from"),
      el("p", { class: "mono whole-key" }, ...keyText(first)),
      el("p", {}, "to"),
      el("p", { class: "mono whole-key" }, ...keyText(last)),
      el("p", {}, "They are gone for everyone who uses the database, at once. If any of them has changed by now, or there are more between them, nothing is deleted."),
    ],
    action: `Delete ${rowsText(rows.length)}`,
    danger: true,
    send: () => post("clear_range", { begin_hex: first.hex, end_hex: `${last.hex}00`, expected_rows: rows.length, expected_digest: digest, tenant }),
    done: (result) => {
      saved(`Deleted ${rowsText(rows.length)}`)(result);
      changed();
    },
  });
}
