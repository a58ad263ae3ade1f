// Measuring, graticule, scale bar, coordinate form, and the optional tile service.
let measuring = null;
const measure = {points: [], moving: null};
const GRID_STEPS_DEG = [2, 1, 0.5, 1 / 6, 1 / 12, 1 / 60, 1 / 120, 1 / 600];

function startMeasure(kind) {
  measuring = measuring === kind ? null : kind;
  if (measuring) { measure.points = []; measure.moving = null; }
  for (const name of ["distance", "area"]) byId("measure-" + name).setAttribute("aria-pressed", String(measuring === name));
  byId("measure-result").hidden = !measuring;
  map.doubleClickZoom[measuring ? "disable" : "enable"]();
  showMeasure();
}

function addMeasure(latlng) { measure.points.push(latlng); measure.moving = null; showMeasure(); }
function moveMeasure(latlng) { measure.moving = latlng; refresh("labels"); }

function measureText() {
  const points = measure.points;
  if (!measuring || points.length < 2) return "在图上依次点选；按 Esc 结束";
  let lengthM = 0;
  for (let i = 1; i < points.length; i++) lengthM += geodesicM(points[i - 1], points[i]);
  if (measuring === "distance") return "距离 " + lengthText(lengthM) + "（大地线）";
  if (points.length < 3) return "再点一处即得面积";
  const area = areaM2(points), closed = lengthM + geodesicM(points[points.length - 1], points[0]);
  return "面积 " + area.toLocaleString("zh-CN", {maximumFractionDigits: 0}) + " 平方米（" + (area / 1e4).toFixed(2) + " 公顷，" + ((area * 3) / 2000).toFixed(2) + " 亩）　周长 " + lengthText(closed);
}

function lengthText(metres) { return metres >= 1000 ? (metres / 1000).toFixed(3) + " 公里" : metres.toFixed(1) + " 米"; }
function showMeasure() {
  byId("measure-text").textContent = measureText();
  byId("measure-wkt").hidden = !measure.points.length;
  refresh("labels");
}

// What is drawn as WKT, to be given to `cdgis screen --wkt`.
function measureWkt() {
  const at = measure.points.map((p) => p.lng.toFixed(7) + " " + p.lat.toFixed(7));
  if (at.length === 1) return "POINT(" + at[0] + ")";
  return measuring === "area" && at.length > 2 ? "POLYGON((" + [...at, at[0]].join(",") + "))" : "LINESTRING(" + at.join(",") + ")";
}

function drawMeasure(context, view) {
  if (!measuring || !measure.points.length) return;
  const points = [...measure.points, ...(measure.moving ? [measure.moving] : [])].map((p) => [worldX(p.lng) * view.scale - view.x, worldY(p.lat) * view.scale - view.y]);
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  if (measuring === "area") { context.closePath(); context.fillStyle = "#0b5cad22"; context.fill(); }
  context.strokeStyle = "#fff"; context.lineWidth = 5; context.stroke();
  context.strokeStyle = "#0b5cad"; context.lineWidth = 2.4; context.stroke();
  for (const [x, y] of points) { context.beginPath(); context.arc(x, y, 4, 0, 7); context.fillStyle = "#0b5cad"; context.fill(); }
}

// Meridians and parallels at the widest step that gives at least three across the map.
function drawGraticule(context, view) {
  const west = lonOf((view.x + view.pad.x) / view.scale), east = lonOf((view.x + view.width - view.pad.x) / view.scale);
  const north = latOf((view.y + view.pad.y) / view.scale), south = latOf((view.y + view.height - view.pad.y) / view.scale);
  const step = GRID_STEPS_DEG.find((s) => (east - west) / s >= 3) || GRID_STEPS_DEG[GRID_STEPS_DEG.length - 1];
  context.strokeStyle = "#2f364077"; context.lineWidth = 0.8; context.fillStyle = "#2f3640";
  context.font = "11px sans-serif"; context.textAlign = "left"; context.textBaseline = "top";
  const label = (value) => dmsText(value).replace(/(00′)?00\.00″$/, "");
  context.beginPath();
  for (let i = Math.ceil(west / step); i * step <= east; i++) {
    const x = worldX(i * step) * view.scale - view.x;
    context.moveTo(x, 0); context.lineTo(x, view.height);
    context.fillText(label(i * step), x + 3, view.pad.y + 3);
  }
  for (let i = Math.ceil(south / step); i * step <= north; i++) {
    const y = worldY(i * step) * view.scale - view.y;
    context.moveTo(0, y); context.lineTo(view.width, y);
    context.fillText(label(i * step), view.pad.x + 48, y + 3);
  }
  context.stroke();
}

// The bar is as long on the ground as it says at the middle of the map.
function drawScale() {
  const size = map.getSize(), y = size.y / 2, across = 110;
  const metres = geodesicM(map.containerPointToLatLng([0, y]), map.containerPointToLatLng([across, y]));
  const power = 10 ** Math.floor(Math.log10(metres)), round = [5, 2, 1].find((n) => n * power <= metres) * power;
  byId("scale-line").style.width = (across * round) / metres + "px";
  byId("scale-text").textContent = round >= 1000 ? round / 1000 + " 公里" : round + " 米";
}

// Ground metres per CSS pixel at the middle of the map; a CSS pixel is 1/96 inch on paper.
function scaleNumber() {
  const y = map.getSize().y / 2;
  const metres = geodesicM(map.containerPointToLatLng([0, y]), map.containerPointToLatLng([100, y])) / 100;
  return metres / (0.0254 / 96);
}

// 天地图 only when the reader asks for it; the key stays in this page's memory and is gone with it.
function addTiles() {
  const key = byId("tile-key").value.trim();
  if (surfaces.tiles) surfaces.tiles.forEach((layer) => layer.remove());
  surfaces.tiles = null;
  if (!key) return say("已关闭天地图底图");
  const address = (layer) => "https://t{s}.tianditu.gov.cn/" + layer + "_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=" + layer + "&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TILECOL={x}&TILEROW={y}&TILEMATRIX={z}&tk={tk}";
  const options = {subdomains: "01234567", tk: encodeURIComponent(key), maxZoom: 18, pane: "tilePane", referrerPolicy: "no-referrer"};
  surfaces.tiles = ["vec", "cva"].map((layer) => L.tileLayer(address(layer), options).addTo(map));
  say("已请求天地图底图；密钥只保存在本页内存中，关闭页面即清除");
}

function prepareTools() {
  for (const name of ["distance", "area"]) byId("measure-" + name).addEventListener("click", () => startMeasure(name));
  byId("measure-wkt").addEventListener("click", () => copyText(measureWkt(), "WKT 已复制，可接在 cdgis screen --wkt 之后"));
  byId("measure-clear").addEventListener("click", () => { measure.points = []; showMeasure(); });
  byId("graticule").addEventListener("click", (event) => {
    state.grid = !state.grid;
    event.currentTarget.setAttribute("aria-pressed", String(state.grid));
    refresh("labels"); writeLink();
  });
  byId("coordinate-form").addEventListener("change", (event) => { coordinateForm = event.target.value; byId("coordinates").textContent = coordinateText(map.getCenter()); });
  byId("tile-form").addEventListener("submit", (event) => { event.preventDefault(); addTiles(); });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (measuring) startMeasure(measuring); else if (state.chosen) choose(null); else map.closePopup();
  });
}
