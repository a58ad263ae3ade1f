// Layer tree, legend of what is in view, and what lies under the pointer.
function layerRow(layer) {
  const box = element("input", {type: "checkbox", "data-layer": layer.id});
  box.checked = layer.shown;
  box.addEventListener("change", () => showLayer(layer, box.checked).then(() => { drawLegend(); writeLink(); }));
  return element("label", {class: "layer", "data-initials": layer.initials}, box, element("span", {}, layer.title));
}

function themeBlock(number) {
  const layers = data.layers.filter((layer) => layer.theme === number);
  const onRelief = Boolean(data.relief) && number === reliefTheme();
  if (!layers.length && !onRelief) return null;
  const name = data.themes[number];
  const slider = element("input", {type: "range", min: "10", max: "100", step: "5", value: String(100 * (state.opacity.get(number) ?? 1)), title: "不透明度", "aria-label": name + "不透明度", "data-theme": number});
  slider.addEventListener("input", () => { state.opacity.set(number, slider.value / 100); refresh("zones"); if (onRelief) fadeRelief(); writeLink(); });
  const rows = element("details", {}, element("summary", {class: "theme-head"}, element("span", {}, name), " ", element("span", {class: "muted small"}, layers.length + onRelief + " 层")), slider, ...layers.map(layerRow), ...(onRelief ? [reliefRow()] : []));
  rows.open = onRelief || layers.some((layer) => layer.shown);
  return element("div", {class: "theme"}, rows);
}

function drawTree() {
  byId("layer-tree").replaceChildren(...data.themes.map((_, i) => themeBlock(data.themes.length - 1 - i)).filter(Boolean));
}

// Layers whose title, theme or pinyin initials hold every word; themes with one are opened, the others put away.
function findLayers() {
  const words = searchWords(byId("layer-search").value);
  for (const theme of document.querySelectorAll("#layer-tree .theme")) {
    const name = theme.querySelector(".theme-head span").textContent, rows = [...theme.querySelectorAll("label.layer")];
    for (const row of rows) row.hidden = !words.every((word) => (halfWidth(name + " " + row.textContent).toLowerCase() + " " + (row.dataset.initials ?? "")).includes(word));
    const some = rows.some((row) => !row.hidden);
    theme.hidden = words.length > 0 && !some;
    if (words.length && some) theme.querySelector("details").open = true;
  }
}

async function hideAllLayers() {
  await Promise.all(data.layers.filter((layer) => layer.shown).map((layer) => showLayer(layer, false)));
  drawTree(); findLayers(); drawLegend(); writeLink();
  say("已关闭全部图层");
}

function viewWindow() {
  const {min, max} = map.getPixelBounds(), scale = 256 * 2 ** map.getZoom();
  return [min.x / scale, min.y / scale, max.x / scale, max.y / scale];
}

// Classes of a layer with at least one zone in view, in the order of the catalogue.
function classesInView(layer, box) {
  const seen = new Set();
  for (let zone = 0; zone < layer.outlines.zones && seen.size < layer.classes.length; zone++)
    if (!seen.has(layer.kinds[zone]) && zoneInWindow(layer, zone, box)) seen.add(layer.kinds[zone]);
  return layer.classes.filter((_, i) => seen.has(i));
}

function verdictsInView(box) {
  const seen = new Set();
  for (const s of data.subjects)
    if (state.visible.has(s.subject_id) && s.x >= box[0] && s.x <= box[2] && s.y >= box[1] && s.y <= box[3]) seen.add(s.verdict);
  return Object.keys(data.verdicts).filter((name) => seen.has(name));
}

function drawLegend() {
  const box = viewWindow(), verdicts = verdictsInView(box), groups = [], simple = [];
  const key = (layer, name, colour) => element("span", {class: "key"}, swatch(layer, colour), name);
  if (verdicts.length) {
    const keys = verdicts.map((name) => element("span", {class: "key"}, symbol(name, 13), name));
    groups.push(element("div", {class: "legend-group"}, element("strong", {}, "结论"), ...keys, element("span", {class: "muted"}, "大符号为项目，小符号为企业")));
  }
  for (const layer of drawnLayers().filter((l) => !l.style.silent)) {
    if (layer.id === "places" && map.getZoom() < 9.5) continue;
    const classes = classesInView(layer, box);
    const named = classes.filter(([name]) => name && name !== layer.title);
    const oneColour = new Set(layer.classes.map(([, colour]) => colour)).size === 1;
    if (named.length && !oneColour) groups.push(element("div", {class: "legend-group"}, element("strong", {}, layer.title), ...named.map(([name, colour]) => key(layer, name, colour))));
    else if (classes.length) simple.push(key(layer, layer.title, classes[0][1]));
  }
  if (relief.picture && relief.shown) simple.push(reliefKey());
  if (simple.length) groups.push(element("div", {class: "legend-group"}, element("strong", {}, "其他"), ...simple));
  byId("legend-body").replaceChildren(...groups);
  byId("legend-body").dataset.window = box.join(" ");
}

