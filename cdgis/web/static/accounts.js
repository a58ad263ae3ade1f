// Accounts: roles, closing, passwords.
import { $, ask, el, tell, told } from "./desk.js";

const ROLES = [...document.querySelectorAll('#account [name="roles"]')].map((box) => box.value);

async function draw() {
  const rows = (await ask("GET", "/api/accounts")).map((account) => {
    const boxes = ROLES.map((role) => {
      const box = el("input", { type: "checkbox", value: role, checked: account.roles.includes(role) });
      return el("label", { className: "tick" }, box, role);
    });
    const change = (body) => told(async () => { await ask("PUT", `/api/accounts/${account.id}`, body()); await draw(); tell("已修改", true); });
    const password = el("input", { type: "password", minLength: 10, autocomplete: "new-password", aria: { label: `${account.login} 的新密码` } });
    const buttons = [
      el("button", { type: "button", on: { click: change(() => ({ roles: boxes.map((b) => b.firstChild).filter((b) => b.checked).map((b) => b.value) })) } }, "保存角色"),
      el("button", { type: "button", on: { click: change(() => ({ active: !account.active })) } }, account.active ? "停用" : "启用"),
      password, el("button", { type: "button", on: { click: change(() => ({ password: password.value })) } }, "重设密码"),
    ];
    const state = account.active ? (account.locked ? "锁定过" : "可用") : "停用";
    const cells = [["用户名", account.login], ["姓名", account.name], ["角色", el("span", { className: "row" }, boxes)], ["状态", state], ["办理", el("span", { className: "row" }, buttons)]];
    return el("tr", {}, cells.map(([label, cell]) => el("td", { data: { label } }, cell)));
  });
  $("#accounts tbody").replaceChildren(...rows);
}

$("#account").addEventListener("submit", told(async (event) => {
  const given = new FormData(event.target);
  const roles = given.getAll("roles");
  await ask("POST", "/api/accounts", { ...Object.fromEntries([...given].filter(([name]) => name !== "roles")), roles });
  event.target.reset();
  await draw();
  tell("已新建", true);
}));
told(draw)();
