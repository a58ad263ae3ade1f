// The map: the workspace's layers by view, the site, the zones hit, ghost shapes of ways out. It draws, it never judges.
import { combo } from "./combo.js";
import { $, ask, el } from "./desk.js";
import { addGround, degreesPerPixel, groundOptions } from "./ground.js";

const L = window.L;

export class DeskMap {
  constructor(element, { base = "/api" } = {}) {
    this.base = base;
    this.map = L.map(element, { preferCanvas: true, attributionControl: false, zoomSnap: 0.5, minZoom: 4, maxZoom: 20, ...groundOptions() });
    addGround(this.map, $("#layer-list"));
    this.map.setView([35, 105], 4);
    new ResizeObserver(() => this.map.invalidateSize({ pan: false })).observe(element); // the bar for drawing takes part of its height
    L.control.scale({ imperial: false }).addTo(this.map);
    for (const [name, order] of [["zones", 350], ["hits", 420], ["site", 450], ["ghosts", 460]]) {
      this.map.createPane(name).style.zIndex = order;
    }
    this.renderers = {};
    this.layers = new Map();
    this.site = null;
    this.hits = L.layerGroup().addTo(this.map);
    this.ghosts = L.layerGroup().addTo(this.map);
    this.lines = L.layerGroup().addTo(this.map);
    this.map.on("moveend", () => this.#refresh());
  }

  #renderer(pane) {
    // one canvas only: a second one over it would keep the pointer from the zones' tooltips; the few shapes above are SVG
    return (this.renderers[pane] ??= pane === "zones" ? L.canvas({ pane, padding: 0.3 }) : L.svg({ pane, padding: 0.3 }));
  }

  /** Let a name be looked for: it moves the map and decides nothing. */
  findPlaces() {
    const form = $("#place");
    form.addEventListener("submit", (event) => event.preventDefault());
    combo(form.elements.q, $("#place-list"), {
      find: (word) => ask("GET", `/api/places?q=${encodeURIComponent(word)}`), show: ({ name, kind }) => `${name}（${kind}）`,
      take: ({ bounds: [west, south, east, north] }) => {
        this.map.fitBounds([[south, west], [north, east]], { maxZoom: 14 });
        $("#place-told").textContent = "只移动地图，不作边界，也不作研判依据。";
      },
    });
  }

  /** Ids of the layers that are drawn now. */
  get shown() {
    return [...this.layers.keys()];
  }

  /** Metres that some pixels are, where the map is now. */
  reach(pixels) {
    const centre = this.map.getCenter();
    const beside = this.map.containerPointToLatLng(this.map.latLngToContainerPoint(centre).add([pixels, 0]));
    return centre.distanceTo(beside);
  }

  /** Go to the workspace's place. */
  async place() {
    const { bounds: [west, south, east, north] } = await ask("GET", `${this.base}/extent`);
    if (!this.site?.getLayers().length) this.map.fitBounds([[south, west], [north, east]], { animate: false });
  }

