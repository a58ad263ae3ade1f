// How other programs reach the desk: keys, the REST interface, the journal.
import { $, ask, el, moment, told } from "./desk.js";

async function drawKeys() {
  const rows = (await ask("GET", "/api/keys")).map((key) => {
    const drop = el("button", { type: "button", on: { click: told(async () => { await ask("DELETE", `/api/keys/${key.id}`); await drawKeys(); }) } }, "撤销");
    const cells = [["用途", key.name], ["建立", moment(key.made_at)], ["建立人", key.made_by], ["办理", drop]];
    return el("tr", {}, cells.map(([label, cell]) => el("td", { data: { label } }, cell)));
  });
  $("#keys tbody").replaceChildren(...rows);
}

async function drawApi() {
  const { paths } = await ask("GET", "/api/openapi.json");
  const rows = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, about]) =>
      el("tr", {}, [["方法", method.toUpperCase()], ["路径", el("code", {}, path)], ["作用", about.summary]].map(([label, cell]) => el("td", { data: { label } }, cell)))));
  $("#api tbody").replaceChildren(...rows);
}

async function drawJournal() {
  const found = await ask("GET", "/api/journal");
  $("#journal").textContent = found.faults.length
    ? `日志已损坏：${found.faults.slice(0, 5).join("；")}`
    : `共 ${found.count} 行，完整；链首 ${found.head}`;
}

$("#key")?.addEventListener("submit", told(async (event) => {
  const found = await ask("POST", "/api/keys", { name: event.target.elements.name.value });
  event.target.reset();
  $("#key-shown").textContent = `密钥（只显示这一次）：${found.key}`;
  await drawKeys();
}));
if ($("#keys")) told(drawKeys)();
if ($("#journal")) told(drawJournal)();
told(drawApi)();
