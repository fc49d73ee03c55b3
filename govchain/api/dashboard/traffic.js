"use strict";
// Records over the last five minutes as bars, and the lists of the newest records and blocks.
const BAR_MS = 5000;
const BLOCKS_SHOWN = 12;
const RECORD_HEADS = ["time", "height", "what", "outcome"];

function ratePerSecond(now_ms) {
  const counted = picture.counts.filter((block) => block.time_ms > now_ms - 60000);
  return counted.reduce((sum, block) => sum + block.count, 0) / 60;
}

function drawTraffic() {
  const now = Date.now(), width = 520, height = 240, left = 44, bottom = 24, top = 12;
  const bars = Array.from({ length: WINDOW_MS / BAR_MS }, () => ({ applied: 0, denied: 0 }));
  for (const block of picture.counts) {
    const place = bars.length - 1 - Math.floor((now - block.time_ms) / BAR_MS);
    if (place < 0) continue;
    const bar = bars[Math.min(place, bars.length - 1)];
    bar.denied += block.denied;
    bar.applied += block.count - block.denied;
  }
  const most = Math.max(1, ...bars.map((bar) => bar.applied + bar.denied));
  const step = (width - left) / bars.length, scale = (height - bottom - top) / most;
  const drawn = bars.map((bar, place) => {
    const x = left + place * step, base = height - bottom, seen = `${t("applied")} ${bar.applied} · ${t("was_denied")} ${bar.denied}`;
    return svg("g", {}, svg("title", {}, seen),
      svg("rect", { x, y: top, width: step, height: base - top, class: "empty" }),
      svg("rect", { x: x + 0.5, y: base - bar.applied * scale, width: step - 1, height: bar.applied * scale, class: "applied" }),
      svg("rect", { x: x + 0.5, y: base - (bar.applied + bar.denied) * scale, width: step - 1, height: bar.denied * scale, class: "denied" }));
  });
  const axis = [0, most / 2, most].filter((value) => Number.isInteger(value)).map((value) => {
    const y = height - bottom - value * scale;
    return [svg("line", { x1: left, x2: width, y1: y, y2: y, class: "grid" }), svg("text", { x: left - 6, y: y + 4, "text-anchor": "end", class: "sub" }, number(value))];
  });
  const times = [5, 4, 3, 2, 1, 0].map((minutes) => svg("text", { x: left + (width - left) * (5 - minutes) / 5, y: height - 6, class: "sub",
    "text-anchor": minutes === 5 ? "start" : minutes ? "middle" : "end" }, minutes ? `−${minutes} min` : t("now")));
  byId("traffic").replaceChildren(el("h2", {}, t("traffic")), el("p", { class: "dim" }, t("traffic_help")),
    svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": t("traffic") }, axis, drawn, times));
}

const outcome = (result) => result.applied ? badge("applied", t("applied")) : badge("denied", `${result.rule} ${result.code}`);

function recordRows(records) {
  return records.map(({ height, time_ms, id, body, result }) => [
    el("time", { class: "dim", title: moment(time_ms) }, clock(time_ms)), link(`block/${height}`, number(height)),
    link(`tx/${id}`, sentence(body), id), outcome(result)]);
}

function drawLists() {
  const heads = RECORD_HEADS;
  byId("records").replaceChildren(el("h2", {}, t("records")), el("p", { class: "dim" }, t("records_help")),
    picture.records.length ? table(heads, recordRows(picture.records)) : el("p", {}, t("none_yet")));
  const rows = picture.blocks.slice(0, BLOCKS_SHOWN).map(({ height, time_ms, count, denied }) =>
    [link(`block/${height}`, number(height)), moment(time_ms), number(count), denied ? badge("denied", number(denied)) : "0"]);
  byId("blocks").replaceChildren(el("h2", {}, t("blocks")), rows.length ? table(["height", "time", "count", "was_denied"], rows) : el("p", {}, t("none_yet")));
}
