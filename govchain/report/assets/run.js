"use strict";
// The page of one run. Lanes are drawn in lanes.js.
const R = DATA.result;
const BANDS = { crash: "#b3263a", partition: "#c98a1b", pause: "#5b7083", byzantine: "#8a5cc2", drop: "#e76f51", delay: "#3d8fc6" };
const band_colour = (kind) => BANDS[kind] || "#2a9d8f";
const how_of = (how) => how.split(" ").map((word, place) => (place ? word : t(`how_${word}`).replace("how_", ""))).join(" ");
const fault_name = (fault) => (WORDS[`fault_${fault.do}`] ? t(`fault_${fault.do}`) : fault.do) + (fault.how ? ` · ${how_of(fault.how)}` : "");
const lasting = R.faults.filter((fault) => fault.ended_ms === null || fault.ended_ms > fault.began_ms);
const end_of = (fault) => (fault.ended_ms === null ? DATA.span_ms : fault.ended_ms);

function verdict_section() {
  const told = (rows, chinese, names) => rows.map((row, place) => ({ ...row,
    ...Object.fromEntries(names.map((name, index) => [name, pick([row[name], chinese[place][index]])])) }));
  const bad_first = (rows) => [...rows.filter((row) => !row.ok), ...rows.filter((row) => row.ok)];
  const expectations = told(R.expectations, DATA.zh.expectations, ["name", "expected", "measured"]);
  return section("verdict",
    el("h3", {}, t("expectations")),
    table([{ text: "" }, { text: t("expectation") }, { text: t("expected"), named: 1 }, { text: t("measured"), named: 1 }],
      bad_first(expectations).map((each) => ({ wrong: !each.ok, cells: [
        badge(each.ok ? "ok" : each.undecided ? "undecided" : "no"), each.name, each.expected, each.measured] }))),
    el("h3", {}, t("invariants")),
    promises_table(bad_first(R.invariants.map((each, place) => ({ ...each, zh: DATA.zh.invariants[place][0], promise: DATA.promises[place] })))),
    R.unused.length ? el("p", { className: "small dim" }, t("unused", R.unused.join(", "))) : null,
    R.digest ? el("p", { className: "small dim" }, t("digest"), ": ", el("span", { className: "mono" }, R.digest)) : null);
}

function promises_table(rows) {
  const broken = rows.some((row) => !row.ok);
  const said = (row) => (language ? row.zh : el("span", {}, row.name, row.promise ? el("span", { className: "dim" }, ` · ${row.promise}`) : null));
  return table([{ text: "" }, { text: t("invariant") }, ...(broken ? [{ text: t("detail"), named: 1 }] : [])],
    rows.map((row) => ({ wrong: !row.ok, cells: [badge(row.ok ? "ok" : "no"), said(row), ...(broken ? [row.detail] : [])] })));
}

