"use strict";
// Lanes of the validators on a canvas: views as colours, votes as marks, messages as lines, one moment under the cursor.
const F = DATA.film;
const KIND_COLOURS = { proposal: "#1f4e9c", prepare: "#2a9d8f", vote: "#2a9d8f", timeout: "#d1495b", commit: "#8a5cc2", attestation: "#c98a1b", "view-change": "#d1495b", "new-view": "#e76f51" };
const MARK_COLOURS = { ...KIND_COLOURS, proposed: "#1f4e9c", prepared: "#2a9d8f", committed: "#8a5cc2", executed: "#1c2733", final: "#1d7f4f",
  rejected: "#9aa5b1", equivocation: "#b3263a", diverged: "#b3263a", silenced: "#b3263a", checkpoint: "#5b7083" };
const VIEW_TINTS = ["#eef4fb", "#fdf3e3", "#eaf6f0", "#f5eefa", "#fbeef0"];
const LANE = 62, TOP = 20, AXIS = 24, MINIMUM_US = 2000, SILENCE_US = 2e6;
// Kept across a change of language.
const eye = F ? { at: 0, width: 0, hidden: new Set(["progress"]), timer: 0 } : null;

// Index of the last row at or before a time; rows rise in time.
function last_before(rows, us) {
  let low = 0, high = rows.length;
  while (low < high) { const middle = (low + high) >> 1; if (rows[middle][0] <= us) low = middle + 1; else high = middle; }
  return low - 1;
}
const down_at = (node, us) => F.down[node].find(([from, to]) => from <= us && (to < 0 || us < to));
function view_at(node, us) {
  const place = last_before(F.views[node], us);
  return place < 0 ? [0, 0] : [F.views[node][place][1], F.views[node][place][2]];
}
const show_us = (us) => `${number(us / 1e6, eye.width < 1e5 ? 5 : eye.width < 1e7 ? 3 : 2)} s`;

let shown_lanes = null;
// Open the lanes at a time, from anywhere on the page; where it happens at a third of the window.
function look_at(us) {
  eye.at = Math.max(0, Math.min(F.end_us, us + eye.width * 0.2));
  paint_lanes(shown_lanes);
  document.getElementById("validators").scrollIntoView({ behavior: "smooth" });
}

function lanes_section(after) {
  if (!F) return section("validators", el("p", { className: "dim" }, t("no_film")));
  if (!eye.width) first_look();
  const canvas = el("canvas", { tabindex: "0", role: "img", "aria-label": t("validators") });
  const slider = el("input", { type: "range", min: "0", max: String(Math.max(1, F.end_us)), step: "1", "aria-label": t("seconds") });
  const readout = el("div", { className: "readout" }), states = el("div", {});
  const overview = el("canvas", { className: "overview", role: "img", "aria-label": t("all") });
  const lanes = shown_lanes = { canvas, overview, slider, readout, states };
  const move = (us) => { eye.at = Math.max(0, Math.min(F.end_us, Math.round(us))); paint_lanes(lanes); };
  const zoom = (factor) => { eye.width = Math.max(MINIMUM_US, Math.min(F.end_us || MINIMUM_US, eye.width * factor)); paint_lanes(lanes); };
  const play = el("button", { on: { click: () => toggle_play(play, move) } }, t(eye.timer ? "pause_film" : "play"));
  const button = (key, action) => el("button", { on: { click: action } }, t(key));
  slider.addEventListener("input", () => move(Number(slider.value)));
  follow_pointer(canvas, readout, move, zoom);
  const seek = (event) => { if (event.buttons & 1) move((event.offsetX / overview.clientWidth) * F.end_us); };
  overview.addEventListener("pointerdown", (event) => { overview.setPointerCapture(event.pointerId); seek(event); });
  overview.addEventListener("pointermove", seek);
  after(() => { paint_lanes(lanes); new ResizeObserver(() => paint_lanes(lanes)).observe(canvas); });
  return section("validators", el("p", { className: "dim small" }, t("lanes_help")),
    F.every > 1 ? el("p", { className: "small" }, t("thinned", number(F.every), number(F.messages_total))) : null,
    el("div", { className: "bar" }, play, button("previous", () => move(jump(-1))), button("next", () => move(jump(1))),
      button("closer", () => zoom(0.5)), button("wider", () => zoom(2)), button("all", () => { eye.at = F.end_us / 2; zoom(1e9); }), slider),
    el("div", { className: "bar" }, F.kinds.map((kind) => kind_switch(kind, lanes))),
    canvas, overview, readout, states);
}

