// What every page of the desk uses: elements, requests, messages. Text from data only ever becomes text.

export const $ = (selector, within = document) => within.querySelector(selector);
export const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

/** Return an element; props are properties, `on` listeners, `data` and `aria` attributes; children are elements or texts. */
export function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
    else if (name === "data") Object.assign(made.dataset, value);
    else if (name === "aria") for (const [key, text] of Object.entries(value)) made.setAttribute(`aria-${key}`, text);
    else if (name === "role" || name === "for") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

export class Refused extends Error {
  constructor(status, body) {
    super([body.reason, body.remedy].filter(Boolean).join("。"));
    this.status = status;
  }
}

const csrf = $('meta[name="csrf"]').content;

/** Ask the server; a refusal becomes an error that says what to do. */
export async function ask(method, path, body) {
  const options = { method, headers: { accept: "application/json" }, credentials: "same-origin" };
  if (method !== "GET") options.headers["x-csrf-token"] = csrf;
  if (body instanceof FormData) options.body = body;
  else if (body !== undefined) {
    options.headers["content-type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Refused(0, { reason: "连不上研判台", remedy: "请确认启动窗口还开着，再重试" });
  }
  if (answer.status === 401 && path !== "/api/login") location.assign("/login");
  const found = await answer.json().catch(() => ({ reason: `没有得到可读的回答（${answer.status}）` }));
  if (!answer.ok) throw new Refused(answer.status, found);
  return found;
}

/** Tell the user something, above everything else. */
export function tell(text, good = false) {
  const told = $("#told");
  told.textContent = text;
  told.hidden = !text;
  told.classList.toggle("good", good);
}

/** Return a listener that tells what went wrong. */
export const told = (action) => async (event) => {
  event?.preventDefault?.();
  tell("");
  try {
    await action(event);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    tell(error.message);
  }
};

export const number = (value, digits = 2) =>
  value === null || value === undefined ? "—" : value.toLocaleString("zh-CN", { maximumFractionDigits: digits });
export const moment = (text) => text.slice(0, 16).replace("T", " ");
export const VERDICT_LOOKS = { 不符合: "v-fail", 须论证: "v-argue", 有条件符合: "v-limit", 未发现冲突: "v-clear", 资料不足: "v-unknown" };
export const EFFECT_LOOKS = { 禁止: "effect-stop", 退出: "effect-stop", 须论证: "effect-argue", 限制: "effect-limit" };

$("#logout")?.addEventListener("click", told(async () => {
  await ask("POST", "/api/logout", {});
  location.assign("/login");
}));
