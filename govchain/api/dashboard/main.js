"use strict";
// Puts the parts together: the head, the figures, what is wrong at present; draws again when something changed.
const DRAW_EVERY_MS = 1000;

function drawTop() {
  const { status } = picture;
  const field = el("input", { type: "search", id: "wanted", placeholder: t("search"), "aria-label": t("search"), spellcheck: "false" });
  const find = (event) => {
    event.preventDefault();
    const place = placeOf(field.value);
    show("notice", !place, t("bad_search"));
    if (place) location.hash = place;
  };
  const turn = () => {
    language = 1 - language;
    try { localStorage.setItem("language", language ? "zh" : "en"); } catch { /* a browser may forbid it */ }
    drawTop(); draw(); drawDetail();
  };
  const state = picture.isLive ? ["ok", t("live")] : ["no", t(picture.isOpened ? "reconnecting" : "connecting")];
  document.documentElement.lang = language ? "zh" : "en";
  byId("top").replaceChildren(
    el("div", {}, el("h1", {}, status ? status.chain_name : "govchain", " ", el("span", { id: "live" }, badge(...state))),
      status ? el("p", { class: "dim" }, `${t("title")} ${status.name} · ${t("chain_id")} `, el("span", { class: "mono", title: status.chain_id }, short(status.chain_id)), ` · ${t("validator_version", status.version)}`) : null),
    el("form", { class: "bar", role: "search", on: { submit: find } }, field, el("button", {}, t("look")),
      el("button", { type: "button", on: { click: turn } }, t("language"))));
  byId("links").replaceChildren(...[["/openapi.json", "OpenAPI"], ["/v1/status", "status"], ["/v1/kinds", "kinds"], ["/v1/genesis", "genesis"], ["/metrics", "metrics"]]
    .map(([address, name]) => el("a", { href: address }, name)));
}

function drawTiles() {
  const { status, validators, blocks } = picture;
  if (!status) return;
  const tile = (value, label, more) => el("div", { class: "tile" }, el("b", {}, value), el("span", {}, label), more ? el("span", { class: "dim" }, more) : null);
  const members = validators.members;
  byId("tiles").replaceChildren(
    tile(number(status.final_height), t("final_height"), blocks.length ? t("since", duration(Date.now() - blocks[0].time_ms)) : t("no_block")),
    tile(number(status.finalised), t("finalised")), tile(number(status.denied), t("denied")),
    tile(number(ratePerSecond(Date.now()), 1), t("rate")), tile(number(status.pool_transactions), t("pool")),
    tile(number(status.view), t("view"), `${t("primary")} ${members[status.view % members.length].name}`), tile(number(status.epoch), t("epoch")));
}

function drawTroubles() {
  const { status } = picture;
  if (!status) return;
  show("stall", Boolean(status.stall), t("stall", status.stall));
  byId("contradictions").replaceChildren(...status.evidence.map((item) => el("p", { class: "trouble" },
    t("contradiction", item.validator, item.phase, item.view, item.seq),
    item.is_recorded ? (item.recorded_height === null ? t("recorded_no_height") : t("recorded", item.recorded_height)) : t("not_recorded"))));
}

function draw() {
  const live = byId("live");
  if (live) live.replaceChildren(badge(...(picture.isLive ? ["ok", t("live")] : ["no", t(picture.isOpened ? "reconnecting" : "connecting")])));
  drawTiles(); drawTroubles(); drawNetwork(); drawTraffic(); drawLists();
}

async function begin() {
  picture.renamed = () => { draw(); drawDetail(); };
  drawTop();
  try { await Promise.all([readOnce(), readStatus()]); } catch (problem) { show("notice", true, problem.message); }
  drawTop(); draw(); drawDetail();
  window.addEventListener("hashchange", drawDetail);
  follow(draw);
  setInterval(() => { drawTiles(); drawTraffic(); }, DRAW_EVERY_MS);
}
begin();
