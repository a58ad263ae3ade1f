// One job: how far it is, and what came of it.
import { $, ask, el, moment, number, told } from "./desk.js";
import { askedWords, doing, follow, isOpen, table } from "./follow.js";

const id = $("#job").dataset.id;
const path = `/api/jobs/${id}`;

function showState(job) {
  document.title = `${job.title} · ${job.state}`;
  $("#job-title").textContent = job.title;
  $("#job-state").textContent = job.state;
  const ended = job.ended_at ? `，${moment(job.ended_at)} 结束` : "";
  $("#job-about").textContent = [`${job.made_by}，${moment(job.made_at)} 开始${ended}`, askedWords(job)].filter(Boolean).join("。");
  $("#going").hidden = !isOpen(job);
  const bar = $("#bar");
  if (job.total) { bar.max = job.total; bar.value = job.done; } else bar.removeAttribute("value");
  $("#stage").textContent = doing(job);
}

function drawChanges(result) {
  if (!result.changes) return [];
  const head = result.assumed === undefined ? "各项" : "与原方案的不同";
  if (!result.change_count) return [el("h3", {}, head), el("p", { id: "changes" }, result.assumed ? "没有不同：这些假设不改变任何一家的去向和名次。" : "没有。")];
  const moved = result.changes.filter((row) => !row.only_rank).length;
  const told = result.assumed === undefined ? `${result.change_count} 项` : `${result.change_count} 家不同，其中 ${result.change_count - moved} 家只是名次移动`;
  const rows = result.changes.map((row) => [`${row.id} ${row.name}`, el("span", {}, row.items.map(({ what, before, after }) =>
    el("div", {}, before ? `${what}：${before} → ` : `${what}：`, el("strong", {}, after))))]);
  return [el("h3", {}, head), el("p", {}, told, result.change_count > rows.length ? `，只列前 ${rows.length} 项，其余见数据表` : ""), el("div", { id: "changes" }, table(["对象", "变化"], rows))];
}

function drawFaults(result) {
  if (!result.faults?.length) return [];
  return [el("h3", {}, "问题"), table(["图层", "区或行", "问题", "处理办法"], result.faults.map((row) =>
    [row.layer, row.zone, el("span", { className: row.grave ? "lost" : "" }, row.problem), row.remedy]))];
}

function drawFiles(job) {
  const { pages = [], archives = [], files = [], file_count: count = 0 } = job.result;
  if (!job.kept) return pages.length || files.length ? [el("p", { className: "muted" }, "结果文件已删去，只留记录。")] : [];
  const link = (name) => el("li", {}, el("a", { href: `${path}/files/${name.split("/").map(encodeURIComponent).join("/")}` }, name));
  const opened = pages.map((page) => el("a", { className: "button", href: `${path}/open/${page.path}`, target: "_blank", rel: "noopener" }, `打开 ${page.title}`));
  const drop = job.mine ? el("button", { type: "button", on: { click: told(async () => { await ask("DELETE", `${path}/files`); await finish(); }) } }, "删去结果文件") : null;
  return [
    el("p", { className: "row", id: "pages" }, opened, archives.map((name) => el("a", { className: "button", href: `${path}/files/${name}` }, `下载 ${name}`))),
    files.length ? el("details", {}, el("summary", {}, `其余文件 ${count} 个${count > files.length ? `（列前 ${files.length} 个）` : ""}`), el("ul", { className: "rows" }, files.map(link))) : null, drop,
  ];
}

function drawRejudged({ changed = [], failed = [] }) {
  return [...changed.map((row) => el("p", {}, el("a", { href: `/cases/${row.id}` }, `${row.number} ${row.name || "（未填）"}`), `：${row.before} → ${row.after}`)),
    ...failed.map((row) => el("p", { className: "lost" }, `${row.number} ${row.name}：${row.reason}`))];
}

async function finish() {
  const job = await ask("GET", path);
  showState(job);
  const { result } = job;
  const trace = result.course ? el("p", { className: "row" }, el("a", { className: "button", href: `/trace?job=${id}` }, `在图上看（${number(result.stop_count)} 处）`)) : null;
  $("#outcome").replaceChildren(...[
    job.state === "没有完成" ? el("p", { className: "lost", id: "failed" }, job.message) : null,
    ...(result.lines ?? []).map((line) => el("p", {}, line)), trace, ...drawFiles(job), ...drawChanges(result), ...drawFaults(result), ...drawRejudged(result),
    job.kind === "relocation" ? el("p", {}, el("a", { href: "/jobs#relocation" }, "换一组假设再推演")) : null,
  ].filter(Boolean));
  document.documentElement.dataset.ready = "1";
}

$("#cancel").addEventListener("click", told(() => ask("DELETE", path)));
told(async () => {
  const job = await ask("GET", path);
  showState(job);
  $("#cancel").hidden = !job.can_cancel;
  if (isOpen(job)) await follow(id, showState);
  await finish();
})();
