// Step 3: the draft verdict, its clauses, the zones hit; live beside the other steps. What takes longer follows (ways.js).
import { $, EFFECT_LOOKS, VERDICT_LOOKS, ask, el, moment, number, tell, told } from "./desk.js";

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
    page.map.showLines([]);
    const text = reason || "边界确认以后才有结论。";
    place.replaceChildren(el("p", { className: reason ? "lost" : "muted" }, text));
    liveVerdict(...(reason ? [el("span", { className: "lost" }, reason)] : []));
    return;
  }
  page.map.showHits(found.sites.flatMap((site) => site.hits), EFFECT_COLOURS);
  page.map.showLines(found.sites.flatMap(({ critical }) => (critical ? [{ ...critical, text: `临界距离 ${number(critical.distance_m, 1)} 米（${critical.layer}）` }] : [])));
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
    ...clauseList(page, "决定结论的条款", site.decisive, site), ...openClauses(page, site), ...manualClauses(page, site),
    el("div", { data: { ways: site.subject_id } }, el("p", { className: "muted" }, "正在算怎样才能通过……")),
  ];
  return el("article", { className: "site" }, parts);
}

function clauseList(page, heading, clauses, site) {
  if (!clauses.length) return [];
  return [el("h3", {}, `${heading}（${clauses.length}）`), ...clauses.map((clause) => {
    const zones = clause.zones.map((zone, i) => el("button", { type: "button", className: "link", on: { click: () => page.map.goTo(clause.zone_keys[i]) || tell(`${zone} 没有画在图上`) } }, zone));
    return el("div", { className: "clause" },
      el("p", { className: "row" }, el("span", { className: `effect ${EFFECT_LOOKS[clause.effect] ?? "effect-note"}` }, clause.effect), el("strong", {}, clause.title)),
      el("p", {}, clause.text), el("p", { className: "muted" }, `${clause.bases.join("；")}${clause.since ? `　${clause.since} 起` : ""}　${clause.mark}`),
      zones.length ? el("p", { className: "row" }, "落在：", zones) : null,
      ...opinions(page, site, clause),
      clause.missing.length ? el("p", { className: "muted" }, `还缺：${clause.missing.join("、")}`) : null);
  })];
}

const ENGINE = { applies: "成立", unknown: "资料不足", manual: "需人工判定" };

/** The engine's finding and what reviewers hold of it, side by side; buttons for who may say so. */
function opinions(page, site, clause) {
  const given = page.case.opinions.filter((row) => row.subject_id === site.subject_id && clause.rule_ids.includes(row.rule_ids[0]));
  const parts = [];
  if (given.length) {
    parts.push(el("div", { className: "beside" },
      el("div", {}, el("strong", {}, "机器结果"), el("p", {}, ENGINE[clause.state])),
      el("div", {}, el("strong", {}, "复核意见（不改动结论）"), ...given.map((row) => el("p", { className: row.last ? "" : "muted" }, `${row.opinion}：${row.reason}`,
        el("span", { className: "muted" }, `　${row.who}　${moment(row.when)}`), row.state === clause.state ? "" : el("span", { className: "lost" }, `　意见所对的是当时的“${row.engine}”`))))));
  }
  if (page.can("复核意见")) {
    const say = (opinion) => el("button", { type: "button", data: { opinion }, on: { click: told(async () => {
      const reason = await page.reason(`复核意见：${opinion}`, `对“${clause.title}”：机器结果“${ENGINE[clause.state]}”，您认为“${opinion}”。两者并列，结论不变。`, { needed: true, yes: "登记意见" });
      if (reason === null) return;
      await ask("POST", `${page.path}/opinions`, { subject_id: site.subject_id, rule_id: clause.rule_ids[0], opinion, reason, version: page.case.version });
      await page.refresh();
    }) } }, `认为${opinion}`);
    parts.push(el("p", { className: "row" }, clause.state === "applies" ? null : say("成立"), say("不成立")));
  }
  return parts;
}

function manualClauses(page, site) {
  if (!site.manual.length) return [];
  const [title, ...drawn] = clauseList(page, "需人工判定的条款", site.manual, site);
  return [el("details", {}, el("summary", {}, title.textContent), drawn)];
}

function openClauses(page, site) {
  if (!site.open.length) return [];
  const worst = site.verdict === "不符合";
  const heading = worst ? "资料不足的条款（补齐也不改变“不符合”）" : "资料不足、可能使结论更严的条款";
  const [title, ...drawn] = clauseList(page, heading, site.open, site);
  return worst || drawn.length > 6 ? [el("details", {}, el("summary", {}, title.textContent), drawn)] : [title, ...drawn];
}
