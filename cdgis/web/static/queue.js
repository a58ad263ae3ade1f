// The list of cases.
import { QueueMap } from "./queue_map.js";
import { $, VERDICT_LOOKS, ask, el, moment, tell, told } from "./desk.js";

let offset = 0;
let map = null;
let turn = 0;
const filter = $("#filter");

async function draw() {
  const mine = ++turn;
  const asked = new URLSearchParams(new FormData(filter));
  for (const name of ["mine", "waiting"]) asked.set(name, filter.elements[name].checked);
  asked.set("offset", offset);
  const found = await ask("GET", `/api/cases?${asked}`);
  if (mine !== turn) return; // a later question was asked meanwhile
  const rows = found.cases.map((row) => {
    const link = el("a", { href: `/cases/${row.id}` }, String(row.number));
    const verdict = row.verdict ? el("span", { className: `chip ${VERDICT_LOOKS[row.verdict] ?? ""}` }, row.verdict) : "";
    const cells = [
      ["编号", link], ["名称", row.name || "（未填）"], ["行业", row.industry], ["状态", row.round > 1 ? `${row.state}（第 ${row.round} 次）` : row.state],
      ["结论", verdict], ["申报人", row.owner], ["期限", row.late ? el("span", { className: "lost" }, `${row.due_on} 已过期`) : row.due_on], ["最近改动", moment(row.changed_at)],
    ];
    const tr = el("tr", {}, cells.map(([label, cell]) => el("td", { data: { label } }, cell || el("span", { className: "blank" }, "—"))));
    tr.addEventListener("click", (event) => { if (event.target.tagName !== "A") link.click(); });
    return tr;
  });
  $("#cases tbody").replaceChildren(...rows);
  if (map) map.show(await ask("GET", `/api/cases/places?${asked}`));
  const states = Object.entries(found.counts).filter(([, count]) => count).map(([state, count]) => `${state} ${count}`);
  $("#counts").textContent = found.total ? `共 ${found.total} 件　${states.join("　")}` : "没有相符的案件。";
  $("#back").hidden = offset === 0;
  $("#next").hidden = offset + found.cases.length >= found.total;
  $("#back").onclick = told(() => { offset = Math.max(0, offset - found.page); return draw(); });
  $("#next").onclick = told(() => { offset += found.page; return draw(); });
}

$("#map-fold").addEventListener("toggle", told(async (event) => {
  if (!event.target.open || map) return;
  const made = new QueueMap();
  await made.begin();
  map = made;
  await draw();
}));
$("#import")?.addEventListener("change", told(async (event) => {
  const form = new FormData();
  form.append("file", event.target.files[0], event.target.files[0].name);
  event.target.value = "";
  tell("正在核对案卷……", true);
  location.assign(`/cases/${(await ask("POST", "/api/imports", form)).id}`);
}));
let waiting;
const later = () => { clearTimeout(waiting); waiting = setTimeout(told(() => { offset = 0; return draw(); }), 200); };
filter.addEventListener("input", later);
filter.addEventListener("submit", (event) => { event.preventDefault(); later(); });
$("#new")?.addEventListener("click", told(async () => location.assign(`/cases/${(await ask("POST", "/api/cases", {})).id}`)));
told(draw)();

// Judge anew, in one action, what the list found changed.
async function again(list) {
  const dialog = $("#ask");
  const reason = await new Promise((resolve) => {
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? $("#ask-reason").value.trim() : null), { once: true });
    dialog.showModal();
  });
  if (reason === null) return;
  const { id } = await ask("POST", `/api/jobs/${list}/again`, { reason });
  for (;;) {
    const job = await ask("GET", `/api/jobs/${id}`);
    const { judged, failed } = job.result;
    $("#rejudge-told").textContent = `重判${job.state}：${job.done} / ${job.total} 件${failed.length ? `，没有做成 ${failed.length} 件` : ""}。${job.message}`;
    $("#rejudge-list").replaceChildren(
      ...judged.map((row) => el("li", {}, el("a", { href: `/cases/${row.id}` }, `${row.number} ${row.name || "（未填）"}`), row.state === "定稿" ? `：已重新定稿，${row.verdict}，${row.report_number}` : `：已另起一次，现为${row.state}，由申报人提交`)),
      ...failed.map((row) => el("li", { className: "lost" }, `${row.number} ${row.name}：${row.reason}`)));
    if (job.state !== "进行中") break;
    await new Promise((resolve) => { setTimeout(resolve, 700); });
  }
  await draw();
}

// Which decided cases would be decided otherwise today.
async function follow(id) {
  const stop = $("#rejudge-stop");
  stop.hidden = false;
  stop.onclick = told(() => ask("DELETE", `/api/jobs/${id}`));
  for (;;) {
    const job = await ask("GET", `/api/jobs/${id}`);
    const { changed, failed } = job.result;
    $("#rejudge-told").textContent = `${job.state}：已查 ${job.done} / ${job.total} 件，会变 ${changed.length} 件${failed.length ? `，查不了 ${failed.length} 件` : ""}。${job.message}`;
    $("#rejudge-list").replaceChildren(
      ...changed.map((row) => el("li", {}, el("a", { href: `/cases/${row.id}` }, `${row.number} ${row.name || "（未填）"}`),
        row.same_word ? `：仍为“${row.after}”，依据变了` : `：${row.before} → ${row.after}`,
        row.new.length ? el("div", {}, `新的依据：${row.new.join("；")}`) : null, row.gone.length ? el("div", { className: "muted" }, `不再作依据：${row.gone.join("；")}`) : null)),
      ...failed.map((row) => el("li", { className: "lost" }, `${row.number} ${row.name}：${row.reason}`)));
    if (job.state !== "进行中") {
      if (job.state === "完成" && changed.length) $("#rejudge-list").prepend(el("li", {}, el("button", { type: "button", className: "primary", id: "rejudge-all", on: { click: told(() => again(id)) } }, `这 ${changed.length} 件全部重判`)));
      break;
    }
    await new Promise((resolve) => { setTimeout(resolve, 700); });
  }
  stop.hidden = true;
}
$("#rejudge")?.addEventListener("click", told(async () => {
  const button = $("#rejudge");
  button.disabled = true;
  try { await follow((await ask("POST", "/api/jobs/rejudge", {})).id); } finally { button.disabled = false; }
}));
