// The live view: one sample a second, sent by the server while the view is open.

import { get } from "./api.js";
import { $, el, number, size } from "./dom.js";
import { duration, Plot, SECONDS, short } from "./plot.js";

const SOURCES = {
  cluster: "All programs that use the cluster, from its status.",
  process: "What the program that serves this page does with the database, without this page's own reads.",
};

const share = ({ conflicted, started }) => (started > 0 ? `${short((100 * conflicted) / started)} % of the transactions that were started` : "");
const bytes = (value) => (value === null || value === undefined ? "–" : size(Math.round(value)));

// `source`: only where the numbers come from there.
const PLOTS = [
  { title: "Transactions", unit: "per second", series: [
    { name: "committed", of: (s) => s.committed },
    { name: "started", of: (s) => s.started },
  ] },
  { title: "Conflicts", unit: "per second", note: share, series: [
    { name: "conflicted", of: (s) => s.conflicted },
    { name: "failed", of: (s) => s.failed },
  ] },
  { title: "Latency", unit: "of transactions", text: duration, source: "process", series: [
    { name: "median", of: (s) => s.latency?.median },
    { name: "99 of 100", of: (s) => s.latency?.p99 },
  ] },
  { title: "Latency", unit: "by the cluster's probe", text: duration, source: "cluster", series: [
    { name: "start", of: (s) => s.probe?.start },
    { name: "read", of: (s) => s.probe?.read },
    { name: "commit", of: (s) => s.probe?.commit },
  ] },
  { title: "Versions", unit: "per second", series: [{ name: "versions", of: (s) => s.versions_per_second }],
    note: (s) => (s.read_version ? `Read version ${number(s.read_version)}` : "") },
  { title: "Keys", unit: "per second", series: [
    { name: "read", of: (s) => s.reads },
    { name: "written", of: (s) => s.writes },
  ] },
  { title: "Bytes", unit: "per second", text: bytes, series: [
    { name: "read", of: (s) => s.bytes_read },
    { name: "written", of: (s) => s.bytes_written },
  ] },
];

// How long what the status says of the health is taken for that of now.
const SECONDS_HEALTHY = 10;

const plotsOf = (source) => PLOTS.filter((plot) => (plot.source ?? source) === source);

export class Live {
  constructor({ report }) {
    this.report = report;
    this.plots = [];
    this.measured = null;
    this.samples = [];
    this.source = null;
    this.paused = false;
    this.build("process");
    $("pause").addEventListener("click", () => this.pause());
    $("numbers").addEventListener("toggle", () => this.table());
  }

  // What is measured differs between a cluster and a database of this process.
  build(measured) {
    if (measured === this.measured) return;
    this.measured = measured;
    this.plots = plotsOf(measured).map((plot) => new Plot(plot));
    this.columns = plotsOf(measured).flatMap(({ title, series, text = short }) =>
      series.map(({ name, of }) => ({ title, name, of, text })),
    );
    $("plots").replaceChildren(...this.plots.map((plot) => plot.element));
    this.draw();
  }

  open(tenant) {
    if (this.source && tenant === this.tenant) return;
    this.close();
    if (tenant !== this.tenant) this.samples = [];
    this.tenant = tenant;
    if (this.samples.length === 0) $("live-source").textContent = "Waiting for the first second…";
    this.health();
    this.checking = setInterval(() => this.health(), 1000 * SECONDS_HEALTHY);
    this.source = new EventSource(`api/live?${new URLSearchParams(tenant ? { tenant } : {})}`);
    let first = true;
    this.source.onmessage = ({ data }) => {
      const sample = JSON.parse(data);
      this.report(null);
      if (sample.error) return void ($("live-source").textContent = sample.error);
      sample.gap = first;
      first = false;
      this.take(sample);
    };
    this.source.onerror = () => {
      first = true;
      this.report({ status: 0, message: "The page's server does not answer. Is the program that serves it still running?" });
      if (this.source?.readyState === EventSource.CLOSED) {
        this.close();
        this.again = setTimeout(() => this.open(this.tenant), 3000);
      }
    };
  }

  // How the database is, in a line; a page of a tenant has none.
  async health() {
    try {
      const found = await get("status");
      const parts = [found.healthy ? "Healthy" : found.available ? (found.data_description ?? "Not healthy") : "Not available"];
      if (found.bytes !== null) parts.push(`${size(found.bytes)} of data`);
      if (found.processes > 0) parts.push(found.processes === 1 ? "1 process" : `${number(found.processes)} processes`);
      if (found.locked) parts.push("locked");
      $("health").replaceChildren(parts.join(" · "), ...found.messages.map((text) => el("span", { class: "message" }, text)));
    } catch (error) {
      $("health").textContent = error.status === 404 ? "" : error.message;
    }
  }

  close() {
    clearTimeout(this.again);
    clearInterval(this.checking);
    this.source?.close();
    this.source = null;
  }

  take(sample) {
    this.samples = [...this.samples, sample].filter(({ time }) => time > sample.time - SECONDS - 1);
    this.build(sample.source);
    if (this.paused) return;
    $("live-source").textContent = SOURCES[sample.source] ?? "";
    this.draw();
  }

  draw() {
    for (const plot of this.plots) plot.show(this.samples);
    this.table();
  }

  pause() {
    this.paused = !this.paused;
    $("pause").setAttribute("aria-pressed", String(this.paused));
    $("pause").textContent = this.paused ? "Continue" : "Pause";
    if (!this.paused) this.draw();
  }

  table() {
    if (!$("numbers").open) return;
    const head = el("tr", {}, el("th", { scope: "col" }, "Seconds ago"), this.columns.map(({ title, name }) => el("th", { scope: "col" }, `${title}: ${name}`)));
    const now = this.samples.at(-1)?.time ?? 0;
    const lines = this.samples.slice(-15).reverse().map((sample) =>
      el("tr", {}, el("td", {}, String(Math.round(now - sample.time))), this.columns.map(({ of, text }) => el("td", {}, text(of(sample))))),
    );
    $("numbers-box").replaceChildren(el("table", { class: "data-table figures" }, el("thead", {}, head), el("tbody", {}, lines)));
  }
}