function time_section(after) {
  const upper = el("div", { className: "chart" }), lower = el("div", { className: "chart" });
  const xs = DATA.chart.per_s.map((_, place) => ((place + 0.5) * DATA.chart.bin_ms) / 1000);
  const shapes = lasting.map((fault) => ({ type: "rect", xref: "x", yref: "paper", x0: fault.began_ms / 1000, x1: end_of(fault) / 1000,
    y0: 0, y1: 1, fillcolor: band_colour(fault.do), opacity: 0.14, line: { width: 0 }, layer: "below" }))
    .concat(R.faults.filter((fault) => !lasting.includes(fault)).map((fault) => ({ type: "line", xref: "x", yref: "paper",
      x0: fault.began_ms / 1000, x1: fault.began_ms / 1000, y0: 0, y1: 1, line: { color: band_colour(fault.do), width: 1, dash: "dot" } })));
  // Few bands have room for their names.
  const annotations = lasting.length > 8 ? [] : lasting.map((fault) => ({ xref: "x", yref: "paper", x: (fault.began_ms + end_of(fault)) / 2000, y: 1, yanchor: "bottom",
    text: plain(fault_name(fault)), showarrow: false, font: { size: 11, color: band_colour(fault.do) } }));
  const xaxis = { title: { text: t("seconds") }, range: [0, Math.max(DATA.span_ms / 1000, xs[xs.length - 1])] };
  after(() => {
    chart(upper, [{ x: xs, y: DATA.chart.per_s, type: "bar", marker: { color: PALETTE[0] }, name: t("throughput") }],
      { shapes, annotations, xaxis, yaxis: { title: { text: t("throughput") } }, showlegend: false, bargap: 0.05 });
    const mode = { mode: "lines+markers", marker: { size: 4 }, connectgaps: false };
    chart(lower, [{ x: xs, y: DATA.chart.p50_ms, name: t("median"), line: { color: PALETTE[2] }, ...mode },
      { x: xs, y: DATA.chart.p95_ms, name: t("p95"), line: { color: PALETTE[1] }, ...mode }],
    { shapes, xaxis, yaxis: { title: { text: t("latency") } } });
    if (F) [upper, lower].forEach((holder) => holder.on("plotly_click", (event) => look_at(event.points[0].x * 1e6)));
  });
  const list = R.faults.length ? table([{ text: t("fault") }, { text: t("targets") }, { text: t("when") }],
    R.faults.map((fault) => ({ cells: [
      el("span", {}, el("i", { className: "swatch", style: `background:${band_colour(fault.do)}` }), " ", fault_name(fault)),
      fault.targets.join(", ") || "–",
      leads_there(fault.began_ms, fault.ended_ms === fault.began_ms ? clock(fault.began_ms)
        : t("from_to", clock(fault.began_ms), fault.ended_ms === null ? t("until_end") : clock(fault.ended_ms)))] }))) : null;
  const folded = R.faults.length > 8 ? el("details", {}, el("summary", {}, t("all_faults", R.faults.length)), list) : list;
  return section("time", el("p", { className: "dim small" }, t("time_help"), F ? ` ${t("time_leads")}` : ""), upper, lower, folded);
}

// A time that opens the lanes there.
const leads_there = (ms, text) => (F ? el("a", { href: "#validators", on: { click: (event) => { event.preventDefault(); look_at(ms * 1000); } } }, text) : text);

function reason(step) {
  if (!step.rule && !step.code) return step.ok ? "" : pick(step.detail) || step.measured;
  return el("span", {}, el("b", {}, [step.rule, step.code].filter(Boolean).join(" · ")), " ", pick(step.rule_title),
    el("div", { className: "dim small" }, pick(step.detail)),
    ...(step.why || []).map((text) => el("div", { className: "dim small" }, pick(text))));
}
const outcome = (step) => el("span", {}, badge(step.outcome), step.ok ? null : el("div", { className: "small" }, badge("no", t("unexpected"))));

function departments_section(after) {
  const names = Object.fromEntries(DATA.organisations.map((org) => [org.id, pick(org.name)]));
  const sums = (org, wanted) => org.flows.filter((flow) => !wanted || flow[1] === wanted).reduce((sum, flow) => sum + flow[2], 0);
  const overview = table([{ text: t("org") }, { text: t("runs_validators"), number: 1, named: 1 }, { text: t("handed_in"), number: 1, named: 1 },
    { text: t("applied"), number: 1, named: 1 }, { text: t("denied"), number: 1, named: 1 }, { text: t("answered"), number: 1, named: 1 }, { text: "" }],
    DATA.organisations.map((org) => ({ cells: [pick(org.name), number(org.validators), number(sums(org)), number(sums(org, "applied")),
      number(sums(org, "denied")), number(sums(org, "answered")), org.load ? t("also_load", number(org.load)) : ""] })));
  const parts = [el("p", { className: "dim small" }, t("departments_help")), overview];
  if (DATA.steps.length) {
    const flows = el("div", { className: "chart tall" });
    after(() => draw_flows(flows));
    parts.push(flows, steps_table(names));
  } else parts.push(el("p", { className: "dim" }, t("no_steps")));
  return section("departments", ...parts);
}

