// The tree of directories, read level by level as it is opened. Keyboard and roles are those of the WAI-ARIA tree:
// arrows move, right opens, left closes or goes up, Home and End, a letter goes to the next name that begins so.

import { get } from "./api.js";
import { el, icon, say, size } from "./dom.js";
import { plain } from "./notation.js";

const ROOT = { name: "All keys", path: [], path_shown: "", has_children: true, root: true };

// Whether what a person typed is this directory, or a tuple or bytes in it. "All keys" is only itself.
function contains(directory, within) {
  return within === directory || (directory !== "" && ["(", ":"].some((mark) => within.startsWith(directory + mark)));
}

export class Tree {
  constructor(list, { choose }) {
    this.list = list;
    this.choose = choose;
    this.tenant = "";
    list.addEventListener("keydown", (event) => this.key(event));
    list.addEventListener("click", (event) => this.click(event));
  }

  // Reads the tree anew. What was open is opened again.
  async load(tenant) {
    const open = tenant === this.tenant ? [...this.list.querySelectorAll("[aria-expanded=true]")].map((item) => item.dataset.within) : [];
    this.tenant = tenant;
    const root = this.item(ROOT, 1);
    this.list.replaceChildren(root);
    root.tabIndex = 0;
    await this.open(root);
    for (const within of open) {
      const item = this.find(within);
      if (item && item !== root) await this.open(item);
    }
    await this.reveal(this.chosen ?? "");
    this.mark(this.chosen ?? "");
  }

  item(directory, level) {
    const name = el("span", { class: "tree-name" }, plain(directory.name));
    const layer = directory.partition ? "partition" : directory.layer;
    const line = el(
      "div",
      { class: "tree-line" },
      el("span", { class: "twist" }, directory.has_children ? icon("right") : null),
      name,
      layer ? el("span", { class: "tag" }, layer) : null,
      directory.bytes ? el("span", { class: "tree-size" }, `~${size(directory.bytes)}`) : null,
    );
    line.style.setProperty("--level", level);
    const item = el(
      "li",
      {
        role: "treeitem",
        tabindex: "-1",
        "aria-level": level,
        "aria-selected": "false",
        "aria-expanded": directory.has_children ? "false" : null,
        "aria-label": layer ? `${directory.name}, ${layer}` : directory.name,
        "data-within": directory.path_shown,
      },
      line,
    );
    item.directory = directory;
    return item;
  }

  async open(item) {
    if (!item.directory.has_children || item.getAttribute("aria-expanded") === "true") return;
    item.setAttribute("aria-expanded", "true");
    if (item.children.length > 1) return;
    const level = Number(item.getAttribute("aria-level")) + 1;
    const group = el("ul", { role: "group" });
    item.append(group);
    item.setAttribute("aria-busy", "true");
    try {
      await this.read(item, group, level);
    } catch (error) {
      item.setAttribute("aria-expanded", "false");
      group.remove();
      this.failed(item, error);
    } finally {
      item.removeAttribute("aria-busy");
    }
    this.mark(this.chosen ?? "");
  }

  // Reads children of a directory, from one of them on; thousands of them are read as they are asked for.
  async read(item, group, level, after = "") {
    const tenant = this.tenant;
    const { children, next } = await get("directories", { path: JSON.stringify(item.directory.path), after, tenant });
    if (tenant !== this.tenant) return;
    group.append(...children.map((child) => this.item(child, level)));
    if (children.length === 0 && !after) this.note(group, level, "No directories");
    if (next === null) return;
    const more = el("button", { type: "button", class: "quiet", onclick: async () => {
      more.disabled = true;
      try {
        await this.read(item, group, level, next);
        more.parentElement.parentElement.remove();
      } catch (error) {
        more.disabled = false;
        say(error.message);
      }
    } }, "Show more");
    this.note(group, level, more);
  }

  note(group, level, content) {
    const line = el("div", { class: "tree-line note" }, content);
    line.style.setProperty("--level", level);
    group.append(el("li", { role: "none" }, line));
  }

  failed(item, error) {
    if (!item.directory.root) return say(error.message);
    const again = el("button", { type: "button", class: "quiet", onclick: () => this.load(this.tenant) }, "Try again");
    this.list.replaceChildren(item, el("li", { role: "none", class: "tree-error" }, el("p", {}, error.message), again));
  }

  close(item) {
    if (item.getAttribute("aria-expanded") === "true") item.setAttribute("aria-expanded", "false");
  }

  find(within) {
    return [...this.list.querySelectorAll("[role=treeitem]")].find((item) => item.dataset.within === within);
  }

  // Marks the directory that what is shown lies in, if it is open.
  mark(within) {
    this.chosen = within;
    for (const item of this.list.querySelectorAll("[aria-selected=true]")) item.setAttribute("aria-selected", "false");
    const items = [...this.list.querySelectorAll("[role=treeitem]")];
    items.filter((item) => contains(item.dataset.within, within)).at(-1)?.setAttribute("aria-selected", "true");
  }

  // Opens the directories above the one that is shown.
  async reveal(within) {
    for (let item = this.list.querySelector("[role=treeitem]"); item; ) {
      const below = [...item.querySelectorAll(":scope > [role=group] > [role=treeitem]")].find(
        ({ dataset }) => contains(dataset.within, within) || within.startsWith(`${dataset.within}/`),
      );
      if (!below || below.dataset.within === within) return;
      if (within.startsWith(`${below.dataset.within}/`)) await this.open(below);
      item = below;
    }
  }

  visible() {
    return [...this.list.querySelectorAll("[role=treeitem]")].filter(
      (item) => item.parentElement.closest("[aria-expanded=false]") === null,
    );
  }

  focus(item) {
    if (!item) return;
    for (const other of this.list.querySelectorAll("[tabindex='0']")) other.tabIndex = -1;
    item.tabIndex = 0;
    item.focus();
  }

  click(event) {
    const item = event.target.closest("[role=treeitem]");
    if (!item || event.target.closest("button")) return;
    this.focus(item);
    if (event.target.closest(".twist") && item.directory.has_children) this.turn(item);
    else {
      this.open(item);
      this.choose(item.directory);
    }
  }

  turn(item) {
    if (item.getAttribute("aria-expanded") === "true") this.close(item);
    else this.open(item);
  }

  key(event) {
    const item = event.target.closest("[role=treeitem]");
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    const visible = this.visible();
    const at = visible.indexOf(item);
    const moves = {
      ArrowDown: () => this.focus(visible[at + 1]),
      ArrowUp: () => this.focus(visible[at - 1]),
      Home: () => this.focus(visible[0]),
      End: () => this.focus(visible.at(-1)),
      ArrowRight: () => this.right(item),
      ArrowLeft: () => this.left(item),
      Enter: () => this.choose(item.directory),
      " ": () => this.choose(item.directory),
    };
    if (moves[event.key]) moves[event.key]();
    else if (event.key.length === 1) this.typed(event.key, visible, at);
    else return;
    event.preventDefault();
  }

  right(item) {
    if (item.getAttribute("aria-expanded") === "true") this.focus(item.querySelector("[role=treeitem]"));
    else this.open(item);
  }

  left(item) {
    if (item.getAttribute("aria-expanded") === "true") this.close(item);
    else this.focus(item.parentElement.closest("[role=treeitem]"));
  }

  typed(letter, visible, at) {
    const after = [...visible.slice(at + 1), ...visible.slice(0, at + 1)];
    this.focus(after.find((item) => item.directory.name.toLowerCase().startsWith(letter.toLowerCase())));
  }
}
