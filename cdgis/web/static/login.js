// Signing in, and the first account.
import { $, ask, told } from "./desk.js";

const fields = (form) => Object.fromEntries(new FormData(form));
$("#login")?.addEventListener("submit", told(async (event) => {
  await ask("POST", "/api/login", fields(event.target));
  location.assign("/");
}));
$("#setup")?.addEventListener("submit", told(async (event) => {
  await ask("POST", "/api/setup", { ...fields(event.target), token: event.target.dataset.token });
  location.assign("/accounts");
}));
