// One case: its steps, kept in step with the server after every change.
import { $, ask, tell, told } from "./desk.js";
import { BoundaryStep } from "./boundary.js";
import { FactsStep } from "./facts.js";
import { drawFlow } from "./flow.js";
import { DeskMap } from "./map.js";
import { drawVerdict, liveVerdict } from "./verdict.js";
import { drawWays } from "./ways.js";

const TABS = ["boundary", "facts", "verdict", "flow"];

class CasePage {
  constructor(id) {
    this.id = id;
    this.path = `/api/cases/${id}`;
    this.map = new DeskMap($("#map"));
    this.boundary = new BoundaryStep(this);
    this.facts = new FactsStep(this);
    for (const name of TABS) {
      const tab = $(`#tab-${name}`);
      tab.addEventListener("click", told(() => this.open(name)));
      tab.addEventListener("keydown", (event) => {
        const to = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (to) { const next = TABS[(TABS.indexOf(name) + to + TABS.length) % TABS.length]; $(`#tab-${next}`).focus(); }
      });
    }
  }

  can(action) {
    return this.case.can.includes(action);
  }

  async begin() {
    this.vocabulary = await ask("GET", "/api/vocabulary");
    this.facts.begin(this.vocabulary);
    this.boundary.begin(this.vocabulary);
    await this.refresh();
    await this.open(this.case.state !== "草稿" ? "flow" : this.case.confirmed ? "facts" : "boundary");
    await this.map.place();
    this.map.begin();
    document.documentElement.dataset.ready = "true";
  }

  /** Ask for the case again and draw what depends on it. */
  async refresh() {
    this.case = await ask("GET", this.path);
    const { state, round } = this.case;
    this.title();
    $("#case-state").textContent = round > 1 ? `${state}（第 ${round} 次）` : state;
    $("#give").hidden = !this.can("修改");
    this.facts.show();
    drawFlow(this);
    await this.boundary.show();
    await this.judge();
  }

  title() {
    const { number, name } = this.case;
    $("#case-title").textContent = `案件 ${number}${name ? `　${name}` : ""}`;
  }

  /** Ask for the draft verdict and show it, unless a later change asks again. */
  async judge() {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    if (!this.case.confirmed) {
      this.verdict = null;
      drawVerdict(this, null);
      this.facts.showQuestions();
      return;
    }
    liveVerdict("正在草算……");
    let found = null;
    let reason = "";
    try {
      found = await ask("GET", `${this.path}/verdict`);
    } catch (error) {
      reason = error.message;
    }
    if (turn !== this.turn) return;
    this.verdict = found;
    this.ways = null;
    drawVerdict(this, found, reason);
    this.facts.showQuestions();
    if (found) setTimeout(() => this.#ask_ways(turn), 300);
  }

  /** Ask for what takes longer than the verdict, unless a later change asks again. */
  async #ask_ways(turn) {
    if (turn !== this.turn) return;
    let found;
    try {
      found = await ask("GET", `${this.path}/ways`);
    } catch (error) {
      found = { reason: error.message };
    }
    if (turn !== this.turn) return;
    this.ways = found;
    drawWays(this);
  }

  async open(name) {
    for (const other of TABS) {
      const chosen = other === name;
      const tab = $(`#tab-${other}`);
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
      $(`#step-${other}`).hidden = !chosen;
    }
  }

  /** Ask for a reason where one is needed, and for confirmation; null when the person thinks better of it. */
  reason(title, text, { needed = false, yes = "确定" } = {}) {
    const dialog = $("#ask");
    $("#ask-title").textContent = title;
    $("#ask-text").textContent = text;
    $("#ask-yes").textContent = yes;
    const box = $("#ask-reason");
    box.value = "";
    box.required = needed;
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? box.value.trim() : null), { once: true });
    });
  }
}

const page = new CasePage($("#case").dataset.id);
window.addEventListener("unhandledrejection", (event) => { if (event.reason?.message) tell(event.reason.message); });
told(() => page.begin())();