function draw_flows(holder) {
  const labels = [], colours = [], place = {};
  const of = (key, label, colour) => {
    if (!(key in place)) { place[key] = labels.length; labels.push(plain(label.length > 28 ? `${label.slice(0, 27)}…` : label)); colours.push(colour); }
    return place[key];
  };
  const tint = { applied: "#1d7f4f", denied: "#c98a1b", answered: "#1f4e9c", rejected: "#b3263a", pending: "#8a94a0", failed: "#b3263a" };
  const link = { source: [], target: [], value: [], color: [] };
  const join = (from, to, value, colour) => { link.source.push(from); link.target.push(to); link.value.push(value); link.color.push(colour + "55"); };
  DATA.organisations.forEach((org, index) => org.flows.forEach(([verb, result, count]) => {
    const middle = of("do " + verb, verb, "#5b7083");
    join(of("org " + org.id, pick(org.name), PALETTE[index % PALETTE.length]), middle, count, tint[result]);
    join(middle, of("out " + result, t(result), tint[result]), count, tint[result]);
  }));
  holder.style.height = `${Math.max(240, Math.min(620, labels.length * 30))}px`;
  chart(holder, [{ type: "sankey", orientation: "h", node: { label: labels, color: colours, pad: 14, thickness: 12, line: { width: 0 } }, link }],
    { margin: { l: 6, r: 6, t: 10, b: 10 }, hovermode: "closest" });
}

let only_denied = false;
function steps_table(names) {
  const holder = el("div", {});
  const paint = () => {
    const shown = DATA.steps.filter((step) => !only_denied || ["denied", "rejected"].includes(step.outcome) || !step.ok);
    holder.replaceChildren(el("div", { className: "bar" }, el("h3", {}, t("steps")),
      el("button", { on: { click: () => { only_denied = !only_denied; paint(); } } }, t(only_denied ? "every_step" : "only_denied"))),
    table([{ text: "#", number: 1 }, { text: t("org") }, { text: t("step") }, { text: t("outcome") }, { text: t("why") }],
      shown.map((step) => ({ wrong: !step.ok, cells: [number(step.number), names[step.org] || step.by,
        el("span", {}, pick(step.text), el("div", { className: "dim small" }, step.do, step.height ? ` · ${t("version", step.height)} · ${number(step.latency_ms)} ms` : ""),
          step.asked.map((text) => el("div", { className: "dim small" }, pick(text)))),
        outcome(step), reason(step)] }))));
  };
  paint();
  return holder;
}

function lives_section() {
  return section("lives", el("p", { className: "dim small" }, t("lives_help")),
    DATA.lives.map((life) => el("div", { className: "life" }, el("b", { className: "mono" }, life.object), " ",
      el("span", { className: "dim small" }, t("attempts", life.steps.length)),
      el("ol", {}, life.steps.map((place) => {
        const step = DATA.steps[place];
        return el("li", {}, outcome(step), " ", el("span", { className: "dim small" }, step.height ? t("version", step.height) + " " : ""),
          pick(step.text), ["denied", "rejected"].includes(step.outcome) ? el("div", { className: "small" }, reason(step)) : null);
      })))));
}

show((after) => {
  const load = R.workload;
  const backend = { sim: t("on_sim"), local: t("on_local") }[R.backend] || R.backend;
  const latency = load && load.acknowledged ? load.latency_ms : R.latency_ms;
  const parts = ["verdict", "time", "validators", "departments"];
  if (DATA.lives.length) parts.push("lives");
  return [
    top_of(pick(DATA.title), [el("div", { className: "dim small" }, t("run_of", R.scenario, R.seed, backend, R.version)),
      pick(DATA.why) ? el("p", {}, pick(DATA.why)) : null], badge(R.verdict, undefined, "large")),
    menu(...parts),
    el("div", { className: "tiles" }, tile(number(R.height), t("height")), DATA.steps.length ? tile(number(R.records), t("records_final")) : null,
      load ? tile(number(load.acknowledged), t("load_final")) : null,
      tile(number(Object.values(R.denials).reduce((sum, each) => sum + each, 0)), t("denials")),
      tile(`${number(latency.p50)} ms`, t("p50")), tile(`${number(latency.p95)} ms`, t("p95")),
      tile(number(R.happened.view_change || 0), t("view_changes")), tile(number(R.faults.length), t("faults")),
      tile(`${number(DATA.span_ms / 1000, 1)} s`, t("took"))),
    verdict_section(), time_section(after), lanes_section(after), departments_section(after),
    DATA.lives.length ? lives_section() : null,
  ].filter(Boolean);
});
