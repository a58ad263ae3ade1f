// A case that another program handed over: take it, then go to it.
import { $, ask, told } from "./desk.js";

$("#take")?.addEventListener("click", told(async (event) => {
  const { case_id } = await ask("POST", `/api/handoff/${event.target.dataset.token}/take`, {});
  location.href = `/cases/${case_id}`;
}));
