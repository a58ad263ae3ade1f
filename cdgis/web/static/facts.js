// Step 2: name, industry, type, activity; then only the questions that can change this verdict, each with its clause.
import { combo } from "./combo.js";
import { $, EFFECT_LOOKS, ask, el, told } from "./desk.js";

export class FactsStep {
  constructor(page) {
    this.page = page;
    this.form = $("#facts");
  }

  begin({ project_types: types, activities, attributes }) {
    this.attributes = attributes;
    const { form } = this;
    form.elements.project_type.append(...types.map((value) => el("option", { value }, value)));
    form.elements.activity.append(...activities.map(({ value, text }) => el("option", { value, title: text }, value.length > 3 ? value : `${value} ${text.slice(0, 40)}`)));
    form.addEventListener("change", (event) => { if (event.target.id !== "industry") this.#save(); });
    form.addEventListener("submit", (event) => event.preventDefault());
    this.#combo();
  }

  show() {
    const { facts, due_on: due } = this.page.case;
    const open = this.page.can("修改");
    for (const name of ["name", "project_type", "activity"]) this.form.elements[name].value = facts[name] ?? "";
    this.form.elements.due_on.value = due;
    const industry = $("#industry");
    if (document.activeElement !== industry) this.#named(facts.industry ?? "");
    for (const field of this.form.elements) field.disabled = !open;
  }

  async #named(code) {
    const industry = $("#industry");
    industry.dataset.code = code;
    industry.value = code;
    if (!code) return;
    const found = (await ask("GET", `/api/industries?q=${encodeURIComponent(code)}`)).find((row) => row.code === code);
    if (found && industry.dataset.code === code) industry.value = `${code} ${found.name}`;
  }

  #combo() {
    const input = $("#industry");
    combo(input, $("#industry-list"), {
      find: (word) => ask("GET", `/api/industries?q=${encodeURIComponent(word)}`), show: ({ code, name }) => `${code} ${name}`,
      take: ({ code }) => { input.dataset.code = code; this.#save(); }, emptied: () => { input.dataset.code = ""; return this.#save(); },
      left: () => this.#named(input.value.trim() ? input.dataset.code ?? "" : ""),
    });
  }

  #given() {
    const { elements } = this.form;
    const facts = Object.fromEntries(["name", "project_type", "activity", "due_on"].map((name) => [name, elements[name].value]));
    return { ...facts, industry: $("#industry").dataset.code ?? "", attributes: { ...(this.page.case.facts.attributes ?? {}) } };
  }

  /** Keep the facts and judge anew; saves follow one another, so that none overtakes the one before. */
  #save(attributes = {}) {
    this.saving = (this.saving ?? Promise.resolve()).then(told(async () => {
      const { page } = this;
      const given = this.#given();
      Object.assign(given.attributes, attributes);
      const kept = await ask("PUT", `${page.path}/facts`, { ...given, version: page.case.version });
      Object.assign(page.case, { version: kept.version, name: given.name, facts: given });
      page.title();
      page.judge();
    }));
    return this.saving;
  }

  showQuestions() {
    const { page } = this;
    const place = $("#questions");
    const given = Object.entries(page.case.facts.attributes ?? {}).filter(([, value]) => value);
    const sites = page.verdict?.sites ?? [];
    const asked = new Map(sites.flatMap((site) => site.questions).map((question) => [question.kind + question.attribute, question]));
    const idle = new Set(sites.flatMap((site) => site.idle_questions).filter((name) => !asked.has(name))).size;
    const parts = [];
    if (!page.case.confirmed) parts.push(el("p", { className: "muted" }, "边界确认以后，这里列出会改变结论的问题。"));
    else if (page.verdict) {
      parts.push(el("h3", {}, asked.size ? `还有 ${asked.size} 个问题会改变结论（按要紧程度）` : "没有会改变结论的问题了。"));
      parts.push(...[...asked.values()].map((question) => this.#question(question)));
      if (idle) parts.push(el("p", { className: "muted" }, `另有 ${idle} 项资料未填，填与不填都不改变本次结论，报告里有列。`));
    }
    if (given.length) {
      parts.push(el("h3", {}, "已填写"));
      parts.push(...given.map(([name, value]) => {
        const spec = this.attributes[name] ?? { title: name, type: "text", unit: "" };
        return el("p", { className: "row" }, el("label", {}, `${spec.title}${spec.unit ? `（${spec.unit}）` : ""} `, this.#field(name, spec, value)));
      }));
    }
    place.replaceChildren(...parts);
  }

  #question(question) {
    const clauses = question.clauses.map(({ title, text, bases }) => el("details", {}, el("summary", {}, title), el("p", {}, text), el("p", { className: "muted" }, bases.join("；"))));
    const own = { industry: "#industry", project_type: '[name="project_type"]', activity: '[name="activity"]' }[question.kind];
    let field = null;
    if (own) field = el("button", { type: "button", on: { click: () => $(own, this.form).focus() } }, "去填");
    else if (question.kind === "seen") {
      field = this.page.can("登记核验")
        ? el("button", { type: "button", on: { click: told(() => this.#seen(question)) } }, "我已核验原件，登记")
        : el("span", { className: "muted" }, "由审核人核验原件后登记");
    } else if (question.kind !== "place") field = this.#field(question.attribute, { type: question.kind, title: question.title }, "");
    return el("div", { className: "question" },
      el("p", { className: "row" }, el("span", { className: `effect ${EFFECT_LOOKS[question.effect] ?? "effect-note"}` }, question.effect),
        own || question.kind === "seen" || !field ? el("strong", {}, question.title) : el("label", {}, `${question.title} `, field),
        own || question.kind === "seen" ? field : null),
      question.assumed ? el("p", { className: "muted" }, "没有填，现在按“否”研判。") : null, ...clauses);
  }

  async #seen(question) {
    const { page } = this;
    await ask("POST", `${page.path}/seen`, { name: question.attribute, version: page.case.version });
    await page.refresh();
  }

  #field(name, spec, value) {
    const change = (event) => this.#save({ [name]: event.target.value });
    const props = { disabled: !this.page.can("修改"), on: { change }, data: { attribute: name } };
    if (spec.type === "flag") {
      const options = [["", "不清楚"], ["true", "是"], ["false", "否"]];
      return el("select", props, options.map(([key, text]) => el("option", { value: key, selected: key === value }, text)));
    }
    return el("input", { ...props, value, inputMode: spec.type === "number" ? "decimal" : "text", placeholder: spec.type === "list" ? "多项用 ; 隔开" : "" });
  }
}
