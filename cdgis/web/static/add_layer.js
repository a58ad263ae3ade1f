// A layer proposed, looked at and taken in; a kind stated absent; rules read from a sheet.
import { $, ask, el, tell, told } from "./desk.js";
import { table } from "./follow.js";
import * as workspace from "./workspace.js";

const L = window.L;
let handed = null;
let proposed = null;
let map = null;
let drawn = null;
const pairs = (text) => Object.fromEntries(text.split(/[\n；;，,]+/).map((part) => part.split(/[=＝]/).map((side) => side.trim())).filter(([key, value]) => key && value));

function wishes() {
  const form = $("#wishes");
  const given = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
  const accuracy = given.accuracy_m ? Number(given.accuracy_m) : null;
  return { ...handed, ...given, fields: pairs(given.fields), classes: pairs(given.classes), official: form.elements.official.checked, accuracy_m: accuracy };
}

function showPreview(preview) {
  $(".preview").classList.toggle("blind", !preview);
  if (!preview) return;
  if (!map) {
    map = L.map($("#map"), { preferCanvas: true, attributionControl: false });
    L.control.scale({ imperial: false }).addTo(map);
  }
  drawn?.remove();
  drawn = L.geoJSON(preview, {
    style: { color: "#0a58c2", weight: 1.5, fillOpacity: 0.2 }, pointToLayer: (_, at) => L.circleMarker(at, { radius: 4 }),
    onEachFeature: ({ properties }, layer) => layer.bindTooltip(() => el("span", {}, [properties.id, properties.name, properties.class].filter(Boolean).join("　")), { sticky: true }),
  }).addTo(map);
  map.invalidateSize();
  if (drawn.getLayers().length) map.fitBounds(drawn.getBounds().pad(0.1), { animate: false });
}

async function propose() {
  $("#take-in").disabled = true;
  proposed = null;
  const asked = wishes();
  const found = await ask("POST", "/api/workspace/proposals", asked);
  $("#proposal").hidden = false;
  const part = (head, lines, looks = "") => (lines.length ? [el("h3", { className: looks }, head), el("ul", { className: "rows" }, lines.map((line) => el("li", {}, line)))] : []);
  $("#said").replaceChildren(...part("不能写入", found.obstacles, "lost"), ...part("请核对", found.questions), ...part("凭据", found.evidence),
    el("h3", {}, "拟写入目录的条目"), el("pre", { className: "entry" }, found.text),
    found.preview ? el("p", { className: "muted" }, `读入 ${found.preview.count} 个区${found.preview.count > found.preview.features.length ? `，图上画前 ${found.preview.features.length} 个` : ""}`) : "");
  showPreview(found.preview);
  proposed = { asked, digest: found.digest };
  $("#take-in").disabled = found.obstacles.length > 0;
}

$("#upload").addEventListener("submit", told(async () => {
  const form = $("#upload");
  const files = new FormData();
  for (const file of form.elements.files.files) files.append("files", file);
  handed = { ...await ask("POST", "/api/workspace/uploads", files), layer_id: form.elements.layer_id.value.trim() };
  $("#wishes").reset();
  await propose();
}));
$("#wishes").addEventListener("submit", told(propose));
// what was looked at is what is written: a field changed since must be proposed anew
$("#wishes").addEventListener("input", () => { $("#take-in").disabled = true; });
$("#take-in").addEventListener("click", told(async () => {
  const found = await ask("POST", "/api/workspace/layers", { ...proposed.asked, digest: proposed.digest });
  $("#proposal").hidden = true;
  $("#upload").reset();
  await refresh();
  tell(`图层 ${found.layer_id} 已写入，从现在起用于研判。请再检查一次全部图层。`, true);
}));

$("#absent").addEventListener("submit", told(async () => {
  const form = $("#absent");
  const given = Object.fromEntries(new FormData(form));
  const found = await ask("POST", "/api/workspace/absent", { ...given, layer_ids: given.layer_ids.split(/[,，;；\s]+/).filter(Boolean), official: form.elements.official.checked });
  form.reset();
  await refresh();
  tell(`已写入声明：${Object.values(found.said).join("；")}`, true);
}));

function showRows(found) {
  const rows = found.rows.filter((row) => row.fault || row.what !== "未变");
  const confirm = el("button", { type: "button", className: "primary", id: "import", on: { click: told(async () => {
    const done = await ask("POST", "/api/workspace/rules", { folder: found.folder, name: found.name });
    if (!done.good) { showRows({ ...found, ...done }); return; }
    $("#rows").replaceChildren();
    $("#sheet").reset();
    await refresh();
    tell(`规则已写入：${done.told}`, true);
  }) } }, "全部通过，写入");
  $("#rows").replaceChildren(...[
    el("p", { className: found.good ? "" : "lost" }, found.told),
    rows.length ? table(["行", "规则", found.good ? "会怎样" : "问题"], rows.map((row) => [row.row === null ? "—" : String(row.row), row.rule || "—", row.what])) : null,
    found.good && rows.length ? confirm : null,
  ].filter(Boolean));
}

$("#sheet").addEventListener("submit", told(async () => {
  showRows(await ask("POST", "/api/workspace/rule-sheets", new FormData($("#sheet"))));
}));

async function refresh() {
  const found = await workspace.load();
  const ids = new Map([...await workspace.asked, ...found.layers].map(({ id, title }) => [id, title]));
  $("#known-layers").replaceChildren(...[...ids].map(([value, label]) => el("option", { value, label })));
  for (const [name, options] of [["theme", found.themes.map((id) => ({ id, title: id }))], ["coverage", found.coverages]]) {
    const select = $("#wishes").elements[name];
    select.replaceChildren(select.options[0], ...options.map(({ id, title }) => el("option", { value: id }, title)));
  }
}
told(refresh)();
