// 自助查询: a place drawn by anybody, answered from the public layers; it is kept only when somebody hands it in as a case.
import { $, EFFECT_LOOKS, ask, el, tell, told } from "./desk.js";
import { Drawing } from "./draw.js";
import { DeskMap } from "./map.js";

const COLOURS = { 禁止: "#b2182b", 退出: "#b2182b", 须论证: "#c46a00", 限制: "#8a7400" };
const PENDING = "cdgis-inquiry";
const page = $("#inquiry").dataset;
const map = new DeskMap($("#map"), { base: "/api/inquiry" });
const drawing = new Drawing(map, () => {});
const form = $("#ask-form");
let asked = null;

const code = (text) => text.trim().split(/\s/)[0];

function question() {
  const geometry = drawing.geometry();
  if (!geometry) return null;
  return { geometry, industry: code(form.elements.industry.value), project_type: form.elements.project_type.value, activity: form.elements.activity.value };
}

function clause(one) {
  return el("div", { className: "clause" },
    el("p", { className: "row" }, el("span", { className: `effect ${EFFECT_LOOKS[one.effect] ?? "effect-note"}` }, one.effect), el("strong", {}, one.title)),
    el("p", {}, one.text), el("p", { className: "muted" }, one.bases.join("；")), one.zones.length ? el("p", {}, `落在：${one.zones.join("、")}`) : null);
}

function drawAnswer(found) {
  map.showSite([asked.geometry]);
  map.showHits(found.hits, COLOURS);
  $("#answer").replaceChildren(...[
    el("p", { className: "stamp" }, found.stamp), el("p", {}, el("strong", { className: `big ${found.conflict ? "v-argue" : "v-unknown"}` }, found.said)),
    el("p", { className: "muted" }, `基准日 ${found.as_of}；另有 ${found.open_count} 条因公开资料不足不能判定。`),
    ...found.decisive.filter(({ effect }) => effect in COLOURS).map(clause),
    found.questions.length ? el("details", {}, el("summary", {}, `填明后可能改变结论的资料 ${found.questions.length} 项`), el("ul", { className: "rows" }, found.questions.map((text) => el("li", {}, text)))) : null,
    handIn(),
  ].filter(Boolean));
  $("#limits").replaceChildren(...found.limits.map((text) => el("li", {}, text)));
}

/** Return how the place becomes a case: at once for who may apply, after signing in for others. */
function handIn() {
  if (page.signed && !page.applies) return null;
  return el("p", { className: "row" }, el("button", { type: "button", id: "hand-in", on: { click: told(async () => {
    if (!page.signed) {
      sessionStorage.setItem(PENDING, JSON.stringify(asked));
      location.assign("/login");
      return;
    }
    const { id } = await ask("POST", "/api/cases", {});
    await ask("POST", `/api/cases/${id}/drawn`, { geometry: asked.geometry, note: "由自助查询转来" });
    const { geometry: _, ...facts } = asked;
    const { version } = await ask("GET", `/api/cases/${id}`);
    await ask("PUT", `/api/cases/${id}/facts`, { ...facts, name: "", due_on: "", attributes: {}, version });
    sessionStorage.removeItem(PENDING);
    location.assign(`/cases/${id}`);
  }) } }, page.signed ? "作为案件办理" : "登录后作为案件办理"));
}

form.addEventListener("submit", told(async () => {
  const mine = question();
  if (!mine) { tell("请先在图上画出位置（面至少三个点），或输入经纬度加点"); return; }
  asked = mine;
  $("#answer").replaceChildren(el("p", { className: "muted" }, "正在查……"));
  try {
    drawAnswer(await ask("POST", "/api/inquiry", mine));
  } catch (error) {
    $("#answer").replaceChildren();
    throw error;
  }
}));

let waiting;
form.elements.industry.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(told(async () => {
    const text = form.elements.industry.value.trim();
    const rows = text && !/\s/.test(text) ? await ask("GET", `/api/inquiry/industries?q=${encodeURIComponent(text)}`) : [];
    $("#industries").replaceChildren(...rows.map((row) => el("option", { value: `${row.code} ${row.name}` })));
  }), 250);
});

told(async () => {
  const about = await ask("GET", "/api/inquiry/about");
  $("#limits").replaceChildren(...about.limits.map((text) => el("li", {}, text)));
  for (const [name, values] of [["project_type", about.project_types], ["activity", about.activities]]) form.elements[name].append(...values.map((value) => el("option", { value }, value)));
  await map.place();
  await map.begin();
  drawing.open();
  const pending = sessionStorage.getItem(PENDING);
  if (pending) {
    const { geometry, ...facts } = JSON.parse(pending);
    drawing.load(geometry);
    for (const [name, value] of Object.entries(facts)) form.elements[name].value = value;
  }
  document.documentElement.dataset.ready = "1";
})();
