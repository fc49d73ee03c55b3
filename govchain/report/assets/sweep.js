"use strict";
// The page of a sweep: a chart to compare with, and the table of all combinations.
const KEYS = Object.keys(DATA.axes);
const FIGURES = [...(DATA.limit_ms === null ? [] : ["max_rate_per_s"]), "latency_p95_ms", "latency_p50_ms", "latency_p99_ms", "finalised_per_s",
  "finalised", "view_changes", "drained_ms", "messages_per_record", "bytes_per_record"];
// Kept across a change of language.
const choice = { figure: FIGURES[0], along: KEYS.reduce((best, key) => (!best || DATA.axes[key].length > DATA.axes[best].length ? key : best), "") };
const label_of = (figure) => t(figure === "view_changes" ? "view_changes_n" : figure);
const figure_of = (cell, name) => name === "max_rate_per_s" ? { mean: cell.max_rate_per_s, half_width: null } : cell.figures[name];
const named = (settings, keys) => keys.map((key) => `${key}=${settings[key]}`).join(", ");

function select(options, chosen, label, action) {
  const box = el("select", { on: { change: () => action(box.value) } }, options.map((each) => el("option", { value: each }, label(each))));
  box.value = chosen;
  return box;
}

function compare_section(after) {
  const holder = el("div", { className: "chart tall" });
  const paint = () => {
    const others = KEYS.filter((key) => key !== choice.along);
    const groups = new Map();
    DATA.cells.forEach((cell) => {
      const name = named(cell.settings, others);
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(cell);
    });
    // Between words nothing lies, so no line leads from one to the next.
    const words = !choice.along || DATA.axes[choice.along].some((value) => !/^[0-9]/.test(value));
    const shape = (colour) => (words ? { type: "bar", width: Math.min(0.3, 0.6 / groups.size), marker: { color: colour } }
      : { mode: "lines+markers", marker: { size: 7, color: colour }, line: { color: colour } });
    const traces = [...groups].map(([name, cells], place) => {
      const figures = cells.map((cell) => figure_of(cell, choice.figure) || { mean: null, half_width: null });
      return { x: cells.map((cell) => plain(choice.along ? cell.settings[choice.along] : DATA.scenario)), y: figures.map((each) => each.mean),
        error_y: { type: "data", array: figures.map((each) => each.half_width || 0), thickness: 1.5, width: 5 }, name: plain(name || label_of(choice.figure)),
        ...shape(PALETTE[place % PALETTE.length]) };
    });
    chart(holder, traces, { xaxis: { type: "category", title: { text: plain(choice.along) } }, yaxis: { title: { text: label_of(choice.figure) } },
      showlegend: traces.length > 1, legend: { orientation: "h", y: -0.25 }, hovermode: "closest" });
  };
  after(paint);
  return section("compare", el("div", { className: "bar" },
    el("label", {}, t("figure"), select(FIGURES, choice.figure, label_of, (value) => { choice.figure = value; paint(); })),
    KEYS.length > 1 ? el("label", {}, t("along"), select(KEYS, choice.along, (key) => key, (value) => { choice.along = value; paint(); })) : null), holder);
}

function estimate_cell(figure) {
  if (!figure || figure.mean === null) return "–";
  const digits = figure.mean >= 1000 ? 0 : figure.mean >= 100 ? 1 : 2;
  return el("span", {}, number(figure.mean, digits), figure.half_width === null ? null : el("div", { className: "dim small" }, `± ${number(figure.half_width, digits)}`));
}
const verdict_cell = (verdicts) => Object.entries(verdicts).map(([name, count]) => el("span", {}, badge(name === "error" ? "failed" : name, `${count} ${t(name === "error" ? "failed" : name)}`), " "));
const rate_cell = (cell) => (cell.is_bounded ? "" : "≥ ") + number(cell.max_rate_per_s);

function cells_section() {
  const shown = FIGURES.filter((name) => name !== "max_rate_per_s");
  const searched = DATA.limit_ms !== null;
  const heads = [...KEYS.map((key) => ({ text: key, named: 1 })), { text: t("runs") }, ...(searched ? [{ text: t("max_rate_per_s"), number: 1, named: 1 }] : []),
    ...shown.map((name) => ({ text: label_of(name), number: 1, named: 1 }))];
  const problems = [...new Set(DATA.cells.flatMap((cell) => cell.runs.filter((run) => run.problem).map((run) =>
    `${named(cell.settings, KEYS)} seed ${run.seed}: ${run.problem}`)))];
  return section("cells", el("p", { className: "dim small" }, t("cells_help")), searched ? el("p", { className: "dim small" }, t("search_help", number(DATA.limit_ms))) : null,
    table(heads, DATA.cells.map((cell) => ({ wrong: Object.keys(cell.verdicts).some((name) => name !== "pass"), cells: [
      ...KEYS.map((key) => cell.settings[key]), verdict_cell(cell.verdicts), ...(searched ? [rate_cell(cell)] : []), ...shown.map((name) => estimate_cell(cell.figures[name]))] }))),
    problems.map((problem) => el("div", { className: "small" }, badge("no"), " ", problem)));
}

function probes_section(after) {
  const holder = el("div", { className: "chart tall" });
  after(() => chart(holder, [...DATA.cells.map((cell, place) => ({ x: cell.probes.map((probe) => probe.rate_per_s), y: cell.probes.map((probe) => probe.latency_p95_ms),
    mode: "lines+markers", name: plain(named(cell.settings, KEYS) || DATA.scenario), line: { color: PALETTE[place % PALETTE.length] },
    marker: { size: 8, color: cell.probes.map((probe) => (probe.keeps_up ? "#1d7f4f" : "#b3263a")) } }))],
  { xaxis: { type: "log", dtick: "D2", title: { text: t("rate") } }, yaxis: { title: { text: t("latency_p95_ms") } }, hovermode: "closest", showlegend: DATA.cells.length > 1,
    legend: { orientation: "h", y: -0.25 }, shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: DATA.limit_ms, y1: DATA.limit_ms, line: { color: "#8593a1", dash: "dash", width: 1 } }] }));
  return section("probes", el("div", { className: "bar small" }, badge("ok", t("keeps_up")), badge("no", t("falls_behind"))), holder);
}

show((after) => {
  const runs = DATA.cells.reduce((sum, cell) => sum + cell.runs.length, 0);
  const parts = ["compare", "cells", ...(DATA.limit_ms === null ? [] : ["probes"])];
  return [top_of(pick([DATA.title, DATA.title_zh]), [el("div", { className: "dim small" }, t("sweep_of", DATA.scenario, runs, DATA.digest.slice(0, 16), DATA.version))], null),
    menu(...parts), compare_section(after), cells_section(), DATA.limit_ms === null ? null : probes_section(after)].filter(Boolean);
});
