// What can be done with the case, its documents, and what was done with it.
import { $, ask, el, moment, number, tell, told } from "./desk.js";

const MOVES = {
  提交: "提交审核；提交以后要退回才能再改。", 初审通过: "初审通过，转复核。", 复核通过: "复核通过，等待定稿。", 退回: "退回申报人修改。",
  撤销: "案件作废，不再办理；经过和文件都留着。", 重判: "按现在的图层和规则重新办理；已出的报告都留着。",
};

export function drawFlow(page) {
  const { case: found } = page;
  const buttons = Object.keys(MOVES).filter((action) => page.can(action)).map((action) => el("button", { type: "button", on: { click: told(async () => {
    const reason = await page.reason(action, MOVES[action], { needed: found.reasons.includes(action), yes: action });
    if (reason === null) return;
    await ask("POST", `${page.path}/moves`, { action, reason, version: page.case.version });
    await page.refresh();
    tell(`已${action}`, true);
  }) } }, action));
  if (page.can("定稿")) {
    buttons.unshift(el("button", { type: "button", className: "primary", id: "finalise", disabled: !found.confirmed, on: { click: told(() => finalise(page)) } }, "定稿"));
  }
  const reports = found.documents.filter(({ kind }) => kind === "report");
  $("#flow").replaceChildren(
    el("div", { className: "row" }, buttons.length ? buttons : el("span", { className: "muted" }, "现在没有您可办的事。")),
    found.report_number ? el("p", {}, "报告编号 ", el("span", { className: "code" }, found.report_number)) : "",
    ...drawReports(page, reports), el("h3", {}, "经过"), el("ol", { className: "events" }, found.events.toReversed().map(drawEvent)));
}

async function finalise(page) {
  const reason = await page.reason("定稿", "编号并写出报告（网页、Word、PDF、Excel、GeoPackage、案卷 zip）；定稿以后不能改，只能重判。", { yes: "定稿" });
  if (reason === null) return;
  tell("正在写报告……", true);
  const found = await ask("POST", `${page.path}/final`, { reason, version: page.case.version });
  await page.refresh();
  tell(`已定稿，报告编号 ${found.report_number}`, true);
}

function drawReports(page, reports) {
  if (!reports.length) return [];
  const rounds = [...new Set(reports.map(({ round }) => round))].toSorted((a, b) => b - a);
  return [el("h3", {}, "报告"), ...rounds.map((round) => el("ul", { className: "rows" }, reports.filter((report) => report.round === round).map((report) => {
    const path = `${page.path}/documents/${report.id}`;
    const open = report.name.endsWith(".html") ? el("a", { href: `${path}?open=1`, target: "_blank", rel: "noopener" }, "打开") : null;
    return el("li", {}, el("a", { href: path }, report.name), ` ${number(report.size / 1024, 0)} KB　`, open, round > 1 || rounds.length > 1 ? `　第 ${round} 次` : "");
  })))];
}

function drawEvent(event) {
  const { from, to, name, opinion, title, engine, no_pdf: noPdf, events } = event.detail;
  const what = opinion ? `${title}：机器“${engine ?? ""}”，意见“${opinion}”` : from && to && from !== to ? `${from} → ${to}` : name ?? "";
  return el("li", {}, el("strong", {}, event.action), `　${what}`, el("div", { className: "muted" }, `${moment(event.when)}　${event.who}　第 ${event.number} 行`),
    noPdf ? el("div", { className: "muted" }, `没有写 PDF：${noPdf}`) : null, event.reason ? el("div", {}, `理由：${event.reason}`) : null,
    events?.length ? el("details", {}, el("summary", {}, `随案卷来的经过（${events.length} 步，原研判台所记，这里核对不了先后与人）`), el("ol", { className: "events" }, events.map(drawEvent))) : null);
}
