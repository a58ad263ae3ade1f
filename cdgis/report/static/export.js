// What is filtered as GeoJSON or KML, and the present view as a picture with title, legend, scale and stamp.
const EXPORTED = [["subject_id", "编号"], ["name", "名称"], ["kind", "类别"], ["verdict", "结论"], ["stability", "稳定性"], ["county", "县区"], ["basin", "流域"], ["unit_code", "管控单元"], ["industry", "行业代码"], ["project_type", "建设性质"], ["lon", "经度"], ["lat", "纬度"], ["number", "报告编号"]];
const exportedValue = (subject, name) => (name === "kind" ? (subject.kind === "project" ? "项目" : "企业") : subject[name]);
const chosenSubjects = () => rows.filter((row) => !row.hidden).map((row) => subjectsById.get(row.dataset.id));
const stampText = () => byId("stamp-text").textContent;

function saveFile(name, parts, type) {
  const address = URL.createObjectURL(new Blob(parts, {type}));
  element("a", {href: address, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

const degrees = (x, y) => [Number(lonOf(x).toFixed(7)), Number(latOf(y).toFixed(7))];

// Rings of each part as they stand in the page; of a place without an outline its point.
function shapeOf(subject) {
  const shapes = data.shapes, i = subject.index;
  if (!shapes || !subject.dimension || shapes.parts[i] === shapes.parts[i + 1]) return {type: "Point", coordinates: [subject.lon, subject.lat]};
  const closed = subject.dimension === 2, {x, y, points} = shapes.full, parts = [];
  for (let part = shapes.parts[i]; part < shapes.parts[i + 1]; part++) {
    const rings = [];
    for (let ring = shapes.rings[part]; ring < shapes.rings[part + 1]; ring++) {
      const line = [];
      for (let p = points[ring]; p < points[ring + 1]; p++) line.push(degrees(x[p], y[p]));
      if (closed && String(line[0]) !== String(line[line.length - 1])) line.push(line[0]);
      rings.push(line);
    }
    if (closed) parts.push(rings); else parts.push(...rings);
  }
  return {type: closed ? "MultiPolygon" : "MultiLineString", coordinates: parts};
}

function saveGeoJson() {
  const features = chosenSubjects().map((subject) => ({type: "Feature", id: subject.subject_id, geometry: shapeOf(subject),
    properties: {...Object.fromEntries(EXPORTED.map(([name, title]) => [title, exportedValue(subject, name)])), 数据性质: stampText(), 判定基准日: byId("as-of").textContent}}));
  saveFile("筛选结果.geojson", [JSON.stringify({type: "FeatureCollection", name: "筛选结果", features})], "application/geo+json");
  say("已导出 " + features.length + " 个对象；坐标为 CGCS2000 经纬度");
}

const xmlText = (text) => String(text).replace(/[^\u0009\u000a\u000d\u0020-\ud7ff\ue000-\ufffd]/g, "").replace(/[<>&"']/g, (sign) => "&#" + sign.charCodeAt(0) + ";");

function kmlShape({type, coordinates}) {
  const list = (line) => "<coordinates>" + line.map((at) => at.join(",")).join(" ") + "</coordinates>";
  if (type === "Point") return "<Point>" + list([coordinates]) + "</Point>";
  const part = (rings) => "<Polygon>" + rings.map((ring, i) => { const name = i ? "innerBoundaryIs" : "outerBoundaryIs"; return "<" + name + "><LinearRing>" + list(ring) + "</LinearRing></" + name + ">"; }).join("") + "</Polygon>";
  return "<MultiGeometry>" + coordinates.map((one) => (type === "MultiPolygon" ? part(one) : "<LineString>" + list(one) + "</LineString>")).join("") + "</MultiGeometry>";
}

function saveKml() {
  const style = ([name, {fill}]) => { const bgr = fill.slice(5, 7) + fill.slice(3, 5) + fill.slice(1, 3); return '<Style id="' + xmlText(name) + '"><LineStyle><color>ff' + bgr + "</color><width>2</width></LineStyle><PolyStyle><color>66" + bgr + "</color></PolyStyle><" + "/Style>"; };
  const subjects = chosenSubjects(), fields = [...EXPORTED, ["stamp", "数据性质"]];
  const marks = subjects.map((subject) => "<Placemark><name>" + xmlText(subject.name || subject.subject_id) + "</name><styleUrl>#" + xmlText(subject.verdict) + "<" + "/styleUrl><ExtendedData>" + fields.map(([name, title]) => '<Data name="' + title + '"><value>' + xmlText(name === "stamp" ? stampText() : exportedValue(subject, name)) + "</value></Data>").join("") + "</ExtendedData>" + kmlShape(shapeOf(subject)) + "</Placemark>");
  saveFile("筛选结果.kml", ['<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>筛选结果</name>' + Object.entries(data.verdicts).map(style).join("") + marks.join("\n") + "</Document></kml>\n"], "application/vnd.google-earth.kml+xml");
  say("已导出 " + subjects.length + " 个对象");
}

async function pictureOf(svg) {
  const image = new Image(), copy = svg.cloneNode(true);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(copy));
  try { await image.decode(); } catch { return null; }
  return image;
}

// Lines of the legend: each a list of [picture or null, words].
async function legendLines() {
  const lines = [];
  for (const group of document.querySelectorAll("#legend-body .legend-group")) {
    const items = [];
    for (const node of group.children) { const svg = node.querySelector("svg"); items.push([svg ? await pictureOf(svg) : null, node.textContent]); }
    lines.push(items);
  }
  return lines;
}

function placeLegend(context, lines, width, top, draw) {
  let y = top;
  for (const items of lines) {
    let x = 16;
    items.forEach(([picture, words], i) => {
      context.font = (i ? "" : "bold ") + "13px sans-serif";
      const wide = (picture ? 24 : 0) + context.measureText(words).width + 16;
      if (x + wide > width - 16 && x > 16) { x = 32; y += 20; }
      if (draw) { if (picture) context.drawImage(picture, x, y - 11); context.fillStyle = "#14181f"; context.fillText(words, x + (picture ? 24 : 0), y); }
      x += wide;
    });
    y += 22;
  }
  return y;
}

function drawMapOn(context, top, size) {
  context.save();
  context.beginPath(); context.rect(0, top, size.x, size.y); context.clip();
  const home = map.getContainer().getBoundingClientRect();
  const layers = [...document.querySelectorAll(".leaflet-image-layer, #map-box canvas.surface")];
  for (const layer of layers) { const box = layer.getBoundingClientRect(); context.globalAlpha = Number(getComputedStyle(layer).opacity); context.drawImage(layer, box.left - home.left, top + box.top - home.top, box.width, box.height); }
  context.globalAlpha = 1;
  context.restore();
  context.strokeStyle = "#5b6472"; context.strokeRect(0.5, top + 0.5, size.x - 1, size.y - 1);
  context.beginPath(); context.moveTo(size.x - 30, top + 14); context.lineTo(size.x - 21, top + 44); context.lineTo(size.x - 30, top + 38); context.lineTo(size.x - 39, top + 44); context.closePath();
  context.fillStyle = "#1f2733"; context.fill(); context.font = "bold 12px sans-serif"; context.fillText("北", size.x - 36, top + 58);
}

function drawFoot(context, y) {
  const bar = parseFloat(byId("scale-line").style.width) || 0;
  context.fillStyle = "#14181f"; context.font = "13px sans-serif";
  context.fillRect(16, y + 4, bar, 3); context.fillText(byId("scale-text").textContent, 22 + bar, y + 10);
  context.fillText("约 1:" + (Math.round(scaleNumber() / 1000) * 1000).toLocaleString("zh-CN") + "　判定基准日 " + byId("as-of").textContent, 110 + bar, y + 10);
  context.fillStyle = "#b2182b"; context.font = "bold 13px sans-serif";
  context.fillText([...document.querySelectorAll(".map-foot .review span")].map((node) => node.textContent).join("　"), 16, y + 32);
}

async function savePng() {
  const size = map.getSize(), ratio = window.devicePixelRatio || 1, lines = await legendLines(), top = 46;
  const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
  const legendTop = top + size.y + 24, footTop = placeLegend(context, lines, size.x, legendTop, false) + 4;
  canvas.width = size.x * ratio; canvas.height = (footTop + 46) * ratio;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = "#fff"; context.fillRect(0, 0, size.x, footTop + 46);
  context.fillStyle = "#14181f"; context.font = "bold 20px sans-serif"; context.textAlign = "center"; context.fillText(byId("paper-title").value, size.x / 2, 31); context.textAlign = "left";
  drawMapOn(context, top, size);
  placeLegend(context, lines, size.x, legendTop, true);
  drawFoot(context, footTop);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  saveFile("当前视图.png", [blob], "image/png");
  say("已存为图片" + (surfaces.tiles ? "；联网底图不在图内" : ""));
}

function prepareExport() {
  byId("save-geojson").addEventListener("click", saveGeoJson);
  byId("save-kml").addEventListener("click", saveKml);
  byId("save-png").addEventListener("click", savePng);
}
