"use strict";
// What every part shares: language, elements made from text, numbers. No markup is ever read from data.
const remembered = () => { try { return localStorage.getItem("language"); } catch { return null; } };
let language = (remembered() || navigator.language || "en").toLowerCase().startsWith("zh") ? 1 : 0;

const byId = (id) => document.getElementById(id);
const t = (key, ...values) => (WORDS[key] ? WORDS[key][language] : key).replace(/\{(\d)\}/g, (_, place) => values[place]);
const pick = (en, zh) => (language && zh ? zh : en);

function make(namespace, name, options, children) {
  const node = namespace ? document.createElementNS(namespace, name) : document.createElement(name);
  for (const [key, value] of Object.entries(options || {})) {
    if (key === "on") for (const [event, action] of Object.entries(value)) node.addEventListener(event, action);
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== "").map((child) =>
    child instanceof Node ? child : String(child)));
  return node;
}
const el = (name, options, ...children) => make("", name, options, children);
const svg = (name, options, ...children) => make("http://www.w3.org/2000/svg", name, options, children);

const number = (value, digits = 0) => Number(value).toLocaleString(language ? "zh-CN" : "en-US", { maximumFractionDigits: digits });
const clock = (ms) => new Date(ms).toLocaleTimeString(language ? "zh-CN" : "en-GB", { hour12: false });
const moment = (ms) => `${new Date(ms).toLocaleDateString("sv-SE")} ${clock(ms)}`;
const short = (text) => text.replace(/\b([0-9a-f]{8})[0-9a-f]{50}([0-9a-f]{6})\b/g, "$1…$2");
const badge = (kind, text) => el("span", { class: `badge ${kind}` }, text);
const link = (target, text, title) => el("a", { href: `#${target}`, title }, text);
const recordPath = (name) => name.split("/").map(encodeURIComponent).join("/");

function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} ${pick("s", "秒")}`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} ${pick("min", "分钟")}`;
  return `${Math.floor(seconds / 3600)} ${pick("h", "小时")}`;
}

function show(id, isShown, ...children) {
  byId(id).hidden = !isShown;
  byId(id).replaceChildren(...children);
}

// A table whose cells are texts or elements; `heads` are keys of WORDS.
function table(heads, rows) {
  return el("div", { class: "scroll" }, el("table", { class: "stack" },
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", {}, t(head))))),
    el("tbody", {}, rows.map((cells) => el("tr", {}, cells.map((cell, place) => el("td", { "data-name": t(heads[place]) }, cell)))))));
}

const facts = (pairs) => el("dl", {}, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "").map(
  ([name, value]) => [el("dt", {}, t(name)), el("dd", {}, value)]));