  async begin() {
    if ($("#place")) this.findPlaces();
    const specs = await ask("GET", `${this.base}/layers`);
    const rows = specs.toReversed().map((spec) => {
      const box = el("input", { type: "checkbox", checked: spec.shown, on: { change: () => this.#toggle(spec, box.checked) } });
      const swatch = el("span", { className: "swatch" });
      swatch.style.background = Object.values(spec.colours)[0];
      return el("label", { title: `${spec.title}（${spec.version}${spec.official ? "" : "，示范数据"}）` }, box, swatch, spec.title);
    });
    $("#layer-list").replaceChildren(...rows);
    await Promise.all(specs.filter((spec) => spec.shown).map((spec) => this.#toggle(spec, true)));
  }

  async #toggle(spec, shown) {
    const held = this.layers.get(spec.id);
    if (!shown) {
      held?.group.remove();
      this.layers.delete(spec.id);
    } else if (!held) {
      const entry = { spec, group: L.layerGroup().addTo(this.map), turn: 0 };
      this.layers.set(spec.id, entry);
      await this.#load(entry);
    }
  }

  #refresh() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => { for (const entry of this.layers.values()) this.#load(entry); }, 120);
  }

  async #load(entry) {
    const turn = ++entry.turn;
    const view = this.map.getBounds().pad(0.2);
    const px = degreesPerPixel(this.map.getZoom());
    const box = [view.getWest(), view.getSouth(), view.getEast(), view.getNorth()].map((edge) => edge.toFixed(5)).join();
    let found;
    try {
      found = await ask("GET", `${this.base}/layers/${entry.spec.id}?bbox=${box}&px=${px}`);
    } catch {
      return; // an unreadable layer is named by `layers check` and in the report; the map shows the others
    }
    if (turn !== entry.turn) return;
    const { fill, geometry } = entry.spec;
    const drawn = L.geoJSON(found, {
      renderer: this.#renderer("zones"), pane: "zones", interactive: geometry !== "point" || this.map.getZoom() > 9,
      style: ({ properties }) => ({ color: fill ? "#fff" : properties.colour, weight: fill ? 0.8 : 1.3, fillColor: properties.colour, fillOpacity: fill ? 0.35 : geometry === "polygon" ? 0.1 : 0 }),
      pointToLayer: (_, at) => L.circleMarker(at, { renderer: this.#renderer("zones"), pane: "zones", radius: 3 }),
      onEachFeature: ({ properties }, layer) => layer.bindTooltip(() => this.#label(entry.spec, properties), { sticky: true }),
    });
    entry.group.clearLayers();
    entry.group.addLayer(drawn);
  }

  #label(spec, properties) {
    return el("span", {}, `${spec.title}：${properties.name || properties.id}${properties.class ? `（${properties.class}）` : ""}`);
  }

  /** Show the site's shapes (GeoJSON geometries) and go there. */
  showSite(geometries, { look = true } = {}) {
    this.site?.remove();
    const drawn = geometries.filter(Boolean);
    this.site = L.geoJSON(drawn.map((geometry) => ({ type: "Feature", geometry, properties: {} })), {
      renderer: this.#renderer("site"), pane: "site", interactive: false,
      style: { color: "#111", weight: 2.5, fillColor: "#ffd400", fillOpacity: 0.45 },
      pointToLayer: (_, at) => L.circleMarker(at, { renderer: this.#renderer("site"), pane: "site", radius: 7, color: "#111", fillColor: "#ffd400", fillOpacity: 0.9 }),
    }).addTo(this.map);
    if (look && drawn.length) this.map.fitBounds(this.site.getBounds().pad(0.6), { maxZoom: 16 });
  }

  /** Show the zones that clauses speak of, by the effect of the strictest. */
  showHits(hits, colours) {
    this.hits.clearLayers();
    this.byKey = new Map();
    for (const hit of hits) {
      const layer = L.geoJSON({ type: "Feature", geometry: hit.geometry, properties: {} }, {
        renderer: this.#renderer("hits"), pane: "hits", style: { color: colours[hit.effect] ?? "#555", weight: 2, fillOpacity: 0.03 },
        pointToLayer: (_, at) => L.circleMarker(at, { renderer: this.#renderer("hits"), pane: "hits", radius: 6 }),
      }).bindTooltip(() => el("span", {}, `〔${hit.effect}〕${hit.layer}：${hit.name}`), { sticky: true });
      this.hits.addLayer(layer);
      this.byKey.set(hit.key, layer);
    }
  }

  goTo(key) {
    const layer = this.byKey?.get(key);
    if (layer) this.map.fitBounds(layer.getBounds(), { maxZoom: 15 });
    return Boolean(layer);
  }

  /** Show shapes that could take the site's place; one with `accept` does so when it is clicked. */
  showGhosts(shapes, { look = true } = {}) {
    this.ghosts.clearLayers();
    const drawn = shapes.map(({ geometry, text, accept, named }) => {
      const layer = L.geoJSON({ type: "Feature", geometry, properties: {} }, {
        renderer: this.#renderer("ghosts"), pane: "ghosts", style: { color: "#0a6b2d", weight: 2.5, dashArray: "7 5", fillColor: "#2fae5f", fillOpacity: 0.15 },
      }).bindTooltip(() => el("span", {}, accept ? `${text}（点击采用）` : text), named ? { permanent: true } : { sticky: true });
      if (accept) layer.on("click", accept);
      this.ghosts.addLayer(layer);
      return layer;
    });
    if (look && drawn.length) this.map.fitBounds(L.featureGroup([...drawn, ...this.site.getLayers()]).getBounds().pad(0.3), { maxZoom: 16 });
  }

  /** Show distances: a line each, with its metres written on it. */
  showLines(lines, { look = false } = {}) {
    this.lines.clearLayers();
    for (const { ends, text } of lines) {
      const turned = ends.map(([x, y]) => [y, x]);
      this.lines.addLayer(L.polyline(turned, { color: "#5b1a8b", weight: 3, interactive: false, renderer: this.#renderer("ghosts"), pane: "ghosts" }));
      const at = turned[1];
      this.lines.addLayer(L.tooltip(at, { permanent: true, direction: "auto", className: "measure", content: el("span", {}, text) }));
      if (look) this.map.fitBounds(L.latLngBounds(turned).pad(0.5), { maxZoom: 16 });
    }
  }
}
