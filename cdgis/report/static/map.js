// The map itself: layers decoded when first shown, subjects as symbols, labels that never hide a county.
let data = null, map = null;
const state = {chosen: null, hovered: null, visible: new Set(), opacity: new Map(), marked: null, grid: false};
const surfaces = {};
const subjectsById = new Map();
const sprites = new Map();
const COUNTY_TRIES = [[0, 0], [0, -18], [0, 18], [34, 0], [-34, 0], [30, -16], [-30, -16], [30, 16], [-30, 16], [0, 34], [0, -34], [60, 0], [-60, 0]];

async function showLayer(layer, on) {
  layer.shown = on;
  if (on && !layer.ready) layer.ready = inflate(payload(layer.id)).then((bytes) => {
    layer.outlines = unpackGeometry(bytes);
  });
  if (on) await layer.ready;
  refresh("zones", "labels");
}

function payload(id) {
  return [...document.querySelectorAll("script.geometry")].find((node) => node.dataset.layer === id).textContent;
}

function refresh(...names) { for (const name of names) surfaces[name]?.request(); }

const drawnLayers = () => data.layers.filter((layer) => layer.shown && layer.outlines);
const opacityOf = (layer) => state.opacity.get(layer.theme) ?? 1;

function drawAllZones(context, view) {
  for (let theme = 0; theme < data.themes.length; theme++)
    for (const layer of drawnLayers())
      // Neighbouring counties are the ground everything else lies on.
      if (layer.id === "neighbours" ? theme === 0 : layer.theme === theme) drawZones(context, layer, view, opacityOf(layer));
}

function sprite(verdict, size) {
  const key = verdict + size;
  if (sprites.has(key)) return sprites.get(key);
  const ratio = window.devicePixelRatio || 1, canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.ceil((size + 4) * ratio);
  const context = canvas.getContext("2d"), {fill, shape} = data.verdicts[verdict];
  context.setTransform((ratio * size) / 16, 0, 0, (ratio * size) / 16, 2 * ratio, 2 * ratio);
  for (const [d, kind] of SYMBOLS[shape]) {
    const paint = symbolPaint(kind, shape, fill), path = new Path2D(d);
    if (paint.fill !== "none") { context.fillStyle = paint.fill; context.fill(path); }
    context.strokeStyle = paint.stroke; context.lineWidth = paint.width; context.stroke(path);
  }
  sprites.set(key, canvas);
  return canvas;
}

const symbolSize = (subject) => (subject.kind === "project" ? 16 : 10) * (map.getZoom() < 9.5 ? 0.74 : 1);

function drawSubject(context, subject, view, enlarged) {
  const size = symbolSize(subject) * (enlarged ? 1.45 : 1), px = subject.x * view.scale - view.x, py = subject.y * view.scale - view.y;
  if (outside(px, py, view)) return;
  if (enlarged) {
    context.beginPath(); context.arc(px, py, size * 0.95, 0, 7);
    context.fillStyle = "#ffffffcc"; context.fill();
    context.strokeStyle = "#0b5cad"; context.lineWidth = 2.5; context.stroke();
  }
  context.drawImage(sprite(subject.verdict, size), px - size / 2 - 2, py - size / 2 - 2, size + 4, size + 4);
}

function drawSubjects(context, view) {
  const shapes = data.shapes;
  data.subjects.forEach((subject, i) => {
    if (!shapes || shapes.parts[i] === shapes.parts[i + 1] || !state.visible.has(subject.subject_id)) return;
    context.beginPath();
    const closed = subject.dimension === 2;
    if (!traceParts(context, shapes, shapes.full, shapes.parts[i], shapes.parts[i + 1], view, closed)) return;
    context.fillStyle = context.strokeStyle = data.verdicts[subject.verdict].fill;
    context.lineWidth = 2.2;
    if (closed) { context.globalAlpha = 0.25; context.fill("evenodd"); context.globalAlpha = 1; }
    context.stroke();
  });
  for (const subject of data.drawOrder)
    if (state.visible.has(subject.subject_id) && subject.subject_id !== state.chosen) drawSubject(context, subject, view, false);
}

// What stands above everything: chosen and hovered subject, outlined zones, labels, graticule, measured line.
function drawOverlay(context, view) {
  if (state.grid) drawGraticule(context, view);
  for (const zone of [...(state.outlined || []), state.hovered].filter(Boolean)) outlineZone(context, zone, view);
  drawLabels(context, view);
  const chosen = subjectsById.get(state.chosen);
  if (chosen) { outlineChosen(context, chosen, view); drawSubject(context, chosen, view, true); }
  if (state.marked) drawPin(context, view);
  drawMeasure(context, view);
}

