// A river clicked: the water's way, who lies along it, how many kilometres and hours away.
import { $, ask, el, number, tell, told } from "./desk.js";
import { doing, follow, table } from "./follow.js";
import { DeskMap } from "./map.js";

const L = window.L;
const map = new DeskMap($("#map"));
const drawn = L.layerGroup().addTo(map.map);
const form = $("#start");
const MANY = "环境敏感点";
let marks = [];
let running = "";

function place([lon, lat]) {
  return L.latLng(lat, lon);
}

function drawTrace({ course, stops, origin, entry }) {
  drawn.clearLayers();
  const line = L.geoJSON({ type: "Feature", geometry: course, properties: {} }, { style: { color: "#0a58c2", weight: 4, opacity: 0.85 }, interactive: false });
  drawn.addLayer(line);
  drawn.addLayer(L.polyline([place(origin), place(entry)], { color: "#b3003b", weight: 2, dashArray: "4 4", interactive: false }));
  drawn.addLayer(L.circleMarker(place(origin), { radius: 7, color: "#b3003b", fillColor: "#fff", fillOpacity: 1 }).bindTooltip("起点"));
  marks = stops.map((stop) => {
    const marker = L.circleMarker(place(stop.at), { radius: 5, color: "#111", weight: 1.5, fillColor: "#ffd400", fillOpacity: 1 });
    drawn.addLayer(marker);
    return { stop, marker };
  });
  const bounds = line.getBounds().extend(place(origin));
  map.map.fitBounds(bounds.pad(0.15), { maxZoom: 14, animate: false });
  label();
}

/** Write names and kilometres beside as many stops as there is room for, towns and sections before the many small places. */
function label() {
  const taken = [];
  const order = marks.toSorted((a, b) => (a.stop.kind === MANY) - (b.stop.kind === MANY) || a.stop.order - b.stop.order);
  for (const { stop, marker } of order) {
    const text = `${stop.order} ${stop.name}　${number(stop.km, 1)} 公里`;
    const at = map.map.latLngToContainerPoint(marker.getLatLng());
    const wide = text.length * 11 + 20;
    const free = ["right", "left"].find((side) => {
      const left = side === "right" ? at.x + 8 : at.x - 8 - wide;
      const box = [left, at.y - 11, left + wide, at.y + 11];
      if (left < 0 || left + wide > map.map.getSize().x) return false;
      const meets = taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]);
      if (!meets) taken.push(box);
      return !meets;
    });
    marker.unbindTooltip();
    marker.bindTooltip(() => el("span", {}, text), free ? { permanent: true, direction: free, className: "stop" } : { sticky: true });
  }
}

function drawList(job) {
  const { result } = job;
  const rows = result.stops.map((stop) => {
    const go = el("button", { type: "button", className: "link", on: { click: () => map.map.setView(place(stop.at), 14) } }, stop.name || "（无名）");
    return [String(stop.order), stop.kind, go, stop.where, number(stop.km, 1), `${number(stop.hours[0], 1)}–${number(stop.hours[1], 1)}`];
  });
  $("#outcome").replaceChildren(...[
    ...result.lines.map((line) => el("p", {}, line)),
    result.notify.length ? el("p", { id: "notify" }, el("strong", {}, "依次通知："), result.notify.join(" → ")) : null,
    rows.length ? table(["次序", "类别", "名称", "辖区", "公里", "小时"], rows) : el("p", {}, "这一侧没有登记的对象。没有列出不等于没有。"),
    el("ul", { className: "rows" }, result.notes.map((note) => el("li", { className: "muted" }, note))),
    el("p", {}, el("a", { href: `/jobs/${job.id}` }, "数据表与记录")),
  ].filter(Boolean));
}

async function show(id) {
  const mine = (running = id);
  $("#outcome").replaceChildren();
  $("#cancel").hidden = false;
  $("#cancel").onclick = told(() => ask("DELETE", `/api/jobs/${id}`));
  const job = await follow(id, (state) => { if (mine === running) $("#stage").textContent = doing(state); });
  if (mine !== running) return; // another place was clicked meanwhile
  $("#cancel").hidden = true;
  $("#stage").replaceChildren(...(job.state === "完成" ? [] : [el("strong", {}, job.state), "　", ...offered(job)]));
  if (job.state !== "完成") return;
  drawTrace(job.result);
  drawList(job);
  history.replaceState(null, "", `/trace?job=${id}`);
  document.documentElement.dataset.traced = id;
}

/** Return what a job that failed says, its places on the river as buttons. */
function offered(job) {
  return job.message.split(/(\d{2,3}\.\d{5},\d{1,2}\.\d{5})/).map((part, at) => (at % 2 === 0 ? part
    : el("button", { type: "button", className: "link", on: { click: told(() => begin(part === job.asked.start ? "" : part)) } }, part)));
}

async function begin(at = "") {
  const given = new FormData(form);
  const asked = { start: given.get("start").trim(), up: Boolean(given.get("up")), velocity: given.get("velocity").trim(), at };
  const { id } = await ask("POST", "/api/jobs", { kind: "trace", asked });
  tell("");
  await show(id);
}

map.map.on("zoomend", label);
form.addEventListener("submit", told(() => begin()));
map.map.on("click", ({ latlng }) => {
  const at = latlng.wrap();
  form.elements.start.value = `${at.lng.toFixed(5)},${at.lat.toFixed(5)}`;
  told(() => begin())();
});
told(async () => {
  await map.place();
  await map.begin();
  document.documentElement.dataset.ready = "1";
  const known = new URLSearchParams(location.search).get("job");
  if (known) await show(known);
})();