function kind_switch(kind, lanes) {
  const box = el("input", { type: "checkbox" });
  box.checked = !eye.hidden.has(kind);
  box.addEventListener("change", () => { if (box.checked) eye.hidden.delete(kind); else eye.hidden.add(kind); paint_lanes(lanes); });
  return el("label", {}, box, el("i", { className: "swatch", style: `background:${KIND_COLOURS[kind] || "#9aa5b1"}` }), t(kind));
}

// Begin where the first thing goes wrong, or else happens, close enough to see single messages.
function first_look() {
  const first = F.messages.length ? F.messages[0][0] : 0;
  let last = first;
  for (const [sent, arrived] of F.messages.slice(0, 150)) {
    if (sent - last > SILENCE_US) break;
    last = Math.max(last, sent, arrived);
  }
  eye.width = Math.max(MINIMUM_US * 10, Math.min(F.end_us, (last - first) * 1.2));
  const wanted = Number(WANTED.get("t"));
  const wrong = R.faults.length ? R.faults[0].began_ms * 1000 + eye.width * 0.2 : first + eye.width * 0.45;
  eye.at = Math.min(F.end_us, wanted > 0 ? wanted * 1e6 : wrong);
}

// Faults, view changes, and what follows a silence as long as the window.
function jump(direction) {
  const times = [...R.faults.flatMap((fault) => [fault.began_ms * 1000, fault.ended_ms === null ? -1 : fault.ended_ms * 1000]),
    ...F.views.flat().map((row) => row[0])];
  F.marks.forEach((mark, place) => { if (!place || mark[0] - F.marks[place - 1][0] > eye.width / 2) times.push(mark[0]); });
  const ahead = times.filter((us) => us >= 0 && (direction > 0 ? us > eye.at + 1 : us < eye.at - 1)).sort((a, b) => a - b);
  if (!ahead.length) return eye.at;
  return direction > 0 ? ahead[0] : ahead[ahead.length - 1];
}

function toggle_play(button, move) {
  if (eye.timer) { clearInterval(eye.timer); eye.timer = 0; } else {
    eye.timer = setInterval(() => {
      if (!button.isConnected || eye.at >= F.end_us) { clearInterval(eye.timer); eye.timer = 0; button.textContent = t("play"); return; }
      move(eye.at + eye.width / 240);
    }, 40);
  }
  button.textContent = t(eye.timer ? "pause_film" : "play");
}

function follow_pointer(canvas, readout, move, zoom) {
  let grabbed = null;
  canvas.addEventListener("pointerdown", (event) => { grabbed = [event.clientX, eye.at]; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointerup", () => { grabbed = null; });
  canvas.addEventListener("pointermove", (event) => {
    const per_us = (canvas.clientWidth - gutter(canvas)) / eye.width;
    if (grabbed) move(grabbed[1] - (event.clientX - grabbed[0]) / per_us);
    else readout.textContent = nearest(canvas, event.offsetX, event.offsetY);
  });
  canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY > 0 ? 1.25 : 0.8); }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.05, ArrowRight: 0.05 }[event.key];
    if (step) { event.preventDefault(); move(eye.at + step * eye.width); }
    if (event.key === "+" || event.key === "-") zoom(event.key === "+" ? 0.5 : 2);
  });
}

const gutter = (canvas) => (canvas.clientWidth < 560 ? 88 : 128);
const middle_of = (node) => TOP + node * LANE + LANE / 2;
// Left edge of the window, in microseconds.
const left_us = () => Math.max(0, Math.min(F.end_us - eye.width, eye.at - eye.width / 2));

