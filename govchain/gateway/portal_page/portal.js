"use strict";
// What the gateway says about one person. The token is in the memory of this page and nowhere else: in no address, which
// would stand in logs and histories, and in no storage. Draws nothing.
const FILE_BYTES_MAX = 16384;
const mine = { token: "", uses: [] };

// A refusal of the gateway, with its status; without one, nobody answered.
class Problem extends Error {
  constructor(status, text) { super(text); this.status = status; }
}

async function ask(path, options) {
  let answer;
  try { answer = await fetch(path, { ...options, headers: { ...(options || {}).headers, Authorization: `Bearer ${mine.token}` } }); } catch { throw new Problem(0, t("no_line")); }
  const value = await answer.json().catch(() => ({}));
  if (answer.ok) return value;
  if (answer.status === 401) throw new Problem(401, t("not_known"));
  throw new Problem(answer.status, pick(value.title, value.title_zh) || String(answer.status));
}

// Nothing of what an earlier token could see stays when another one is tried.
async function enter(token) {
  Object.assign(mine, { token, uses: [] });
  try {
    const uses = await ask("/v1/portal/uses");
    if (mine.token === token) mine.uses = uses;
  } catch (problem) {
    if (mine.token === token) mine.token = "";
    throw problem;
  }
}

function leave() { Object.assign(mine, { token: "", uses: [] }); }

async function revoke(file) {
  if (file.size > FILE_BYTES_MAX) throw new Problem(413, `${file.name}: ${number(file.size)} > ${number(FILE_BYTES_MAX)}`);
  const body = await file.arrayBuffer();
  return ask("/v1/portal/revocations", { method: "POST", body, headers: { "Content-Type": "application/msgpack" } });
}

// Consent to how many answers rest on it, in the order in which they were last named.
function consents() {
  const found = new Map();
  for (const { use } of mine.uses) {
    if (use.consent) found.set(use.consent, (found.get(use.consent) || 0) + (use.outcome === "answered" ? 1 : 0));
  }
  return [...found];
}
