// Colours what the server has written in the notation of keys and tuples, or as JSON. The server decides what is
// shown; this only cuts the text into pieces, and any text whatever comes out as it went in.

import { el } from "./dom.js";

// In the order in which they are tried. A string without its end is one up to the end: values are shown cut.
const PIECES = [
  ["bytes", /b'(?:[^'\\]|\\.)*'?|b"(?:[^"\\]|\\.)*"?/sy],
  ["text", /'(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?/sy],
  ["special", /[A-Z][A-Za-z]*\((?:[^()'"]|'[^']*'|"[^"]*")*\)?/y],
  ["constant", /(?:None|True|False|null|true|false)\b/y],
  ["number", /-?(?:\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?|inf\b|nan\b)/y],
  ["mark", /[()[\]{},:]/y],
  ["space", /\s+/y],
  ["other", /[A-Za-z_]+|./suy],
];

// After so many pieces the rest of a text has no colours: a browser takes seconds for a hundred thousand elements.
const MOST_PIECES = 4000;

export function pieces(text, most = Infinity) {
  const found = [];
  let position = 0;
  while (position < text.length) {
    if (found.length >= most) return [...found, { kind: "other", text: text.slice(position) }];
    for (const [kind, pattern] of PIECES) {
      pattern.lastIndex = position;
      const match = pattern.exec(text);
      if (match === null) continue;
      found.push({ kind, text: match[0] });
      position += match[0].length;
      break;
    }
  }
  return found;
}

const span = (kind, text) => (kind === "space" || kind === "other" ? text : el("span", { class: `t-${kind}` }, text));

export function coloured(text) {
  return pieces(text, MOST_PIECES).map((piece) => span(piece.kind, piece.text));
}

// Bytes in fdbcli's notation: escapes are dimmed, so that what can be read stands out.
export function raw(text) {
  const parts = text.split(/((?:\\x[0-9a-fA-F]{2}|\\\\)+)/);
  const rest = parts.splice(MOST_PIECES).join("");
  return [...parts.map((part) => (part.startsWith("\\") ? el("span", { class: "t-escape" }, part) : part)), rest].filter((part) => part !== "");
}

// The bytes of a text in fdbcli's notation that has ASCII only.
export function bytesOf(text) {
  const parts = text.match(/\\x[0-9a-f]{2}|\\\\|[^\\]/gi) ?? [];
  return parts.map((part) => (part.startsWith("\\x") ? parseInt(part.slice(2), 16) : part.charCodeAt(part.length - 1)));
}

// The beginning of a long text, for a line of a list.
export const cut = (text, most = 300) => (text.length > most ? `${text.slice(0, most)}…` : text);

// A name in one line: what has no form of its own is escaped, as text that turns round what follows it could show another name.
export const plain = (name) => name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (sign) => `\\u{${sign.codePointAt(0).toString(16)}}`);

// A key: the directory that it is in is muted, the elements of its tuple have their colours.
export function keyText(key) {
  if (key.path_shown === null) return key.tuple ? coloured(key.shown) : raw(key.shown);
  const rest = key.shown.slice(key.path_shown.length);
  const head = el("span", { class: "t-path" }, key.path_shown);
  return [head, ...(key.tuple ? coloured(rest) : raw(rest))];
}

// JSON with a line for each element. Works on the text: numbers keep all their digits.
export function indented(json) {
  let out = "";
  let depth = 0;
  const parts = pieces(json).filter((piece) => piece.kind !== "space");
  const line = () => `\n${"  ".repeat(depth)}`;
  parts.forEach(({ text }, index) => {
    const next = parts[index + 1]?.text;
    if (text === "{" || text === "[") {
      depth += 1;
      out += next === "}" || next === "]" ? text : text + line();
    } else if (text === "}" || text === "]") {
      depth -= 1;
      const before = parts[index - 1]?.text;
      out += before === "{" || before === "[" ? text : line() + text;
    } else if (text === ",") out += text + line();
    else if (text === ":") out += ": ";
    else out += text;
  });
  return out;
}

// The lines of a hex dump: offset, bytes, the printable ones beside them.
export function hexDump(hex, width = 16) {
  const lines = [];
  for (let start = 0; start < hex.length; start += width * 2) {
    const bytes = hex.slice(start, start + width * 2).match(/../g);
    const shown = bytes.map((byte) => {
      const code = parseInt(byte, 16);
      return code >= 32 && code < 127 ? String.fromCharCode(code) : "·";
    });
    const offset = (start / 2).toString(16).padStart(5, "0");
    lines.push([offset, bytes.join(" ").padEnd(width * 3 - 1), shown.join("")]);
  }
  return lines;
}
