// The map of cases: a point each, coloured by verdict or state. It shows where they lie and decides nothing.
import { $, ask, el } from "./desk.js";

const L = window.L;
const VERDICTS = { 不符合: "#b2182b", 须论证: "#e08214", 有条件符合: "#b8a000", 未发现冲突: "#1b7837", 资料不足: "#6b7280", "": "#ffffff" };
const STATES = { 草稿: "#9ca3af", 已提交: "#2b6cb0", 初审: "#6b46c1", 复核: "#b83280", 定稿: "#1b7837", 作废: "#444444" };

export class QueueMap {
  constructor() {
    this.map = L.map($("#case-map"), { preferCanvas: true, attributionControl: false, zoomSnap: 0.5, minZoom: 4, maxZoom: 18 }).setView([35, 105], 4);
    L.control.scale({ imperial: false }).addTo(this.map);
    this.points = L.layerGroup().addTo(this.map);
    $("#colour-by").addEventListener("change", () => this.draw());
  }

  async begin() {
    const { bounds: [west, south, east, north] } = await ask("GET", "/api/extent");
    this.home = [[south, west], [north, east]];
    this.map.fitBounds(this.home, { animate: false });
    const box = [west, south, east, north].join();
    const layers = new Set((await ask("GET", "/api/layers")).map(({ id }) => id));
    const id = ["counties", "city"].find((name) => layers.has(name));
    if (!id) return;
    const found = await ask("GET", `/api/layers/${id}?bbox=${box}&px=0.002`);
    L.geoJSON(found, { interactive: false, style: { color: "#7a8794", weight: 1, fillColor: "#eef2f6", fillOpacity: 0.6 } }).addTo(this.map).bringToBack();
  }

  show(found) {
    this.found = found;
    this.draw();
  }

  draw() {
    const { cases, without, cut } = this.found;
    const by = $("#colour-by").value;
    const colours = by === "state" ? STATES : VERDICTS;
    const first = (row) => (by === "state" ? row.state : row.verdict.split(";")[0]);
    this.points.clearLayers();
    for (const row of cases.toReversed()) {
      this.points.addLayer(L.circleMarker([row.lat, row.lon], { radius: 6, color: "#222", weight: 1, fillColor: colours[first(row)] ?? "#ffffff", fillOpacity: 0.9 })
        .bindTooltip(() => el("span", {}, `${row.number} ${row.name || "（未填）"}：${row.state}${row.verdict ? `，${row.verdict}` : ""}`))
        .on("click", () => location.assign(`/cases/${row.id}`)));
    }
    $("#legend").replaceChildren(...Object.entries(colours).map(([name, colour]) => {
      const swatch = el("span", { className: "swatch" });
      swatch.style.background = colour;
      return el("span", { className: "tick" }, swatch, ` ${name || "未研判"}`);
    }));
    $("#map-told").textContent = [`图上 ${cases.length} 件`, without ? `${without} 件边界未确认，不在图上` : "", cut ? "只画最近改动的一万件" : ""].filter(Boolean).join("；");
  }
}