function paint_lanes(lanes) {
  const { canvas, slider, states } = lanes;
  if (!canvas.clientWidth) return;
  const height = TOP + DATA.nodes.length * LANE + AXIS, pen = pen_of(canvas, height);
  const side = gutter(canvas), width = canvas.clientWidth, from = left_us(), to = from + eye.width;
  const x = (us) => side + ((us - from) / eye.width) * (width - side);
  const stage = { pen, x, from, to, side, width, height };
  pen.save();
  pen.beginPath(); pen.rect(side, 0, width - side, height); pen.clip();
  DATA.nodes.forEach((_, node) => paint_ground(stage, node));
  paint_faults(stage);
  paint_messages(stage);
  paint_marks(stage);
  paint_axis(stage);
  pen.strokeStyle = "#1c2733"; pen.lineWidth = 1;
  pen.beginPath(); pen.moveTo(x(eye.at), TOP); pen.lineTo(x(eye.at), height - AXIS); pen.stroke();
  pen.restore();
  paint_names(stage);
  slider.value = String(eye.at);
  states.replaceChildren(states_table());
  paint_overview(lanes.overview);
}

function pen_of(canvas, height) {
  const ratio = window.devicePixelRatio || 1, pen = canvas.getContext("2d");
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(height * ratio);
  pen.scale(ratio, ratio);
  return pen;
}

// The whole run in small: a strip for each validator, red while it changes views, grey while it is down.
function paint_overview(canvas) {
  const strip = Math.max(2, Math.min(8, Math.floor(64 / DATA.nodes.length))), height = 6 + strip * DATA.nodes.length + 6;
  const pen = pen_of(canvas, height), wide = canvas.clientWidth, x = (us) => (us / Math.max(1, F.end_us)) * wide;
  const bar = (begin, end, top, tall, colour) => { pen.fillStyle = colour; pen.fillRect(x(begin), top, Math.max(1, x(end) - x(begin)), tall); };
  DATA.nodes.forEach((_, node) => {
    const rows = [[0, 0, 0], ...F.views[node]], top = 6 + node * strip;
    rows.forEach(([us, view, changing], place) => bar(us, place + 1 < rows.length ? rows[place + 1][0] : F.end_us, top, strip - 1,
      changing ? "#d1495b" : `${PALETTE[view % PALETTE.length]}40`));
    F.down[node].forEach(([begin, end]) => bar(begin, end < 0 ? F.end_us : end, top, strip - 1, "#8a94a0"));
  });
  R.faults.forEach((fault) => {
    const begin = fault.began_ms * 1000, end = fault.ended_ms === null ? F.end_us : fault.ended_ms * 1000;
    bar(begin, end, 0, height, `${band_colour(fault.do)}22`);
    bar(begin, end, 0, 3, band_colour(fault.do));
  });
  const left = x(left_us()), right = Math.max(left + 3, x(left_us() + eye.width));
  pen.strokeStyle = "#1c2733"; pen.lineWidth = 1.5; pen.strokeRect(left, 1, right - left, height - 2);
}

function paint_ground({ pen, x, from, to }, node) {
  const top = TOP + node * LANE + 2, tall = LANE - 4;
  const rows = F.views[node];
  let place = Math.max(-1, last_before(rows, from));
  for (let begin = from; begin < to;) {
    const [view, changing] = place < 0 ? [0, 0] : [rows[place][1], rows[place][2]];
    const end = place + 1 < rows.length ? Math.min(to, rows[place + 1][0]) : to;
    pen.fillStyle = VIEW_TINTS[view % VIEW_TINTS.length];
    pen.fillRect(x(begin), top, x(end) - x(begin), tall);
    if (changing) hatch(pen, x(begin), top, x(end) - x(begin), tall);
    if (x(end) - x(begin) > 46) {
      pen.fillStyle = "#8593a1"; pen.font = "11px system-ui, sans-serif"; pen.textAlign = "left";
      pen.fillText(`${t("view")} ${view}`, x(begin) + 5, top + 12);
    }
    if (end >= to) break;
    begin = end; place += 1;
  }
  F.down[node].filter(([start, end]) => start < to && (end < 0 || end > from)).forEach(([start, end, why]) => {
    const left = x(Math.max(from, start)), right = x(end < 0 ? to : Math.min(to, end));
    pen.fillStyle = "rgba(120,130,140,.62)"; pen.fillRect(left, top, right - left, tall);
    pen.fillStyle = "#fff"; pen.font = "600 12px system-ui, sans-serif"; pen.textAlign = "left";
    if (right - left > 44) pen.fillText(t(why), left + 6, top + tall - 8);
  });
}

