// Step 1: files, drawing or coordinates in; the shape and what was read of it out; a person confirms or answers.
import { $, ask, el, number, tell, told } from "./desk.js";
import { Drawing } from "./draw.js";

const KINDS = [["", "按文件"], ["polygon", "面（各点是一块地的界址点）"], ["points", "点（各行是互不相干的点位）"], ["line", "线"]];
const UNITS = [["", "按文件"], ["m", "米"], ["cm", "厘米"], ["mm", "毫米"]];
const DATUMS = ["CGCS2000", "EPSG:4526", "EPSG:4527", "EPSG:4528", "EPSG:4547", "EPSG:4548", "EPSG:4549", "GCJ-02", "BD-09"];
const STATUS = { accepted: "已读", repaired: "已修复", quarantined: "没有读进来" };

export class BoundaryStep {
  constructor(page) {
    this.page = page;
    this.drawing = new Drawing(page.map, () => {});
  }

  begin({ notations }) {
    const { page } = this;
    $("#notation").replaceChildren(...notations.map(({ value, title }) => el("option", { value }, title)));
    const files = $("#files");
    files.addEventListener("change", told(() => this.#upload(files.files)));
    const drop = $("#drop");
    for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", told((event) => { drop.classList.remove("over"); return this.#upload(event.dataTransfer.files); }));
    $("#start-draw").addEventListener("click", () => this.#draw());
    $("#start-paste").addEventListener("click", (event) => {
      $("#paste").hidden = !$("#paste").hidden;
      event.target.setAttribute("aria-expanded", !$("#paste").hidden);
      if (!$("#paste").hidden) $("#notation").focus();
    });
    $("#paste").addEventListener("submit", told(async (event) => {
      await ask("POST", `${page.path}/pasted`, Object.fromEntries(new FormData(event.target)));
      event.target.reset();
      event.target.hidden = true;
      await page.refresh();
    }));
    $("#use-drawn").addEventListener("click", told(async () => this.accept(await this.drawing.settled(), "在图上画出")));
  }

  async accept(geometry, note) {
    if (!geometry) return;
    await ask("POST", `${this.page.path}/drawn`, { geometry, note });
    this.drawing.close();
    await this.page.refresh();
    await this.page.open("boundary");
  }

  async #upload(list) {
    if (!list.length) return;
    const form = new FormData();
    for (const file of list) form.append("files", file, file.name);
    $("#files").value = "";
    await ask("POST", `${this.page.path}/files`, form);
    await this.page.refresh();
  }

  #draw() {
    const sites = this.found?.sites ?? [];
    if (sites.length === 1 && sites[0].geometry && sites[0].vertices <= 400) this.drawing.load(sites[0].geometry);
    this.drawing.open();
    $("#map").focus();
  }

  async show() {
    const { page } = this;
    const place = $("#boundary");
    const documents = page.case.documents.filter(({ kind }) => kind === "boundary");
    if (!page.can("修改")) this.drawing.close();
    if (!documents.length) {
      this.found = null;
      page.map.showSite([]);
      place.replaceChildren(el("p", { className: "muted" }, "还没有边界。"));
      return;
    }
    place.replaceChildren(this.#files(documents), el("p", { className: "muted" }, "正在读……"));
    let found;
    try {
      found = await ask("GET", `${page.path}/boundary`);
    } catch (error) {
      this.found = null;
      page.map.showSite([]);
      place.replaceChildren(this.#files(documents), el("p", { className: "lost", role: "alert" }, error.message), this.#answers());
      return;
    }
    this.found = found;
    page.map.showSite(found.sites.map(({ geometry }) => geometry));
    place.replaceChildren(...[this.#files(documents), ...this.#sites(found), this.#rows(found), this.#answers(), this.#confirm(found)].filter(Boolean));
  }

  #files(documents) {
    const { page } = this;
    return el("ul", { className: "plain", aria: { label: "文件" } }, documents.map(({ id, name, size }) => {
      const link = el("a", { href: `${page.path}/documents/${id}` }, name);
      const remove = el("button", { type: "button", aria: { label: `移去 ${name}` }, on: { click: told(async () => {
        await ask("DELETE", `${page.path}/files/${encodeURIComponent(name)}`);
        await page.refresh();
      }) } }, "移去");
      return el("li", { className: "row" }, link, el("span", { className: "muted" }, `${number(size / 1024, 1)} KB`), page.can("修改") ? remove : null);
    }));
  }

  #sites(found) {
    return found.sites.map((site) => el("div", { className: "site" },
      el("strong", {}, `${site.name || site.subject_id}：${site.kind}`),
      el("p", {}, site.kind === "面"
        ? `面积 ${number(site.area_ha, 4)} 公顷，合 ${number(site.area_mu, 2)} 亩（国土调查椭球面积）；${site.vertices} 个顶点${site.rings ? `，${site.rings} 个孔` : ""}`
        : site.kind === "线" ? `长 ${number(site.length_m, 1)} 米；${site.vertices} 个顶点` : `${site.vertices} 个点`),
      el("p", { className: "muted" }, `来自 ${site.source.split("/").pop()}；位置精度 ${number(site.accuracy_m, 1)} 米`)));
  }

  #rows(found) {
    const rows = found.rows.filter(({ reason, status }) => reason || status !== "accepted");
    if (!rows.length) return null;
    return el("div", {}, el("h3", {}, "读的时候发现"), el("ul", { className: "rows" }, rows.map((row) => el("li", {},
      el("span", { className: row.status === "quarantined" ? "lost" : "" }, `〔${STATUS[row.status]}〕`), `${row.file}（${row.row}）：${row.reason}`,
      row.remedy ? el("div", { className: "muted" }, `办法：${row.remedy}`) : null))));
  }

  #answers() {
    const { page } = this;
    if (!page.can("修改")) return null;
    const { answers } = page.case;
    const datum = el("input", { name: "crs", value: answers.crs ?? "", placeholder: "按文件", size: 16, autocomplete: "off" });
    datum.setAttribute("list", "datums");
    const select = (name, options) => el("select", { name }, options.map(([value, text]) => el("option", { value, selected: (answers[name] ?? "") === value }, text)));
    const form = el("form", { className: "row", id: "answers", on: { submit: told(async (event) => {
      event.preventDefault();
      await ask("PUT", `${page.path}/answers`, Object.fromEntries(new FormData(form)));
      await page.refresh();
    }) } },
    el("label", {}, "坐标系 ", datum), el("datalist", { id: "datums" }, DATUMS.map((value) => el("option", { value }))),
    el("label", {}, "图形 ", select("geometry_kind", KINDS)), el("label", {}, "图形单位（DXF） ", select("dxf_unit", UNITS)),
    el("button", { type: "submit" }, "按此重读"));
    return el("div", {}, el("h3", {}, "文件没有写明、或写得不对的，在这里写明"), form);
  }

  #confirm(found) {
    const { page } = this;
    if (found.confirmed) {
      return el("p", { className: "row" }, el("strong", {}, "边界已确认。"),
        page.can("修改") ? el("button", { type: "button", className: "primary", on: { click: told(() => page.open("facts")) } }, "下一步：资料") : null);
    }
    if (!page.can("修改")) return el("p", {}, "边界还没有确认。");
    if (found.lost || !found.sites.length) return el("p", { className: "lost", role: "alert" }, `有 ${found.lost} 行没有读进来：请按上面的办法改正或写明，才能确认。`);
    return el("p", {}, el("button", { type: "button", className: "primary", id: "confirm", on: { click: told(async () => {
      await ask("POST", `${page.path}/confirm`, { digest: found.digest });
      await page.refresh();
      await page.open("facts");
      tell("边界已确认", true);
    }) } }, "图形、位置、面积都对，确认边界"));
  }
}
