// How other programs reach the desk: keys, the REST interface, the journal.
import { $, $$, ask, el, moment, told } from "./desk.js";

async function drawKeys() {
  const rows = (await ask("GET", "/api/keys")).map((key) => {
    const drop = el("button", { type: "button", on: { click: told(async () => { await ask("DELETE", `/api/keys/${key.id}`); await drawKeys(); }) } }, "撤销");
    const cells = [["用途", key.name], ["范围", key.scopes.join("、")], ["建立", moment(key.made_at)], ["建立人", key.made_by], ["办理", drop]];
    return el("tr", {}, cells.map(([label, cell]) => el("td", { data: { label } }, cell)));
  });
  $("#keys tbody").replaceChildren(...rows);
}

/** Return the properties of a schema, whose parts may stand among the components. */
function fieldsOf(schema, components) {
  const named = schema?.$ref ? components.schemas[schema.$ref.split("/").at(-1)] : schema;
  return Object.entries(named?.properties ?? {}).map(([name, about]) =>
    [name, kindOf(about), named.required?.includes(name) ? "必填" : "", about.description ?? ""]);
}

function kindOf(about) {
  if (about.$ref) return about.$ref.split("/").at(-1);
  return about.enum?.join("、") ?? about.anyOf?.map(kindOf).join(" 或 ") ?? about.type ?? "";
}

/** Return a status with the names of the fields that are answered with it. */
function answerOf(status, answer, components) {
  const schema = answer.content?.["application/json"]?.schema;
  const parts = [schema, schema?.items, ...(schema?.anyOf ?? []), ...(schema?.items?.anyOf ?? [])];
  const names = new Set(parts.flatMap((part) => fieldsOf(part, components).map(([name]) => name)));
  return names.size ? `${status}（${schema.type === "array" ? "列表，每项有 " : ""}${[...names].join("、")}）` : status;
}

/** Return what an operation takes and gives, as it stands in openapi.json. */
function operation(about, components) {
  const body = Object.entries(about.requestBody?.content ?? {});
  const rows = [
    ...(about.parameters ?? []).map((one) => [one.name, `${kindOf(one.schema)}（${one.in}）`, one.required ? "必填" : "", one.description ?? ""]),
    ...body.flatMap(([media, { schema }]) => fieldsOf(schema, components).map(([name, kind, ...rest]) => [name, `${kind}（${media}）`, ...rest])),
  ];
  const list = rows.map((row) => el("li", {}, el("code", {}, row[0]), ` ${row.slice(1).filter(Boolean).join("，")}`));
  const answers = el("p", {}, `回答：${Object.entries(about.responses).map(([status, answer]) => answerOf(status, answer, components)).join("；")}`);
  return el("details", {}, el("summary", {}, about.summary), rows.length ? el("ul", {}, list) : "", answers);
}

async function drawApi() {
  const { paths, components } = await ask("GET", "/api/openapi.json");
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, about]) =>
      el("tr", {}, [["方法", method.toUpperCase()], ["路径", el("code", {}, path)], ["作用", operation(about, components)]].map(([label, cell]) => el("td", { data: { label } }, cell)))));
  $("#api tbody").replaceChildren(...rows);
}

async function drawJournal() {
  const found = await ask("GET", "/api/journal");
  $("#journal").textContent = found.faults.length
    ? `日志已损坏：${found.faults.slice(0, 5).join("；")}`
    : `共 ${found.count} 行，完整；链首 ${found.head}`;
}

let drawn = 0;
async function drawLines() {
  const { lines, page } = await ask("GET", `/api/journal/lines?offset=${drawn}`);
  drawn += lines.length;
  $("#lines tbody").append(...lines.map((line) => {
    const about = line.case_id ? el("a", { href: `/cases/${line.case_id}` }, "打开") : "";
    const more = [line.reason, Object.keys(line.detail).length ? JSON.stringify(line.detail) : ""].filter(Boolean).join("；");
    const cells = [["行", String(line.number)], ["时间", moment(line.when)], ["谁", line.who], ["办理", line.action], ["案件", about], ["理由与内容", more]];
    return el("tr", {}, cells.map(([label, cell]) => el("td", { data: { label } }, cell)));
  }));
  $("#older").hidden = lines.length < page;
}

$("#older")?.addEventListener("click", told(drawLines));
$("#key")?.addEventListener("submit", told(async (event) => {
  const found = await ask("POST", "/api/keys", {
    name: event.target.elements.name.value,
    scopes: $$("input[name=scopes]:checked", event.target).map((box) => box.value),
  });
  event.target.reset();
  $("#key-shown").textContent = `密钥（只显示这一次）：${found.key}`;
  await drawKeys();
}));
if ($("#keys")) told(drawKeys)();
if ($("#journal")) {
  told(drawJournal)();
  told(drawLines)();
}
told(drawApi)();
