// What can be done besides cases, and what was done.
import { $, ask, el, moment, number, tell, told } from "./desk.js";
import { askedWords, isOpen, table } from "./follow.js";

let offset = 0;
const field = (label, input) => el("label", {}, `${label} `, input);
const asOf = () => field("基准日（不填按设置）", el("input", { type: "date", name: "as_of" }));
const lines = (text) => text.split(/[\n；;]+/).map((line) => line.trim()).filter(Boolean);

/** Return the assumptions of a plan, as one may make them. */
function relocationForm({ parks, weights }) {
  const rows = parks.map(({ id, name, spare_ha: spare }) => [`${id} ${name}`, spare || "—", el("input", { type: "checkbox", name: "close", value: id, ariaLabel: `关闭 ${name}` }),
    el("input", { name: `cap:${id}`, inputMode: "decimal", size: 8, ariaLabel: `${name} 的剩余用地（公顷）`, autocomplete: "off" })]);
  const titles = { priority: "谁先搬", destinations: "搬到哪里" };
  return [
    rows.length ? table(["园区", "余地（公顷）", "假设关闭", "改为（公顷）"], rows) : el("p", { className: "muted" }, "工作区没有园区图层。"),
    el("details", {}, el("summary", {}, "权重（现行值已填，改了才算）"), Object.entries(weights).map(([group, criteria]) => el("fieldset", { className: "weights" }, el("legend", {}, titles[group]),
      criteria.map(({ id, title, weight }) => field(title, el("input", { name: `weight:${group}:${id}`, inputMode: "decimal", size: 6, defaultValue: String(weight), data: { was: String(weight) }, autocomplete: "off" })))))),
    field("为这些企业在本县自由选址（编号，分号隔开）", el("input", { name: "free", autocomplete: "off" })), asOf(),
  ];
}

function changesOf(form) {
  const asked = { as_of: form.elements.as_of.value, close: new FormData(form).getAll("close"), cap_ha: {}, weights: {}, free: lines(form.elements.free.value) };
  for (const input of form.elements) {
    const [what, group, id] = input.name.split(":");
    if (what !== "cap" && what !== "weight") continue;
    const text = input.value.trim();
    if (!text || text === input.dataset.was) continue;
    const value = Number(text);
    if (!Number.isFinite(value) || value < 0) throw Object.assign(new Error(), { said: `“${text}”应为不小于 0 的数` });
    if (what === "cap") asked.cap_ha[group] = value;
    else (asked.weights[group] ??= {})[id] = value;
  }
  return asked;
}

const FORMS = {
  relocation: { fields: relocationForm, asked: changesOf },
  outfalls: {
    fields: () => [el("label", { className: "wide" }, "拟设排口（每行一个 经度,纬度；可不填）", el("textarea", { name: "points", rows: 2, spellcheck: false }))],
    asked: (form) => ({ points: lines(form.elements.points.value) }),
  },
  compare: {
    fields: ({ layers }) => [
      field("图层", el("select", { name: "layer" }, layers.map(({ id, title }) => el("option", { value: id }, title)))),
      field("新版本的文件（SHP 连同 .shx .dbf .prj，或 gpkg、zip）", el("input", { type: "file", name: "files", multiple: true, required: true })),
    ],
  },
  check: { fields: () => [], asked: () => ({}) },
};
const PLAIN = { fields: () => [asOf()], asked: (form) => ({ as_of: form.elements.as_of.value }) };

function card(kind, choices) {
  const about = el("p", { className: "muted" }, kind.about);
  if (kind.kind === "trace") return el("section", { className: "kind" }, el("h3", {}, el("a", { href: "/trace" }, kind.title)), about);
  if (!kind.may) return el("section", { className: "kind" }, el("h3", {}, kind.title), about, el("p", { className: "muted" }, "您的角色不能开始这一项。"));
  const { fields, asked } = FORMS[kind.kind] ?? PLAIN;
  const form = el("form", { id: `form-${kind.kind}` }, fields(choices), el("p", { className: "row" }, el("button", { type: "submit", className: "primary" }, "开始")));
  form.addEventListener("submit", told(async () => {
    let begun;
    try {
      begun = kind.kind === "compare" ? await ask("POST", "/api/jobs/compare", new FormData(form)) : await ask("POST", "/api/jobs", { kind: kind.kind, asked: asked(form) });
    } catch (error) {
      if (!error.said) throw error;
      tell(error.said);
      return;
    }
    location.assign(`/jobs/${begun.id}`);
  }));
  const open = location.hash === `#${kind.kind}`;
  return el("section", { className: "kind" }, el("h3", {}, kind.title), about, el("details", { id: `kind-${kind.kind}`, open }, el("summary", {}, "填写并开始"), form));
}

async function drawHistory() {
  const found = await ask("GET", `/api/jobs?offset=${offset}`);
  const rows = found.jobs.map((job) => [
    el("a", { href: `/jobs/${job.id}` }, job.title), el("span", { className: `chip ${job.state === "没有完成" ? "lost" : ""}` }, job.state),
    askedWords(job), job.made_by, moment(job.made_at), job.ended_at ? moment(job.ended_at) : job.total ? `${number(job.done)} / ${number(job.total)}` : "—",
  ]);
  $("#jobs tbody").replaceChildren(...table(["作业", "状态", "内容", "谁", "开始", "结束"], rows).querySelectorAll("tbody tr"));
  if (!rows.length) $("#jobs tbody").replaceChildren(el("tr", {}, el("td", { colSpan: 6 }, "还没有做过。")));
  $("#back").hidden = offset === 0;
  $("#next").hidden = offset + found.jobs.length >= found.total;
  $("#back").onclick = told(() => { offset = Math.max(0, offset - found.page); return drawHistory(); });
  $("#next").onclick = told(() => { offset += found.page; return drawHistory(); });
  if (found.jobs.some(isOpen)) setTimeout(told(drawHistory), 2000);
}

told(async () => {
  const [kinds, choices] = await Promise.all([ask("GET", "/api/jobs/kinds"), ask("GET", "/api/jobs/choices")]);
  $("#kinds").replaceChildren(...kinds.map((kind) => card(kind, choices)));
  await drawHistory();
  document.documentElement.dataset.ready = "1";
})();