function hatch(pen, left, top, wide, tall) {
  pen.save(); pen.beginPath(); pen.rect(left, top, wide, tall); pen.clip();
  pen.strokeStyle = "rgba(209,73,91,.30)"; pen.lineWidth = 2; pen.beginPath();
  for (let at = left - tall - (left % 10); at < left + wide; at += 10) { pen.moveTo(at, top + tall); pen.lineTo(at + tall, top); }
  pen.stroke(); pen.restore();
}

function paint_faults({ pen, x, from, to, height }) {
  let taken = -1e9;
  R.faults.forEach((fault) => {
    const begin = fault.began_ms * 1000, end = fault.ended_ms === null ? F.end_us : fault.ended_ms * 1000;
    if (begin > to || end < from) return;
    const left = x(Math.max(from, begin)), right = Math.max(left + 1.5, x(Math.min(to, end)));
    pen.fillStyle = band_colour(fault.do) + "1c"; pen.fillRect(left, TOP, right - left, height - TOP - AXIS);
    pen.fillStyle = band_colour(fault.do) + "40";
    DATA.nodes.forEach(([name], node) => { if (fault.targets.includes(name)) pen.fillRect(left, middle_of(node) - 10, right - left, 20); });
    pen.fillStyle = band_colour(fault.do); pen.fillRect(left, TOP - 3, right - left, 3);
    pen.font = "11px system-ui, sans-serif"; pen.textAlign = "left";
    if (left > taken) { pen.fillText(fault_name(fault), left + 2, TOP - 7); taken = left + pen.measureText(fault_name(fault)).width + 8; }
  });
}

function* shown_messages(from, to) {
  // Sorted by sending; what takes longer than the slack may be missed at the left edge.
  const slack = Math.max(eye.width, 2e6);
  for (let place = Math.max(0, last_before(F.messages, from - slack)); place < F.messages.length; place++) {
    const row = F.messages[place];
    if (row[0] > to) return;
    if ((row[1] < 0 ? row[0] : row[1]) >= from && !eye.hidden.has(F.kinds[row[4]])) yield row;
  }
}

function paint_messages({ pen, x, from, to }) {
  const rows = [...shown_messages(from, to)];
  pen.globalAlpha = rows.length > 3000 ? 0.12 : rows.length > 600 ? 0.3 : 0.6;
  pen.lineWidth = 1;
  rows.forEach(([sent, arrived, source, target, kind]) => {
    pen.strokeStyle = KIND_COLOURS[F.kinds[kind]] || "#9aa5b1";
    const y0 = middle_of(source), y1 = middle_of(target);
    pen.beginPath(); pen.moveTo(x(sent), y0);
    if (arrived >= 0) { pen.lineTo(x(arrived), y1); pen.stroke(); return; }
    const far = y0 + (y1 - y0) * 0.4, end = x(sent) + 8;
    pen.lineTo(end, far); pen.moveTo(end - 3, far - 3); pen.lineTo(end + 3, far + 3); pen.moveTo(end + 3, far - 3); pen.lineTo(end - 3, far + 3);
    pen.stroke();
  });
  pen.globalAlpha = 1;
}

function paint_marks({ pen, x, from, to }) {
  for (let place = Math.max(0, last_before(F.marks, from)); place < F.marks.length && F.marks[place][0] <= to; place++) {
    const [us, node, name] = F.marks[place], kind = F.mark_names[name];
    const left = x(us), y = middle_of(node);
    pen.fillStyle = MARK_COLOURS[kind] || "#1c2733";
    pen.beginPath();
    if (kind === "proposed") { pen.moveTo(left, y - 8); pen.lineTo(left + 5, y + 3); pen.lineTo(left - 5, y + 3); } else if (kind === "executed") {
      pen.rect(left - 2, y - 9, 4, 18);
    } else if (kind === "view-change" || kind === "new-view") pen.rect(left - 4, y - 4, 8, 8);
    else if (kind === "rejected") pen.arc(left, y, 1.6, 0, 7);
    else pen.arc(left, y, kind === "final" ? 4.5 : 3.2, 0, 7);
    pen.fill();
  }
}