function outlineZone(context, {layer, zone, part}, view) {
  const {outlines} = layer, first = part ?? outlines.parts[zone], last = part === undefined ? outlines.parts[zone + 1] : part + 1;
  const level = levelOf(outlines, levelNumber(outlines, view.zoom));
  context.beginPath();
  traceParts(context, outlines, level, first, last, view, layer.geometry === "polygon");
  context.strokeStyle = "#fff"; context.lineWidth = 5; context.stroke();
  context.strokeStyle = "#12324a"; context.lineWidth = 2.2; context.stroke();
}

function outlineChosen(context, subject, view) {
  const shapes = data.shapes, i = subject.index;
  if (!shapes || shapes.parts[i] === shapes.parts[i + 1]) return;
  context.beginPath();
  traceParts(context, shapes, shapes.full, shapes.parts[i], shapes.parts[i + 1], view, subject.dimension === 2);
  context.strokeStyle = "#fff"; context.lineWidth = 6; context.stroke();
  context.strokeStyle = "#0b5cad"; context.lineWidth = 3; context.stroke();
}

function drawPin(context, view) {
  const px = worldX(state.marked[1]) * view.scale - view.x, py = worldY(state.marked[0]) * view.scale - view.y;
  context.beginPath();
  context.moveTo(px - 11, py); context.lineTo(px + 11, py); context.moveTo(px, py - 11); context.lineTo(px, py + 11);
  context.strokeStyle = "#fff"; context.lineWidth = 5; context.stroke();
  context.strokeStyle = "#b2182b"; context.lineWidth = 2.2; context.stroke();
}

function drawLabels(context, view) {
  state.labels = [];
  const far = view.zoom < 9.5;
  for (const layer of drawnLayers().filter((l) => l.labels.length).sort((a, b) => (a.id > b.id ? 1 : -1))) {
    const county = layer.id === "counties";
    if (!county && far) continue;
    context.font = (county ? "600 13px " : "12px ") + getComputedStyle(document.body).fontFamily;
    for (const [text, lon, lat] of layer.labels) placeLabel(context, view, {text, lon, lat, county});
  }
}

// A county takes the first free place around its middle; a town without room is left out.
function placeLabel(context, view, {text, lon, lat, county}) {
  const px = worldX(lon) * view.scale - view.x, py = worldY(lat) * view.scale - view.y;
  if (outside(px, py, view)) return;
  const width = context.measureText(text).width, tries = county ? COUNTY_TRIES : [[width / 2 + 7, 0]];
  for (const [dx, dy] of tries) {
    const box = [px + dx - width / 2 - 3, py + dy - 9, px + dx + width / 2 + 3, py + dy + 9];
    if (state.labels.some((t) => box[2] > t.box[0] && box[0] < t.box[2] && box[3] > t.box[1] && box[1] < t.box[3])) continue;
    state.labels.push({text, county, box});
    if (!county) { context.beginPath(); context.arc(px, py, 3, 0, 7); context.fillStyle = "#2f3640"; context.fill(); }
    context.textAlign = "center"; context.textBaseline = "middle"; context.lineJoin = "round";
    context.strokeStyle = "#ffffffe6"; context.lineWidth = 3.5; context.strokeText(text, px + dx, py + dy);
    context.fillStyle = county ? "#33404e" : "#2f3640"; context.fillText(text, px + dx, py + dy);
    return;
  }
}

const STRICTNESS = {"不符合": 4, "须论证": 3, "资料不足": 2, "有条件符合": 1, "未发现冲突": 0};

function prepareSubjects() {
  data.subjects.forEach((subject, index) => {
    Object.assign(subject, {index, x: worldX(subject.lon), y: worldY(subject.lat)});
    subjectsById.set(subject.subject_id, subject);
    state.visible.add(subject.subject_id);
  });
  const order = (s) => STRICTNESS[s.verdict] + (s.kind === "project" ? 10 : 0);
  data.drawOrder = [...data.subjects].sort((a, b) => order(a) - order(b));
}

function showAll() {
  const [west, south, east, north] = data.bounds;
  map.invalidateSize({animate: false});
  map.fitBounds([[south, west], [north, east]], {animate: false});
}

async function start() {
  data = await inflateJson(byId("map-data").textContent);
  map = window[data.map];
  prepareSubjects();
  const [shapes] = await Promise.all([
    inflate(payload("subjects")).then(unpackGeometry),
    ...data.layers.filter((layer) => layer.shown).map((layer) => showLayer(layer, true)),
  ]);
  data.shapes = shapes;
  prepareRelief();
  surfaces.zones = new Surface(drawAllZones, 410).addTo(map);
  surfaces.subjects = new Surface(drawSubjects, 450).addTo(map);
  surfaces.labels = new Surface(drawOverlay, 460).addTo(map);
}
