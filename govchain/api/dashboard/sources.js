"use strict";
// What the validator says: read once, then followed. Keeps a bounded picture of it; draws nothing.
const KEPT_BLOCKS = 100;
const KEPT_RECORDS = 25;
const WINDOW_MS = 300000;
const READ_EVERY_MS = 1000;

const picture = { status: null, validators: null, organisations: new Map(), verbs: new Map(), kinds: new Map(), blocks: [], records: [], counts: [], isLive: false, isOpened: false, renamed: () => {} };

async function read(path) {
  const answer = await fetch(path);
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(pick(value.title, value.title_zh) + (value.detail ? `: ${value.detail}` : ""));
  return value;
}

const NAMES_ASKED_MAX = 500;
const asked = new Set();

const called = (value) => picture.organisations.get(value) || value;

// An organisation that signs or runs a validator is on the chain. Whoever joined after genesis is asked about once; its code stands there until the name has come.
const nameOf = (org) => {
  if (picture.organisations.size && /^[0-9A-Z]{18}$/.test(org) && !picture.organisations.has(org) && !asked.has(org) && asked.size < NAMES_ASKED_MAX) askName(org);
  return called(org);
};

async function askName(org) {
  asked.add(org);
  try {
    const found = await read(`/v1/organisations/${org}`);
    picture.organisations.set(org, found.name);
    picture.renamed();
  } catch { /* the code stands for itself */ }
}

// The sentence of a transaction, as its kind words it.
function sentence(body) {
  const verb = picture.verbs.get(body.kind);
  const payload = body.payload || {};
  const object = payload.object_id || "";
  if (!verb) return `${body.kind} ${object}`;
  const values = { ...(payload.fields || {}), who: nameOf(body.org), object: short(object) };
  return pick(verb.sentence, verb.sentence_zh).replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return value === undefined || value === null ? "…" : called(typeof value === "object" ? JSON.stringify(value) : String(value));
  });
}

async function readOnce() {
  const [genesis, kinds, page] = await Promise.all([read("/v1/genesis"), read("/v1/kinds"), read(`/v1/blocks?limit=${KEPT_BLOCKS}`)]);
  for (const org of genesis.organisations) picture.organisations.set(org.id, org.name);
  for (const kind of kinds.kinds) {
    picture.kinds.set(kind.record_type, kind);
    for (const verb of kind.verbs) picture.verbs.set(verb.verb, verb);
  }
  for (const block of page.blocks.slice().reverse()) addBlock(block.height, block.time_ms, block.transaction_count, block.denied);
  await fillRecords();
}

async function readStatus() {
  [picture.status, picture.validators] = await Promise.all([read("/v1/status"), read("/v1/validators")]);
}

function addBlock(height, time_ms, count, denied) {
  if (picture.blocks.length && picture.blocks[0].height >= height) return false;
  picture.blocks.unshift({ height, time_ms, count, denied });
  picture.blocks.length = Math.min(picture.blocks.length, KEPT_BLOCKS);
  picture.counts.push({ time_ms, count, denied });
  while (picture.counts.length && picture.counts[0].time_ms < time_ms - WINDOW_MS) picture.counts.shift();
  return true;
}

// Newest blocks first, until enough records are there. A busy chain outruns this, and then only the newest are shown.
async function fillRecords() {
  const known = picture.records.length ? picture.records[0].height : 0;
  const found = [];
  for (const { height, count } of picture.blocks) {
    if (height <= known || found.length >= KEPT_RECORDS) break;
    if (!count) continue;
    const block = await read(`/v1/blocks/${height}`);
    block.transactions.forEach((transaction, place) => found.push({
      height, time_ms: block.header.time_ms, id: transaction.id, body: transaction.body, result: block.results[place] }));
  }
  picture.records = [...found, ...picture.records].slice(0, KEPT_RECORDS);
}

// Calls `changed` when there is something to draw. Several blocks in one second cost one reading.
function follow(changed) {
  const source = new EventSource("/v1/events");
  let isDue = false, isReading = false;
  const catchUp = async () => {
    if (isReading) { isDue = true; return; }
    isReading = true;
    do {
      isDue = false;
      try { await readStatus(); await fillRecords(); } catch (problem) { picture.problem = problem.message; }
      changed();
      await new Promise((done) => setTimeout(done, READ_EVERY_MS));
    } while (isDue);
    isReading = false;
  };
  source.addEventListener("block", (message) => {
    const event = JSON.parse(message.data);
    const denied = event.results.filter((result) => !result.applied).length;
    if (addBlock(event.height, event.time_ms, event.results.length, denied)) catchUp();
  });
  source.onopen = () => { picture.isLive = picture.isOpened = true; picture.problem = ""; catchUp(); };
  source.onerror = () => { picture.isLive = false; changed(); };
  setInterval(catchUp, 5000);
}
