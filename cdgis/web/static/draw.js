// Drawing on the map: a polygon with holes, a line or points; vertices moved, added, taken away; every step can be undone.
import { $, $$, ask } from "./desk.js";

const L = window.L;
const DIGITS = 8; // about a millimetre

const round = (value) => Number(value.toFixed(DIGITS));
const EMPTY = { kind: "", rings: [] };

export class Drawing {
  /** `changed` is called with what is drawn as GeoJSON, or null. */
  constructor(desk_map, changed) {
    this.desk_map = desk_map;
    const { map } = desk_map;
    this.map = map;
    this.changed = changed;
    this.past = [];
    this.future = [];
    this.state = structuredClone(EMPTY);
    this.mode = "";
    this.group = L.layerGroup();
    this.clicked = (event) => this.#snapped(event.latlng, null, ([lon, lat]) => this.add(lon, lat));
    for (const button of $$("#draw-bar [data-mode]")) button.addEventListener("click", () => this.#after(() => this.begin(button.dataset.mode)));
    $("#undo").addEventListener("click", () => this.#after(() => this.#step(this.past, this.future)));
    $("#redo").addEventListener("click", () => this.#after(() => this.#step(this.future, this.past)));
    $("#clear").addEventListener("click", () => this.#after(() => this.#change(() => structuredClone(EMPTY))));
    $("#vertex").addEventListener("submit", (event) => this.#typed(event));
  }

  open() {
    $("#draw-bar").hidden = false;
    this.group.addTo(this.map);
    this.map.on("click", this.clicked);
    this.map.doubleClickZoom.disable();
    if (!this.mode) this.begin("polygon");
    this.#draw();
  }

  close() {
    $("#draw-bar").hidden = true;
    this.group.remove();
    this.map.off("click", this.clicked);
    this.map.doubleClickZoom.enable();
  }

  begin(mode) {
    const kind = mode === "hole" ? "polygon" : mode;
    if (mode === "hole" && !this.#whole(0)) return this.#say("先画好外圈（至少三个点），再挖孔");
    this.mode = mode;
    if (this.state.kind && this.state.kind !== kind) this.#change(() => ({ kind, rings: [] }));
    if (mode === "hole") this.#change((state) => ({ ...state, rings: [...state.rings.filter((ring) => ring.length), []] }));
    for (const button of $$("#draw-bar [data-mode]")) button.setAttribute("aria-pressed", button.dataset.mode === mode);
    this.#say({ polygon: "在图上点击，依次加外圈的点", hole: "在外圈里点击，依次加孔的点", line: "在图上点击，依次加线的点", point: "在图上点击放点" }[mode]);
  }

  add(lon, lat) {
    const kind = this.mode === "hole" ? "polygon" : this.mode || "polygon";
    this.#change((state) => {
      const rings = state.rings.length ? state.rings.map((ring) => [...ring]) : [[]];
      rings[this.mode === "hole" ? rings.length - 1 : 0].push([lon, lat]);
      return { kind, rings };
    });
  }

  /** What is drawn once every point that was put has found its place. */
  async settled() {
    await this.placing;
    return this.geometry();
  }

  /** Do something after the points put before it have found their places, so that none lands in another ring. */
  #after(action) {
    this.placing = (this.placing ?? Promise.resolve()).then(action);
  }

  /** What is drawn, as a GeoJSON geometry; null while it is not whole. */
  geometry() {
    const { kind, rings } = this.state;
    if (kind === "polygon") {
      const whole = rings.filter((ring) => ring.length);
      if (!whole.length || whole.some((ring) => ring.length < 3)) return null;
      return { type: "Polygon", coordinates: whole.map((ring) => [...ring, ring[0]]) };
    }
    if (kind === "line") return rings[0]?.length > 1 ? { type: "LineString", coordinates: rings[0] } : null;
    if (kind === "point" && rings[0]?.length) {
      return rings[0].length === 1 ? { type: "Point", coordinates: rings[0][0] } : { type: "MultiPoint", coordinates: rings[0] };
    }
    return null;
  }

  /** Begin from a shape read elsewhere: one polygon, line or point. */
  load(geometry) {
    const c = geometry.coordinates;
    const rings = {
      Polygon: () => c.map((ring) => ring.slice(0, -1)), LineString: () => [c], Point: () => [[c]], MultiPoint: () => [c],
      MultiPolygon: () => (c.length === 1 ? c[0].map((ring) => ring.slice(0, -1)) : null),
      MultiLineString: () => (c.length === 1 ? [c[0]] : null),
    }[geometry.type]?.();
    if (!rings) return false;
    const kind = geometry.type.includes("Polygon") ? "polygon" : geometry.type.includes("Line") ? "line" : "point";
    this.mode = kind;
    this.#change(() => ({ kind, rings: rings.map((ring) => ring.map(([x, y]) => [x, y])) }));
    return true;
  }

  #whole(index) {
    return this.state.kind === "polygon" && (this.state.rings[index]?.length ?? 0) >= 3;
  }

  #typed(event) {
    event.preventDefault();
    const form = event.target;
    const [lon, lat] = [form.elements.lon, form.elements.lat].map((input) => Number(input.value.trim().replace("，", ".") || NaN));
    if (!(Math.abs(lon) <= 180 && Math.abs(lat) <= 90)) return this.#say("请输入十进制度的经度和纬度，例如 117.9301 和 40.9512；度分秒请用“粘贴坐标”");
    this.add(lon, lat);
    form.elements.lon.value = form.elements.lat.value = "";
    form.elements.lon.focus();
    if (!this.map.getBounds().contains([lat, lon])) this.map.panTo([lat, lon]);
  }

  #change(next) {
    this.past.push(this.state);
    if (this.past.length > 200) this.past.shift();
    this.future = [];
    this.state = next(this.state);
    this.#draw();
  }

