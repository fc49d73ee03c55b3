"use strict";
// What both pages share: the language switch, making elements from text, numbers, charts. No markup is ever read from data.
const DATA = JSON.parse(document.getElementById("data").textContent);
let language = (navigator.language || "en").toLowerCase().startsWith("zh") ? 1 : 0;
// `report.html#zh&t=2.5` opens in Chinese at 2.5 s.
const WANTED = new URLSearchParams(location.hash.slice(1));
if (WANTED.has("zh")) language = 1;
if (WANTED.has("en")) language = 0;

const t = (key, ...values) => {
  const text = WORDS[key] ? WORDS[key][language] : key;
  return text.replace(/\{(\d)\}/g, (_, place) => values[place]);
};
const pick = (both) => both[language] || both[0];

function el(name, options, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(options || {})) {
    if (key === "on") for (const [event, action] of Object.entries(value)) node.addEventListener(event, action);
    else if (key === "className") node.className = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined).map((child) =>
    child instanceof Node ? child : String(child)));
  return node;
}
const badge = (kind, text, more) => el("span", { className: `badge ${kind} ${more || ""}` }, text === undefined ? t(kind) : text);
const tile = (value, label) => el("div", { className: "tile" }, el("b", {}, value), el("span", {}, label));
const section = (id, ...children) => el("section", { id }, el("h2", {}, t(id)), ...children);

function table(heads, rows, options) {
  const at = (column) => (column.number ? { className: "number" } : {});
  const name = (column) => (column.named ? { "data-name": column.text } : {});
  return el("div", { className: "scroll" }, el("table", { className: (options || {}).className || "stack" },
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", at(head), head.text)))),
    el("tbody", {}, rows.map((row) => el("tr", row.wrong ? { className: "wrong" } : {},
      row.cells.map((cell, place) => el("td", { ...at(heads[place]), ...name(heads[place]) }, cell)))))));
}

const number = (value, digits) => value === null || value === undefined ? "–"
  : Number(value).toLocaleString(language ? "zh-CN" : "en-US", { maximumFractionDigits: digits === undefined ? 2 : digits });
const clock = (ms) => `${number(ms / 1000, 3)} s`;

// Charts read a little markup in their texts: what comes from data is spelled so that none is in it.
const plain = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const PALETTE = ["#1f4e9c", "#d1495b", "#2a9d8f", "#c98a1b", "#8a5cc2", "#5b7083", "#e76f51", "#3d8fc6"];

function chart(holder, traces, layout) {
  const axis = { gridcolor: "#e6ebf0", zerolinecolor: "#cfd8e1", automargin: true };
  Plotly.newPlot(holder, traces, {
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: "#1c2733" },
    margin: { l: 52, r: 16, t: 26, b: 42 }, paper_bgcolor: "#fff", plot_bgcolor: "#fff", hovermode: "x unified",
    legend: { orientation: "h", y: 1.16, x: 1, xanchor: "right" }, ...layout,
    xaxis: { ...axis, ...(layout.xaxis || {}) }, yaxis: { ...axis, rangemode: "tozero", ...(layout.yaxis || {}) },
  }, { responsive: true, displaylogo: false, displayModeBar: false });
}

// Draws everything in the chosen language; `after` runs when the elements have their width.
function show(draw) {
  const page = document.getElementById("page");
  const paint = () => {
    document.documentElement.lang = language ? "zh" : "en";
    const after = [];
    page.replaceChildren(...draw((action) => after.push(action)));
    after.forEach((action) => action());
  };
  const turn = () => { language = 1 - language; paint(); };
  window.switcher = () => el("button", { id: "language", on: { click: turn } }, t("language"));
  paint();
}
function top_of(title, lines, mark) {
  return el("header", {}, el("div", {}, el("h1", {}, title), ...lines),
    el("div", { className: "bar" }, mark, window.switcher()));
}
const menu = (...ids) => el("nav", {}, ids.map((id) => el("a", { href: `#${id}` }, t(id))));
