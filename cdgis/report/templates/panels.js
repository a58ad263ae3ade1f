// Layer tree, legend, scale bar, coordinates, and what lies under a click.
const THEMES = ["主体功能", "流域", "一单", "三线", "碳汇", "修复", "要素", "基础"];

function swatch(layer, colour) {
  const line = layer.geometry === "line" || layer.id === "counties" || layer.id === "city";
  const shape = line
    ? drawing("path", {d: "M0 6H18", stroke: colour, "stroke-width": 2.4, ...(layer.geometry === "line" ? {} : {"stroke-dasharray": "6 2 2 2"})})
    : layer.geometry === "point"
      ? drawing("circle", {cx: 9, cy: 6, r: 4, fill: colour})
      : drawing("rect", {x: 1, y: 1, width: 16, height: 10, fill: colour, "fill-opacity": 0.55, stroke: colour});
  return drawing("svg", {width: 18, height: 12, "aria-hidden": "true"}, shape);
}

function drawLegend() {
  const body = document.getElementById("legend-body");
  const verdictKeys = Object.keys(data.verdicts).map((name) => element("span", {class: "key"}, symbol(name, 13), name));
  const kinds = element("span", {class: "muted"}, "大符号为项目，小符号为企业");
  const groups = [element("div", {class: "legend-group"}, element("strong", {}, "结论"), ...verdictKeys, kinds)];
  const simple = [];
  for (const layer of data.layers.filter((l) => l.shown)) {
    const named = layer.classes.filter(([name]) => name && name !== layer.title);
    const oneColour = new Set(layer.classes.map(([, colour]) => colour)).size === 1;
    if (named.length && !oneColour) {
      const keys = named.map(([name, colour]) => element("span", {class: "key"}, swatch(layer, colour), name));
      groups.push(element("div", {class: "legend-group"}, element("strong", {}, layer.title), ...keys));
    } else if (layer.classes.length) simple.push(element("span", {class: "key"}, swatch(layer, layer.classes[0][1]), layer.title));
  }
  if (simple.length) groups.push(element("div", {class: "legend-group"}, element("strong", {}, "其他"), ...simple));
  body.replaceChildren(...groups);
}

function layerRow(layer) {
  const box = element("input", {type: "checkbox", "data-layer": layer.id});
  box.checked = layer.shown;
  box.addEventListener("change", () => { showLayer(layer, box.checked); drawLegend(); });
  return element("label", {class: "layer"}, box, element("span", {}, layer.title));
}

function themeBlock(number) {
  const layers = data.layers.filter((layer) => layer.theme === number);
  if (!layers.length) return null;
  const slider = element("input", {type: "range", min: "10", max: "100", value: "100", title: "不透明度", "aria-label": THEMES[number] + "不透明度"});
  slider.addEventListener("input", () => { map.getPane("theme-" + number).style.opacity = slider.value / 100; });
  const head = element("div", {class: "theme-head"}, element("span", {}, THEMES[number]), slider);
  return element("div", {class: "theme"}, head, ...layers.map(layerRow));
}

document.getElementById("layer-tree").append(...THEMES.map((_, i) => themeBlock(THEMES.length - 1 - i)).filter(Boolean));
if (window.innerWidth <= 700) document.getElementById("layer-panel").open = false;
drawLegend();

function showAll() {
  const [west, south, east, north] = data.bounds;
  map.invalidateSize({animate: false});
  map.fitBounds([[south, west], [north, east]], {animate: false});
}
showAll();

const scale = L.control.scale({imperial: false, maxWidth: 120}).addTo(map);
document.getElementById("scale-bar").append(scale.getContainer());

function degrees(value, positive, negative) {
  return (value < 0 ? negative : positive) + Math.abs(value).toFixed(5) + "°";
}
map.on("mousemove", (event) => {
  document.getElementById("coordinates").textContent =
    degrees(event.latlng.lng, "东经 ", "西经 ") + "　" + degrees(event.latlng.lat, "北纬 ", "南纬 ") + "　CGCS2000";
});

// Even-odd rule over all rings: a hole is an odd ring.
function contains(polygons, lat, lon) {
  let inside = false;
  for (const rings of polygons)
    for (const ring of rings)
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const [yi, xi] = ring[i], [yj, xj] = ring[j];
        if (yi > lat !== yj > lat && lon < ((xj - xi) * (lat - yi)) / (yj - yi) + xi) inside = !inside;
      }
  return inside;
}

map.on("click", (event) => {
  const {lat, lng} = event.latlng;
  const items = [];
  for (const layer of data.layers.filter((l) => l.shown && l.geometry === "polygon" && l.id !== "neighbours"))
    for (const zone of layer.zones)
      if (zone.bounds && zone.bounds.contains(event.latlng) && contains(zone.parts, lat, lng)) {
        const [kind, colour] = layer.classes[zone[2]];
        const words = [kind, zone[1]].filter((text, i, all) => text && all.indexOf(text) === i).join("　");
        items.push(element("li", {}, swatch(layer, colour), " ", element("strong", {}, layer.title), "　" + words + "　", element("span", {class: "code muted"}, zone[0])));
      }
  if (items.length) L.popup({maxWidth: 340}).setLatLng(event.latlng).setContent(element("ul", {class: "zone-list"}, ...items)).openOn(map);
});
