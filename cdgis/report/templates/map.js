"use strict";
// Decodes the packed outlines and draws layers, labels and subjects on folium's map. Data becomes text, never markup.
const data = JSON.parse(document.getElementById("map-data").textContent);
const map = window[data.map];
const UNITS_PER_DEGREE = 100000;
const subjectsById = new Map(data.subjects.map((s) => [s.subject_id, s]));
const marks = new Map();

function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function drawing(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function unpackLine(steps) {
  const points = [];
  let x = 0, y = 0;
  for (let i = 0; i < steps.length; i += 2) {
    x += steps[i]; y += steps[i + 1];
    points.push([y / UNITS_PER_DEGREE, x / UNITS_PER_DEGREE]);
  }
  return points;
}

function unpackZone(layer, zone) {
  if (zone.parts === undefined) {
    const polygon = layer.geometry === "polygon";
    zone.parts = zone[3].map((part) => (polygon ? part.map(unpackLine) : unpackLine(part)));
    zone.bounds = L.latLngBounds(zone.parts.flat(polygon ? 2 : 1));
  }
  return zone.parts;
}

function zoneStyle(layer, colour) {
  const pane = "theme-" + layer.theme;
  if (layer.id === "counties" || layer.id === "city")
    return {pane, color: colour, weight: layer.id === "city" ? 2 : 1.3, dashArray: "7 3 2 3", fill: false, interactive: false};
  if (layer.geometry === "line") return {pane, color: colour, weight: layer.id === "streams" ? 0.9 : 1.9, opacity: 0.95, interactive: false};
  if (layer.id === "neighbours") return {pane, color: "#d8d5cd", weight: 1, fillColor: colour, fillOpacity: 1, interactive: false};
  if (layer.id === "management_units") return {pane, color: "#ffffff", weight: 0.5, fillColor: colour, fillOpacity: 0.5, interactive: false};
  // Units already shade the land the red line lies on: its outline says where it runs.
  if (layer.id === "ecological_redline") return {pane, color: colour, weight: 0.8, opacity: 0.75, fillColor: colour, fillOpacity: 0, interactive: false};
  return {pane, color: colour, weight: 1, fillColor: colour, fillOpacity: 0.42, interactive: false};
}

function textIcon(className, text) {
  return L.divIcon({className, html: element("span", {}, text), iconSize: [0, 0], iconAnchor: [0, 9]});
}

function addLabel(group, layer, zone) {
  const className = layer.id === "counties" ? "county-label" : "place-label";
  const at = layer.id === "counties" ? unpackLine(zone[4])[0] : zone.parts[0][0];
  group.addLayer(L.marker(at, {icon: textIcon(className, zone[1]), pane: "labels", interactive: false, keyboard: false}));
}

function drawLayer(layer) {
  const group = window[layer.group];
  for (const zone of layer.zones) {
    const parts = unpackZone(layer, zone);
    if (!parts.length) continue;
    const style = zoneStyle(layer, layer.classes[zone[2]][1]);
    if (layer.geometry === "polygon") group.addLayer(L.polygon(parts, style));
    else if (layer.geometry === "line") group.addLayer(L.polyline(parts, style));
    else if (layer.id !== "places")
      for (const [point] of parts) group.addLayer(L.circleMarker(point, {...style, radius: 3.5, fillOpacity: 0.85}));
    if (layer.id === "counties" || layer.id === "places") addLabel(group, layer, zone);
  }
  layer.drawn = true;
}

function showLayer(layer, on) {
  layer.shown = on;
  if (on && !layer.drawn) drawLayer(layer);
  if (on) window[layer.group].addTo(map); else window[layer.group].remove();
  if (layer.id === "counties" || layer.id === "places") thinLabels();
}

function symbolShape(verdict) {
  const {fill, shape} = data.verdicts[verdict];
  const rim = {stroke: "#fff", "stroke-width": 1.2};
  if (shape === "diamond")
    return [drawing("path", {d: "M8 .4 15.6 8 8 15.6.4 8z", fill, ...rim}), drawing("path", {d: "m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8", stroke: "#fff", "stroke-width": 1.6})];
  if (shape === "triangle") return [drawing("path", {d: "M8 .8 15.6 14.8H.4z", fill, ...rim})];
  if (shape === "square") return [drawing("path", {d: "M1.6 1.6h12.8v12.8H1.6z", fill, stroke: "#7d6800"})];
  if (shape === "circle") return [drawing("circle", {cx: 8, cy: 8, r: 7, fill, ...rim})];
  return [drawing("circle", {cx: 8, cy: 8, r: 5.8, fill: "#fff", stroke: fill, "stroke-width": 2.8})];
}

function symbol(verdict, size) {
  return drawing("svg", {width: size, height: size, viewBox: "0 0 16 16", "aria-hidden": "true"}, ...symbolShape(verdict));
}

const strictness = {"不符合": 4, "须论证": 3, "资料不足": 2, "有条件符合": 1, "未发现冲突": 0};

function addSubject(subject) {
  const size = subject.kind === "project" ? 16 : 10;
  const icon = L.divIcon({className: "mark", html: symbol(subject.verdict, size), iconSize: [size, size], iconAnchor: [size / 2, size / 2]});
  const title = subject.name + "（" + subject.verdict + "）";
  const order = strictness[subject.verdict] * 100 + (subject.kind === "project" ? 1000 : 0);
  const mark = L.marker([subject.lat, subject.lon], {icon, title, alt: title, zIndexOffset: order, keyboard: false}).addTo(map);
  const colour = data.verdicts[subject.verdict].fill;
  const style = {pane: "subjects", color: colour, weight: 2.2, fillColor: colour, fillOpacity: 0.25, interactive: false};
  let shape = null;
  if (subject.dimension === 2) shape = L.polygon(subject.outline.map((part) => part.map(unpackLine)), style).addTo(map);
  if (subject.dimension === 1) shape = L.polyline(subject.outline.map(unpackLine), style).addTo(map);
  marks.set(subject.subject_id, {mark, shape});
}

map.createPane("subjects").style.zIndex = 450;
map.createPane("labels").style.zIndex = 620;
map.getPane("labels").style.pointerEvents = "none";
for (const layer of data.layers) if (layer.shown) showLayer(layer, true);
data.subjects.forEach(addSubject);

// Hides each label that would touch one already shown; counties come before places, as drawn.
function thinLabels() {
  const taken = [];
  for (const label of document.querySelectorAll(".county-label, .place-label")) {
    label.style.visibility = "";
    const box = label.getBoundingClientRect();
    const free = taken.every((t) => box.right < t.left || box.left > t.right || box.bottom < t.top || box.top > t.bottom);
    if (free) taken.push(box); else label.style.visibility = "hidden";
  }
}

function markZoom() {
  map.getContainer().classList.toggle("zoomed-out", map.getZoom() < 9.5);
  map.getContainer().classList.toggle("zoomed-in", map.getZoom() >= 10.5);
  thinLabels();
}
map.on("zoomend", markZoom);
map.whenReady(markZoom);
