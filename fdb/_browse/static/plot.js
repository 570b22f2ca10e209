// A plot of the last two minutes, as SVG: lines over time, a number for each beside its name. The same is said in words
// in its label; the page has a table of the numbers besides.

import { el, svg } from "./dom.js";

export const SECONDS = 120;
const HEIGHT = 128;
const EDGE = { left: 52, right: 12, top: 10, bottom: 22 };

// Round steps, so that the axis has two to five of them.
export function ticks(top) {
  if (!(top > 0)) return [0, 1];
  const rough = top / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough);
  const marks = [];
  for (let mark = 0; ; mark += step) {
    marks.push(Number(mark.toPrecision(12)));
    if (mark >= top) return marks;
  }
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
export const duration = (ms) => {
  if (ms === null || ms === undefined) return "–";
  if (ms === 0) return "0";
  return ms < 1 ? `${compact.format(ms * 1000)} µs` : `${compact.format(ms)} ms`;
};
export const short = (value) => (value === null || value === undefined ? "–" : compact.format(value));

export class Plot {
  // series: [{name, of: (sample) => number | null}]; at most four, they differ in colour and in their dashes.
  // text(value): how a number is written; note(sample): a line below the plot.
  constructor({ title, unit, series, text = short, note = null }) {
    this.text = text;
    this.title = title;
    this.unit = unit;
    this.series = series;
    this.note = note;
    this.samples = [];
    this.width = 480;
    this.values = series.map(() => el("b", {}, "–"));
    this.drawing = svg("svg", { role: "img", height: HEIGHT, class: "plot" });
    this.tip = el("div", { class: "tip" });
    this.tip.hidden = true;
    this.extra = el("p", { class: "plot-note" });
    const legend = series.map(({ name }, index) =>
      el("li", {}, svg("svg", { viewBox: "0 0 18 8", "aria-hidden": "true", class: `line s${index}` }, svg("path", { d: "M1 4h16" })), el("span", {}, name), this.values[index]),
    );
    this.element = el(
      "article",
      { class: "card" },
      el("h3", {}, title, el("span", { class: "unit" }, unit)),
      el("ul", { class: "legend-list" }, ...legend),
      el("div", { class: "plot-box" }, this.drawing, this.tip),
      this.extra,
    );
    new ResizeObserver(() => this.draw()).observe(this.drawing);
    this.drawing.addEventListener("pointermove", (event) => this.point(event));
    this.drawing.addEventListener("pointerleave", () => this.point(null));
  }

  show(samples) {
    this.samples = samples;
    const last = samples.at(-1);
    this.series.forEach(({ of }, index) => (this.values[index].textContent = last ? this.text(of(last)) : "–"));
    if (this.note) this.extra.textContent = last ? this.note(last) : "";
    this.draw();
  }

  x(time) {
    const end = this.samples.at(-1)?.time ?? 0;
    const inside = this.width - EDGE.left - EDGE.right;
    return EDGE.left + inside * (1 - (end - time) / SECONDS);
  }

  draw() {
    this.width = this.drawing.clientWidth || this.width;
    const known = this.samples.flatMap((sample) => this.series.map(({ of }) => of(sample))).filter((value) => value !== null && value !== undefined);
    const marks = ticks(Math.max(0, ...known));
    const top = marks.at(-1);
    const y = (value) => HEIGHT - EDGE.bottom - ((HEIGHT - EDGE.top - EDGE.bottom) * value) / top;
    this.drawing.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.drawing.setAttribute("aria-label", this.words());
    const grid = marks.map((mark) => [
      svg("path", { class: "grid", d: `M${EDGE.left} ${y(mark)}H${this.width - EDGE.right}` }),
      svg("text", { x: EDGE.left - 6, y: y(mark) + 4, "text-anchor": "end" }, this.text(mark)),
    ]);
    const times = [[SECONDS, "2 min ago", "start"], [SECONDS / 2, "1 min", "middle"], [0, "now", "end"]].map(([ago, text, anchor]) =>
      svg("text", { x: this.x((this.samples.at(-1)?.time ?? 0) - ago), y: HEIGHT - 6, "text-anchor": anchor }, text),
    );
    const floor = y(0);
    const area = this.path(this.series[0].of, y).split("M").filter(Boolean).map((run) => {
      const xs = run.split("L").map((point) => point.split(" ")[0]);
      return svg("path", { class: "area", d: `M${run}L${xs.at(-1)} ${floor}L${xs[0]} ${floor}Z` });
    });
    const lines = this.series.map(({ of }, index) => svg("path", { class: `line s${index}`, d: this.path(of, y) }));
    this.cross = svg("path", { class: "cross" });
    this.drawing.replaceChildren(...grid.flat(), ...times, ...area, ...lines.reverse(), this.cross);
  }

  // A second without a number is a gap.
  path(of, y) {
    let pen = "M";
    let path = "";
    for (const sample of this.samples) {
      const value = of(sample);
      const x = this.x(sample.time);
      if (value === null || value === undefined || sample.gap) pen = "M";
      if (value === null || value === undefined || x < EDGE.left - 1) continue;
      // A point by itself is a dot.
      path += `${pen}${x.toFixed(1)} ${y(value).toFixed(1)}${pen === "M" ? "h0" : ""}`;
      pen = "L";
    }
    return path;
  }

  words() {
    if (this.samples.length === 0) return `${this.title}: nothing measured yet`;
    const parts = this.series.map(({ name, of }) => {
      const known = this.samples.map(of).filter((value) => value !== null && value !== undefined);
      if (known.length === 0) return `${name}: no numbers`;
      return `${name}: now ${this.text(of(this.samples.at(-1)))}, between ${this.text(Math.min(...known))} and ${this.text(Math.max(...known))}`;
    });
    return `${this.title}, ${this.unit}. ${parts.join(". ")}`;
  }

  point(event) {
    this.tip.hidden = event === null || this.samples.length === 0;
    if (this.tip.hidden) return this.cross?.removeAttribute("d");
    const at = event.clientX - this.drawing.getBoundingClientRect().left;
    const near = this.samples.reduce((best, sample) => (Math.abs(this.x(sample.time) - at) < Math.abs(this.x(best.time) - at) ? sample : best));
    const x = this.x(near.time);
    this.cross.setAttribute("d", `M${x} ${EDGE.top}V${HEIGHT - EDGE.bottom}`);
    const ago = Math.round(this.samples.at(-1).time - near.time);
    this.tip.replaceChildren(
      el("div", { class: "muted" }, ago === 0 ? "now" : `${ago} s ago`),
      ...this.series.map(({ name, of }) => el("div", {}, `${name} `, el("b", {}, this.text(of(near))))),
    );
    const beyond = x > this.width / 2;
    this.tip.style.left = beyond ? "" : `${x + 8}px`;
    this.tip.style.right = beyond ? `${this.width - x + 8}px` : "";
  }
}
