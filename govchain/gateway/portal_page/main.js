"use strict";
// Puts the parts together: the way in, the queries, the consents.
const KIND = { answered: "answered", refused: "denied", open: "no" };

function say(text, isGood) {
  show("notice", Boolean(text), text);
  byId("notice").className = isGood ? "good" : "";
}

function drawTop() {
  document.documentElement.lang = language ? "zh" : "en";
  const turn = () => {
    language = 1 - language;
    try { localStorage.setItem("language", language ? "zh" : "en"); } catch { /* a browser may forbid it */ }
    say("");
    draw();
  };
  const out = () => { leave(); say(""); draw(); };
  byId("top").replaceChildren(
    el("div", {}, el("h1", {}, t("title")), el("p", { class: "dim" }, t("subtitle"))),
    el("div", { class: "bar narrow" }, mine.token ? el("button", { type: "button", on: { click: out } }, t("leave")) : null,
      el("button", { type: "button", on: { click: turn } }, t("language"))));
}

function drawEnter() {
  const typed = byId("token") ? byId("token").value : "";
  const field = el("input", { type: "password", id: "token", autocomplete: "off", spellcheck: "false", maxlength: 200, "aria-describedby": "token-help" });
  field.value = mine.token ? "" : typed;
  const show_uses = async (event) => {
    event.preventDefault();
    const token = field.value.trim();
    if (!/^[\x21-\x7e]+$/.test(token)) return say(t("no_token"));
    say("");
    try { await enter(token); } catch (problem) { say(problem.message); }
    draw();
    if (!mine.token) byId("token").focus();
    return undefined;
  };
  show("enter", !mine.token, el("form", { class: "bar", on: { submit: show_uses } },
    el("label", { for: "token" }, t("token")), field, el("button", {}, t("enter"))), el("p", { class: "dim", id: "token-help" }, t("enter_help")));
}

function drawTiles() {
  const tile = (value, label) => el("div", { class: "tile" }, el("b", {}, number(value)), el("span", {}, label));
  const count = (outcome) => mine.uses.filter(({ use }) => use.outcome === outcome).length;
  const asking = new Set(mine.uses.map(({ use }) => use.requester));
  show("tiles", Boolean(mine.token), tile(mine.uses.length, t("queries")), tile(count("answered"), t("answered")),
    tile(count("refused"), t("refused")), tile(asking.size, t("departments")));
}

function drawUse({ use, sentence, sentence_zh, basis, basis_zh }) {
  return el("li", {}, el("p", {}, badge(KIND[use.outcome] || "no", t(use.outcome)), " ", el("time", { class: "dim" }, moment(use.at_ms))),
    el("p", { class: "large" }, pick(sentence, sentence_zh)),
    el("details", {}, el("summary", {}, t("details")), facts([["purpose", use.purpose], ["fields", use.fields.join(language ? "、" : ", ")],
      ["rule", [use.rule, use.code].filter(Boolean).join(" ")], ["basis", pick(basis, basis_zh)], ["grant", use.grant], ["consent", use.consent], ["exchange", use.exchange]])));
}

function drawUses() {
  show("uses", Boolean(mine.token), el("h2", {}, t("uses")), el("p", { class: "dim" }, t("newest_first")),
    mine.uses.length ? el("ol", { class: "cards" }, mine.uses.map(drawUse)) : el("p", {}, t("no_uses")));
}

function drawConsents() {
  const field = el("input", { type: "file", id: "signed" });
  const hand_in = async (event) => {
    event.preventDefault();
    const [file] = field.files;
    if (!file) return say(t("no_file"));
    try {
      const result = await revoke(file);
      say(result.applied ? t("revoked") : t("denied", `${result.rule} ${result.code} ${pick(result.detail, result.detail_zh)}`), result.applied);
    } catch (problem) {
      // Handed in and no answer heard: only this is uncertain.
      say(problem.status === 0 ? t("perhaps") : problem.message);
    }
    byId("notice").scrollIntoView({ block: "nearest" });
    return undefined;
  };
  const rows = consents().map(([consent, times]) => [el("span", { class: "mono" }, consent), number(times)]);
  show("consents", Boolean(mine.token), el("h2", {}, t("consents")), el("p", { class: "dim" }, t("consents_help")),
    rows.length ? table(["consent", "times"], rows) : el("p", {}, t("no_consents")),
    el("form", { class: "bar", on: { submit: hand_in } }, el("label", { for: "signed" }, t("file")), field, el("button", {}, t("revoke"))));
}

function draw() { drawTop(); drawEnter(); drawTiles(); drawUses(); drawConsents(); }
draw();