function zonesAt(latlng) {
  const x = worldX(latlng.lng), y = worldY(latlng.lat), found = [];
  for (const layer of drawnLayers().filter((l) => l.geometry === "polygon" && !l.style.silent))
    for (let zone = 0; zone < layer.outlines.zones; zone++) {
      const part = partAt(layer.outlines, zone, x, y);
      if (part >= 0) found.push({layer, zone, part});
    }
  return found;
}

function zoneItem({layer, zone}) {
  const [kind, colour] = layer.classes[layer.kinds[zone]];
  const words = [kind, layer.names[zone]].filter((text, i, all) => text && text !== layer.title && all.indexOf(text) === i).join("　");
  const item = element("li", {}, swatch(layer, colour), " ", element("strong", {}, layer.title), "　" + words + "　", element("span", {class: "code muted"}, layer.ids[zone]));
  const page = (data.pages[layer.id] || {})[layer.ids[zone]];
  if (page) item.append("　", element("a", {href: page}, "详情"));
  return item;
}

function identify(latlng) {
  const zones = zonesAt(latlng);
  const items = zones.length ? zones.map(zoneItem) : [element("li", {class: "muted"}, "此处没有显示中的区")];
  const at = element("p", {class: "code"}, coordinateText(latlng));
  L.popup({maxWidth: 360, autoPanPadding: [30, 30]}).setLatLng(latlng).setContent(element("div", {}, at, element("ul", {class: "zone-list"}, ...items))).openOn(map);
}

function subjectAt(point) {
  let best = null, nearest = 13;
  const {min} = map.getPixelBounds(), scale = 256 * 2 ** map.getZoom();
  for (const subject of data.drawOrder) {
    if (!state.visible.has(subject.subject_id)) continue;
    const distance = Math.hypot(subject.x * scale - min.x - point.x, subject.y * scale - min.y - point.y);
    if (distance <= nearest) { nearest = distance; best = subject; }
  }
  return best;
}

function hover(event) {
  const subject = subjectAt(event.containerPoint), zones = subject ? [] : zonesAt(event.latlng);
  const zone = zones[zones.length - 1] || null, tip = byId("hover-tip");
  const more = subject ? companions(subject).length : 0;
  const text = subject ? (subject.name || subject.subject_id) + "（" + subject.verdict + "）" + (more ? "　同一位置另有 " + more + " 个" : "") : zone ? zone.layer.title + "：" + (zone.layer.names[zone.zone] || zone.layer.ids[zone.zone]) : "";
  tip.hidden = !text;
  tip.textContent = text;
  tip.style.left = Math.min(event.containerPoint.x + 14, map.getSize().x - 200) + "px";
  tip.style.top = event.containerPoint.y + 14 + "px";
  map.getContainer().style.cursor = subject ? "pointer" : "";
  const before = state.hovered;
  if (before?.layer !== zone?.layer || before?.zone !== zone?.zone || before?.part !== zone?.part) { state.hovered = zone; refresh("labels"); }
}

function watchPointer() {
  let waiting = null;
  map.on("mousemove", (event) => {
    byId("coordinates").textContent = coordinateText(event.latlng);
    if (measuring) return moveMeasure(event.latlng);
    if (!waiting) requestAnimationFrame(() => { const last = waiting; waiting = null; hover(last); });
    waiting = event;
  });
  map.on("mouseout", () => { state.hovered = null; byId("hover-tip").hidden = true; refresh("labels"); });
  map.on("click", (event) => {
    if (measuring) return addMeasure(event.latlng);
    const subject = subjectAt(event.containerPoint);
    if (subject) chooseOnMap(nextAt(subject).subject_id); else identify(event.latlng);
  });
  map.getContainer().addEventListener("keydown", (event) => {
    if (event.target === map.getContainer() && event.key === "Enter") identify(map.getCenter());
  });
}
