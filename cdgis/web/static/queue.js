// The list of cases.
import { $, VERDICT_LOOKS, ask, el, moment, told } from "./desk.js";

let offset = 0;
let turn = 0;
const filter = $("#filter");

async function draw() {
  const mine = ++turn;
  const asked = new URLSearchParams(new FormData(filter));
  asked.set("mine", filter.elements.mine.checked);
  asked.set("offset", offset);
  const found = await ask("GET", `/api/cases?${asked}`);
  if (mine !== turn) return; // a later question was asked meanwhile
  const rows = found.cases.map((row) => {
    const link = el("a", { href: `/cases/${row.id}` }, String(row.number));
    const verdict = row.verdict ? el("span", { className: `chip ${VERDICT_LOOKS[row.verdict] ?? ""}` }, row.verdict) : "";
    const cells = [
      ["编号", link], ["名称", row.name || "（未填）"], ["行业", row.industry], ["状态", row.round > 1 ? `${row.state}（第 ${row.round} 次）` : row.state],
      ["结论", verdict], ["申报人", row.owner], ["期限", row.due_on], ["最近改动", moment(row.changed_at)],
    ];
    const tr = el("tr", {}, cells.map(([label, cell]) => el("td", { data: { label } }, cell || el("span", { className: "blank" }, "—"))));
    tr.addEventListener("click", (event) => { if (event.target.tagName !== "A") link.click(); });
    return tr;
  });
  $("#cases tbody").replaceChildren(...rows);
  const states = Object.entries(found.counts).filter(([, count]) => count).map(([state, count]) => `${state} ${count}`);
  $("#counts").textContent = found.total ? `共 ${found.total} 件　${states.join("　")}` : "没有相符的案件。";
  $("#back").hidden = offset === 0;
  $("#next").hidden = offset + found.cases.length >= found.total;
  $("#back").onclick = told(() => { offset = Math.max(0, offset - found.page); return draw(); });
  $("#next").onclick = told(() => { offset += found.page; return draw(); });
}

let waiting;
const later = () => { clearTimeout(waiting); waiting = setTimeout(told(() => { offset = 0; return draw(); }), 200); };
filter.addEventListener("input", later);
filter.addEventListener("submit", (event) => { event.preventDefault(); later(); });
$("#new")?.addEventListener("click", told(async () => location.assign(`/cases/${(await ask("POST", "/api/cases", {})).id}`)));
told(draw)();

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
    if (job.state !== "进行中") break;
    await new Promise((resolve) => { setTimeout(resolve, 700); });
  }
  stop.hidden = true;
}
$("#rejudge")?.addEventListener("click", told(async () => {
  const button = $("#rejudge");
  button.disabled = true;
  try { await follow((await ask("POST", "/api/jobs/rejudge", {})).id); } finally { button.disabled = false; }
}));
