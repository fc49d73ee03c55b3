"use strict";
// The validators in a circle, as this one sees them: who proposes, who is connected, whether they make a quorum.
const NAMED_MAX = 10;

function drawNetwork() {
  const { status, validators } = picture;
  if (!validators) return;
  const members = validators.members;
  const primary = status.view % members.length;
  const connected = members.filter((member) => member.is_connected).length;
  const lines = [el("h2", {}, t("network")),
    el("p", { class: connected < validators.quorum_size ? "bad" : "dim" },
      t("network_help", connected, members.length, validators.quorum_size, validators.max_faulty),
      connected < validators.quorum_size ? ` ${t("no_quorum")}` : ""),
    ring(members, status.index, primary)];
  const { policy } = validators;
  if (policy.next_members.join() !== members.map((member) => member.name).join())
    lines.push(el("p", {}, t("next_members", policy.checkpoint_height, policy.next_members.join(", "))));
  if (status.index < 0) lines.push(el("p", { class: "dim" }, t("observer")));
  byId("network").replaceChildren(...lines);
}

function ring(members, self, primary) {
  const width = 520, height = 300, middle = [width / 2, height / 2];
  const radius = [members.length > NAMED_MAX ? 200 : 130, members.length > NAMED_MAX ? 125 : 92];
  const size = members.length > 40 ? 5 : members.length > NAMED_MAX ? 9 : 17;
  const places = members.map((_, index) => {
    const angle = 2 * Math.PI * (index / members.length) - Math.PI / 2;
    return [middle[0] + radius[0] * Math.cos(angle), middle[1] + radius[1] * Math.sin(angle)];
  });
  const from = self >= 0 ? places[self] : middle;
  const wires = members.map((member, index) => index === self ? null : svg("line", {
    x1: from[0], y1: from[1], x2: places[index][0], y2: places[index][1], class: member.is_connected ? "wire" : "wire cut" }));
  const nodes = members.map((member, index) => {
    const [x, y] = places[index];
    const kind = `node${member.is_connected ? "" : " cut"}${index === primary ? " primary" : ""}`;
    const told = [member.name, nameOf(member.org), index === primary ? t("primary") : "", index === self ? t("this_one") : "",
      member.is_connected ? "" : t("down")].filter(Boolean);
    return svg("g", { class: kind }, svg("title", {}, told.join(" · ")), svg("circle", { cx: x, cy: y, r: size }),
      members.length > 40 ? null : svg("text", { x, y: y + 4, class: "index" }, member.index),
      members.length > NAMED_MAX ? null : label(x, y, middle, size, told));
  });
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": t("network") }, wires, nodes);
}

function label(x, y, middle, size, [name, org, ...more]) {
  const side = Math.abs(x - middle[0]) < 20 ? "middle" : x < middle[0] ? "end" : "start";
  const dx = side === "middle" ? 0 : (size + 7) * (side === "end" ? -1 : 1);
  const dy = side !== "middle" ? -2 : y < middle[1] ? -size - 19 : size + 16;
  return svg("text", { x: x + dx, y: y + dy, "text-anchor": side }, svg("tspan", { class: "name" }, org),
    svg("tspan", { x: x + dx, dy: 14, class: "sub" }, [name, ...more].join(" · ")));
}
