"use strict";
// One transaction, block or record, named behind the # of the address: #tx/ID, #block/7, #record/licence/1.2.156…
const WANTED = { tx: drawTransaction, block: drawBlock, record: drawRecord };
const RECORDS_SHOWN = 200;

// What was typed, as a place to look; empty when it is none.
function placeOf(text) {
  const wanted = text.trim();
  if (/^[0-9a-fA-F]{64}$/.test(wanted)) return `tx/${wanted.toLowerCase()}`;
  if (/^[1-9][0-9]{0,15}$/.test(wanted)) return `block/${wanted}`;
  if (/^[a-z_]+\/.+$/.test(wanted)) return `record/${wanted}`;
  return "";
}

// What stands behind the #; a lone % in it is a % and no mistake.
function wantedPlace() {
  const text = location.hash.slice(1);
  try { return decodeURIComponent(text); } catch { return text; }
}

async function drawDetail() {
  const place = wantedPlace();
  const [kind, ...rest] = place.split("/");
  if (!WANTED[kind]) return show("detail", false);
  let drawn;
  try { drawn = await WANTED[kind](rest.join("/")); } catch (problem) {
    drawn = [el("h2", {}, rest.join("/")), el("p", { class: "bad" }, t("problem", problem.message))];
  }
  if (place !== wantedPlace()) return undefined;
  const close = el("button", { class: "close", on: { click: () => { location.hash = ""; } } }, t("close"));
  show("detail", true, close, ...drawn);
  byId("detail").scrollIntoView({ block: "nearest" });
  return undefined;
}

async function drawTransaction(id) {
  const status = await read(`/v1/transactions/${encodeURIComponent(id)}`);
  const head = el("h2", {}, t("transaction"));
  if (status.status !== "final") return [head, facts([["id", id], ["outcome", t("pending")]])];
  const block = await read(`/v1/blocks/${status.height}`);
  const { body } = block.transactions[status.position];
  const { result, explanation } = status;
  return [head, el("p", { class: "large" }, sentence(body)),
    facts([["outcome", outcome(result)], ["detail", explanation ? pick(result.detail, explanation.detail_zh) : result.detail],
      ...(explanation ? [["rule", pick(explanation.demands_en, explanation.demands_zh)], ["basis", pick(explanation.basis_en, explanation.basis_zh)],
        ["remedy", pick(explanation.remedy_en, explanation.remedy_zh)]] : []),
      ["object", result.object_id && link(`record/${result.object_id}`, result.object_id)], ["kind", body.kind],
      ["who", `${nameOf(body.org)} · ${body.org}`], ["height", link(`block/${status.height}`, number(status.height))],
      ["time", moment(status.time_ms)], ["id", el("span", { class: "mono" }, id)],
      ["receipt", el("a", { href: `/v1/receipts/${encodeURIComponent(id)}`, download: `${id}.receipt.json` }, `${short(id)}.receipt.json`)]]),
    el("details", {}, el("summary", {}, t("payload")), el("pre", {}, JSON.stringify(body.payload, null, 2)))];
}

async function drawBlock(height) {
  const block = await read(`/v1/blocks/${encodeURIComponent(height)}`);
  const { header, certificate, transactions, results } = block;
  const records = transactions.slice(0, RECORDS_SHOWN).map((transaction, place) => ({
    height: header.height, time_ms: header.time_ms, id: transaction.id, body: transaction.body, result: results[place] }));
  const member = picture.validators && header.epoch === picture.validators.epoch ? picture.validators.members[header.proposer] : null;
  return [el("h2", {}, t("block", number(header.height))),
    facts([["time", moment(header.time_ms)], ["count", number(header.transaction_count)], ["votes", certificate.votes.length],
      ["proposer", member ? `${member.name} · ${nameOf(member.org)}` : header.proposer], ["epoch", header.epoch],
      ["state_root", el("span", { class: "mono" }, header.state_root)], ["digest", el("span", { class: "mono" }, certificate.header_digest)]]),
    table(RECORD_HEADS, recordRows(records)),
    transactions.length > records.length ? el("p", { class: "dim" }, t("more", transactions.length - records.length)) : null].filter(Boolean);
}

async function drawRecord(name) {
  const answer = await read(`/v1/records/${recordPath(name)}?history`);
  const head = el("h2", {}, t("record"), " ", el("span", { class: "mono" }, name));
  const proven = el("p", { class: "dim" }, t("certified", number(answer.height)));
  if (!answer.is_present) return [head, proven, el("p", {}, t("absent"))];
  const { record } = answer;
  const kind = picture.kinds.get(record.record_type);
  const stateName = (state) => {
    const found = kind && kind.states.find((each) => each.name === state);
    return found && language ? `${found.name_zh} ${state}` : state;
  };
  const life = (answer.history || []).map((entry) => el("li", {}, badge("answered", stateName(entry.state)), " ",
    link(`tx/${entry.transaction_id}`, entry.kind), " ", el("span", { class: "dim" }, moment(entry.claimed_time_ms))));
  return [head, proven, facts([["what", kind && pick(kind.title, kind.title_zh)], ["state", badge("applied", stateName(record.state))],
    ["version", record.version], ["issuer", nameOf(record.issuer_org)]]),
    el("h3", {}, t("history")), el("ol", { class: "life" }, life),
    el("details", {}, el("summary", {}, t("data")), el("pre", {}, JSON.stringify(record.data, null, 2)))];
}