function paint_axis({ pen, x, from, to, side, width, height }) {
  const wanted = eye.width / Math.max(2, (width - side) / 110), power = 10 ** Math.floor(Math.log10(wanted));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= wanted);
  pen.fillStyle = "#5d6b7a"; pen.strokeStyle = "#dce3ea"; pen.font = "11px system-ui, sans-serif"; pen.textAlign = "center";
  for (let us = Math.ceil(from / step) * step; us <= to; us += step) {
    pen.fillRect(x(us), height - AXIS, 1, 5);
    pen.fillText(show_us(us), x(us), height - 6);
  }
}

function paint_names({ pen, side, height }) {
  pen.fillStyle = "#fff"; pen.fillRect(0, 0, side, height);
  pen.textAlign = "left";
  DATA.nodes.forEach(([name, en, zh], node) => {
    pen.fillStyle = "#1c2733"; pen.font = "600 12px system-ui, sans-serif";
    pen.fillText(fit(pen, name, side - 12), 6, middle_of(node) - 2);
    pen.fillStyle = "#5d6b7a"; pen.font = "11px system-ui, sans-serif";
    pen.fillText(fit(pen, language ? zh : en, side - 12), 6, middle_of(node) + 13);
  });
}

function fit(pen, text, wide) {
  let shown = text;
  while (shown.length > 1 && pen.measureText(shown).width > wide) shown = `${shown.replace(/…$/, "").slice(0, -1)}…`;
  return shown;
}

function states_table() {
  const us = eye.at, rows = DATA.nodes.map(([name, en, zh], node) => {
    const [view, changing] = view_at(node, us), down = down_at(node, us), place = last_before(F.heights[node], us);
    const [, executed, final] = place < 0 ? [0, 0, 0] : F.heights[node][place];
    const leads = view % DATA.nodes.length === node && !down && !changing;
    return { cells: [name, language ? zh : en, down ? badge("no", t(down[2])) : changing ? badge("pending", t("changing")) : badge("ok", t("running")),
      el("span", {}, number(view), leads ? ` · ${t("primary")}` : ""), number(executed), number(final)] };
  });
  return el("div", {}, el("h3", {}, t("at_time", show_us(us))), table([{ text: t("validator") }, { text: t("org") }, { text: t("state") },
    { text: t("view"), named: 1 }, { text: t("executed"), number: 1, named: 1 }, { text: t("final"), number: 1, named: 1 }], rows));
}

// What is under the pointer, in words.
function nearest(canvas, px, py) {
  const side = gutter(canvas), us_per = eye.width / (canvas.clientWidth - side), from = left_us();
  const us = from + (px - side) * us_per;
  let best = null, close = 9;
  for (let place = Math.max(0, last_before(F.marks, us - 9 * us_per)); place < F.marks.length && F.marks[place][0] < us + 9 * us_per; place++) {
    const [at, node, name, view, seq] = F.marks[place], far = Math.hypot((at - us) / us_per, middle_of(node) - py);
    if (far < close) { close = far; best = `${show_us(at)} · ${DATA.nodes[node][0]} · ${F.mark_names[name]}${about(view, seq)}`; }
  }
  if (best) return best;
  for (const [sent, arrived, source, target, kind, view, seq] of shown_messages(us - eye.width, us)) {
    const end = arrived < 0 ? sent + 8 * us_per : arrived;
    if (us < sent || us > end) continue;
    const y = middle_of(source) + ((middle_of(target) - middle_of(source)) * (us - sent)) / Math.max(1, end - sent), far = Math.abs(y - py);
    if (far < close) {
      close = far;
      best = `${F.kinds[kind]}${about(view, seq)} · ${DATA.nodes[source][0]} → ${DATA.nodes[target][0]} · ${show_us(sent)} → ${arrived < 0 ? t("lost") : show_us(arrived)}`;
    }
  }
  return best || "";
}
const about = (view, seq) => `${view < 0 ? "" : ` · ${t("view")} ${view}`}${seq < 0 ? "" : ` · seq ${seq}`}`;