  #step(from, to) {
    if (!from.length) return;
    to.push(this.state);
    this.state = from.pop();
    this.#draw();
  }

  #draw() {
    this.group.clearLayers();
    const look = { color: "#b3003b", weight: 2.5, fillColor: "#b3003b", fillOpacity: 0.15, interactive: false };
    const { kind, rings } = this.state;
    const turned = rings.map((ring) => ring.map(([x, y]) => [y, x]));
    if (kind === "polygon" && turned.length) this.group.addLayer(L.polygon(turned.filter((ring) => ring.length), look));
    if (kind === "line" && turned.length) this.group.addLayer(L.polyline(turned[0], look));
    rings.forEach((ring, r) => ring.forEach((_, v) => this.#handle(r, v)));
    if (kind !== "point") rings.forEach((ring, r) => ring.forEach((_, v) => this.#middle(r, v)));
    const count = rings.reduce((sum, ring) => sum + ring.length, 0);
    const use = $("#use-drawn"); // 自助查询 asks by a form of its own
    if (use) use.disabled = !this.geometry();
    $("#undo").disabled = !this.past.length;
    $("#redo").disabled = !this.future.length;
    if (count) this.#say(`${count} 个点${kind === "polygon" && rings.length > 1 ? `，${rings.length - 1} 个孔` : ""}；拖动移动，右键或长按删去`);
    this.changed(this.geometry());
  }

  #handle(r, v) {
    const [x, y] = this.state.rings[r][v];
    const marker = L.marker([y, x], { draggable: true, keyboard: false, icon: L.divIcon({ className: "vertex", iconSize: [12, 12] }) });
    marker.on("dragend", () => this.#snapped(marker.getLatLng(), [x, y], (to) => this.#change((state) => this.#with(state, r, (ring) => ring.map((at, i) => (i === v ? to : at))))));
    marker.on("contextmenu", () => this.#change((state) => this.#with(state, r, (ring) => ring.filter((_, i) => i !== v))));
    this.group.addLayer(marker);
  }

  #middle(r, v) {
    const ring = this.state.rings[r];
    const next = ring[v + 1] ?? (this.state.kind === "polygon" && ring.length > 2 ? ring[0] : null);
    if (!next) return;
    const at = [(ring[v][0] + next[0]) / 2, (ring[v][1] + next[1]) / 2];
    const marker = L.marker([at[1], at[0]], { draggable: true, keyboard: false, icon: L.divIcon({ className: "vertex mid", iconSize: [9, 9] }) });
    marker.on("dragend", () => this.#snapped(marker.getLatLng(), null, (to) => this.#change((state) => this.#with(state, r, (old) => old.toSpliced(v + 1, 0, to)))));
    this.group.addLayer(marker);
  }

  /** Put a point where it was meant: on an own corner, else on a corner or edge of a zone that is drawn, else where it is. One after another. */
  #snapped({ lng, lat }, moved, put) {
    this.#after(async () => {
      const here = [round(lng), round(lat)];
      if (!$("#snap")?.checked) return put(here);
      const at = this.map.latLngToContainerPoint([lat, lng]);
      const own = this.state.rings.flat().filter(([x, y]) => !(moved && x === moved[0] && y === moved[1]) && this.map.latLngToContainerPoint([y, x]).distanceTo(at) <= 8);
      if (own.length && moved) return put(own[0]);
      if (own.length && this.mode !== "point") return this.#say("这里已有自己的点；外圈和孔自动闭合，不用再点第一个点");
      let found = {};
      try {
        const asked = new URLSearchParams({ lon: lng, lat, reach_m: Math.min(this.desk_map.reach(10), 20000), layers: this.desk_map.shown.join() });
        found = await ask("GET", `/api/snap?${asked}`);
      } catch { /* without an answer the point stays where it was put, and nothing is said to be snapped */ }
      put(found.kind ? [found.lon, found.lat] : here);
      if (found.kind) this.#say(`已吸附到${found.layer}“${found.name}”的${found.kind === "corner" ? "拐点" : "边线"}`);
    });
  }

  #with(state, r, change) {
    return { ...state, rings: state.rings.map((ring, i) => (i === r ? change(ring) : ring)).filter((ring, i) => ring.length || i === 0) };
  }

  #say(text) {
    $("#draw-told").textContent = text;
  }
}
