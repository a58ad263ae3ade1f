// Step 3: the draft verdict, its clauses, the zones hit, the ways out; live beside the other steps.
import { $, EFFECT_LOOKS, VERDICT_LOOKS, el, number, tell, told } from "./desk.js";

const EFFECT_COLOURS = { 禁止: "#b2182b", 退出: "#b2182b", 须论证: "#c46a00", 限制: "#8a7400" };

/** Show one line about the verdict below every step. */
export function liveVerdict(...parts) {
  const live = $("#live");
  live.hidden = !parts.length;
  live.replaceChildren(el("p", { className: "row" }, parts));
}

export function drawVerdict(page, found, reason = "") {
  const place = $("#verdict");
  page.map.showGhosts([]);
  if (!found) {
    page.map.showHits([], EFFECT_COLOURS);
    const text = reason || "边界确认以后才有结论。";
    place.replaceChildren(el("p", { className: reason ? "lost" : "muted" }, text));
    liveVerdict(...(reason ? [el("span", { className: "lost" }, reason)] : []));
    return;
  }
  page.map.showHits(found.sites.flatMap((site) => site.hits), EFFECT_COLOURS);
  const final = page.case.state === "定稿";
  const mark = el("span", { className: "draft" }, final ? "按现有图层与规则重算" : "草算");
  liveVerdict(mark, ...found.sites.slice(0, 3).map((site) => el("span", { className: `chip ${VERDICT_LOOKS[site.verdict]}` }, site.label)),
    found.stamp ? el("span", { className: "stamp" }, found.stamp) : "");
  place.replaceChildren(...found.sites.map((site) => drawSite(page, site, found)), ...found.notes.map((note) => el("p", { className: "muted" }, note)));
}

function drawSite(page, site, found) {
  const [applies, unknown, manual, force] = site.counts;
  const parts = [
    el("p", { className: "muted" }, `${site.name || site.subject_id}　基准日 ${found.as_of}`),
    el("p", {}, el("strong", { className: `big ${VERDICT_LOOKS[site.verdict]}` }, site.text)),
    el("p", {}, site.sentence), el("p", {}, `稳定性：${site.stability}`),
    el("p", { className: "muted" }, `在用规则 ${force} 条都看过：计入结论 ${applies} 条，资料不足 ${unknown} 条，需人工判定 ${manual} 条。`),
    ...clauseList(page, "决定结论的条款", site.decisive), ...openClauses(page, site),
    ...ways(page, site.remedies), ...near(site.near), ...caps(site.caps),
  ];
  return el("article", { className: "site" }, parts);
}

function clauseList(page, heading, clauses) {
  if (!clauses.length) return [];
  return [el("h3", {}, `${heading}（${clauses.length}）`), ...clauses.map((clause) => {
    const zones = clause.zones.map((zone, i) => el("button", { type: "button", className: "link", on: { click: () => page.map.goTo(clause.zone_keys[i]) || tell(`${zone} 没有画在图上`) } }, zone));
    return el("div", { className: "clause" },
      el("p", { className: "row" }, el("span", { className: `effect ${EFFECT_LOOKS[clause.effect] ?? "effect-note"}` }, clause.effect), el("strong", {}, clause.title)),
      el("p", {}, clause.text), el("p", { className: "muted" }, `${clause.bases.join("；")}${clause.since ? `　${clause.since} 起` : ""}　${clause.mark}`),
      zones.length ? el("p", { className: "row" }, "落在：", zones) : null,
      clause.missing.length ? el("p", { className: "muted" }, `还缺：${clause.missing.join("、")}`) : null);
  })];
}

function openClauses(page, site) {
  if (!site.open.length) return [];
  const worst = site.verdict === "不符合";
  const heading = worst ? "资料不足的条款（补齐也不改变“不符合”）" : "资料不足、可能使结论更严的条款";
  const [title, ...drawn] = clauseList(page, heading, site.open);
  return worst || drawn.length > 6 ? [el("details", {}, el("summary", {}, title.textContent), drawn)] : [title, ...drawn];
}

function ways(page, remedies) {
  if (!remedies.length) return [];
  const drawn = remedies.map((way) => {
    const told_ = [way.reason, way.verdict ? `之后：${way.verdict}` : "", way.distance_m !== null ? `移 ${number(way.distance_m, 1)} 米` : "",
      way.area_m2 !== null ? `余 ${number(way.area_m2 / 10000, 4)} 公顷` : ""].filter(Boolean).join("；");
    const show = way.geometry ? el("button", { type: "button", on: { click: () => page.map.showGhosts([way.geometry]) } }, "在图上看") : null;
    const accept = way.geometry && way.feasible && page.can("修改") ? el("button", { type: "button", on: { click: told(async () => {
      const reason = await page.reason("采用这个图形", `以“${way.kind}：${way.target}”的图形代替现在的边界；之后须重新核对、确认。`, { yes: "采用" });
      if (reason !== null) await page.boundary.accept(way.geometry, `采用整改办法 ${way.kind}：${way.target}`);
    }) } }, "采用") : null;
    return el("div", { className: "way" }, el("strong", {}, `${way.kind}：${way.target}`), el("p", {}, told_), el("p", { className: "row" }, show, accept));
  });
  return [el("h3", {}, "怎样才能通过"), ...drawn];
}

function near(rows) {
  if (!rows.length) return [];
  return [el("details", {}, el("summary", {}, "最近的其他管控区"), el("ul", { className: "rows" }, rows.map((row) => el("li", {}, `${row.layer} ${row.zone}：${number(row.distance_m, 1)} 米`))))];
}

function caps(rows) {
  if (!rows.length) return [];
  return [el("details", {}, el("summary", {}, "所在单元的总量上限"), el("ul", { className: "rows" }, rows.map((row) => el("li", {},
    `${row.zone_name} ${row.resource}：上限 ${number(row.cap)} ${row.unit}，已申报 ${number(row.declared)}${row.missing_count ? `，${row.missing_count} 个对象未申报` : ""}`))))];
}
