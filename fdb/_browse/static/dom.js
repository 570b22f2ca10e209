// The only place that makes elements. Texts become text nodes: nothing here or elsewhere parses HTML, so that
// what lies in a database is shown and never interpreted.

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

const ICONS = {
  close: "m4 4 8 8M12 4l-8 8",
  copy: "M6 6h7v7H6zM10 6V3H3v7h3",
  down: "m4 6 4 4 4-4",
  up: "m4 10 4-4 4 4",
  back: "M10 3 5 8l5 5",
  right: "m6 4 4 4-4 4",
};

export function icon(name) {
  return svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: ICONS[name] }));
}

// What is said for a moment, and read out.
let saying = 0;
export function say(text) {
  const toast = $("toast");
  toast.textContent = text;
  toast.classList.add("shown");
  clearTimeout(saying);
  saying = setTimeout(() => toast.classList.remove("shown"), 4000);
}

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${what}`);
  } catch {
    say("The browser does not allow copying here");
  }
}

export function copyButton(text, what, { label = null, ...more } = {}) {
  const attributes = { type: "button", class: label ? "quiet" : "icon", "aria-label": `Copy ${what}`, onclick: () => copy(text, what), ...more };
  return el("button", attributes, label ?? icon("copy"));
}

const whole = new Intl.NumberFormat("en");
export const number = (value) => whole.format(value);

export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  while (value >= 999.5 && units.length > 1) {
    value /= 1000;
    units.shift();
  }
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${units[0]}`;
}

export const rowsText = (count) => (count === 1 ? "1 row" : `${number(count)} rows`);
