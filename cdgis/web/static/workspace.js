// The layers that are loaded and how good they are.
import { $, ask, el, moment, number, tell, told } from "./desk.js";
import { doing, follow, table } from "./follow.js";

const KINDS = { polygon: "面", line: "线", point: "点", raster: "栅格", table: "表" };
let found;
let rules = null;
export let asked = null;

function checkCell(layer) {
  if (!layer.there) return el("span", { className: "lost" }, "文件不在");
  if (layer.faults.length) {
    return el("details", {}, el("summary", { className: layer.faults.some(({ grave }) => grave) ? "lost" : "" }, `${layer.faults.length} 处问题`),
      el("ul", { className: "rows" }, layer.faults.map((fault) => el("li", {}, [fault.zone, fault.problem].filter(Boolean).join(" "), el("div", { className: "muted" }, fault.remedy)))));
  }
  return found.check ? (found.check.current ? "未发现问题" : "上次未发现问题") : "没有检查过";
}

function row(layer) {
  const name = el("span", {}, el("strong", {}, layer.title), ` ${KINDS[layer.geometry] ?? ""}`, el("div", { className: "muted" }, el("code", {}, layer.id)), layer.official ? null : el("span", { className: "chip" }, "示范数据"));
  const source = el("span", {}, layer.statement ? el("strong", {}, layer.statement) : layer.source, el("div", { className: "muted" }, layer.statement ? "" : `许可 ${layer.licence}`));
  return [name, layer.theme, layer.version, source, layer.accuracy_m ? number(layer.accuracy_m) : "—", layer.coverage || "—", rules === null ? "…" : rules[layer.id] ? `${rules[layer.id]} 条` : "—", checkCell(layer)];
}

function draw() {
  const word = $("#find").value.trim().toLowerCase();
  const shown = found.layers.filter((layer) => [layer.title, layer.id, layer.source, layer.statement].some((text) => text.toLowerCase().includes(word)));
  const heads = ["图层", "主题", "版本", "来源", "精度（米）", "有数据的范围", "规则", "检查"];
  $("#layers tbody").replaceChildren(...table(heads, shown.map(row)).querySelectorAll("tbody tr"));
  const official = found.layers.filter((layer) => layer.official).length;
  $("#counts").textContent = `${found.layers.length} 个，其中官方成果 ${official} 个，声明没有 ${found.layers.filter((layer) => layer.statement).length} 个`;
}

export async function load() {
  found = await ask("GET", "/api/workspace");
  const { check, other_faults: others } = found;
  $("#checked").textContent = check ? `${moment(check.at)} 检查：${check.lines.join("；")}${check.current ? "" : "（此后图层、规则或设置又有改动，请重新检查）"}` : "还没有检查过。";
  $("#others").replaceChildren(...others.map((fault) => el("p", { className: "lost" }, `${fault.layer}：${fault.problem}。${fault.remedy}`)));
  draw();
  // the rules are read in a process of their own: the list does not wait for them
  asked = ask("GET", "/api/workspace/asked").then((told_) => {
    rules = told_.rules;
    const { missing } = told_;
    $("#missing").replaceChildren(missing.length ? el("details", {}, el("summary", {}, `规则要用而目录里没有的图层 ${missing.length} 个：凡用到的都是资料不足`),
      el("ul", { className: "rows" }, missing.map((layer) => el("li", {}, `${layer.title} `, el("code", {}, layer.id), `　${layer.rules} 条规则`)))) : "");
    draw();
    return missing;
  }).catch((error) => { tell(error.message); return []; });
  document.documentElement.dataset.ready = "1";
  return found;
}

$("#find").addEventListener("input", draw);
$("#check")?.addEventListener("click", told(async () => {
  const { id } = await ask("POST", "/api/jobs", { kind: "check", asked: {} });
  const job = await follow(id, (state) => { $("#checked").textContent = doing(state); });
  if (job.state === "完成") await load();
  else $("#checked").textContent = `${job.state}。${job.message}`;
}));
if (!$("#adding")) told(load)(); // a manager's page loads it with its forms
