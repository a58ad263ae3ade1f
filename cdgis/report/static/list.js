// Filters act on map, list and counts together; the list is walked with the arrow keys.
const FILTERS = ["verdict", "kind", "county", "basin", "industry", "class", "attention"];
const rows = [...document.querySelectorAll("#verdict-table tbody tr")];
const rowsById = new Map(rows.map((row) => [row.dataset.id, row]));
const controls = Object.fromEntries(FILTERS.map((name) => [name, byId("filter-" + name)]));
const search = byId("search");
// Full-width letters, digits and signs read as their plain ones, the ideographic space as a space.
const halfWidth = (text) => text.replace(/[\uff01-\uff5e]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0)).replaceAll("\u3000", " ");
const searchWords = (text) => halfWidth(text).toLowerCase().split(/\s+/).filter(Boolean);
const texts = new Map(rows.map((row) => [row, halfWidth(row.textContent + " " + row.dataset.unit).toLowerCase() + " " + row.dataset.initials]));

function matches(row, words) {
  for (const name of FILTERS) {
    const wanted = controls[name].value, value = row.dataset[name];
    if (!wanted) continue;
    if (name === "industry" ? !value.startsWith(wanted) : name === "attention" ? !value.split(" ").includes(wanted) : value !== wanted) return false;
  }
  return words.every((word) => texts.get(row).includes(word));
}

function applyFilters() {
  const words = parseCoordinate(halfWidth(search.value)) ? [] : searchWords(search.value);
  const counts = {};
  state.visible.clear();
  for (const row of rows) {
    const visible = matches(row, words);
    if (row.hidden === visible) row.hidden = !visible;
    if (!visible) continue;
    state.visible.add(row.dataset.id);
    counts[row.dataset.verdict] = (counts[row.dataset.verdict] || 0) + 1;
  }
  const shown = state.visible.size;
  byId("shown-count").textContent = shown === rows.length ? "共 " + rows.length + " 个" : "筛出 " + shown + " / " + rows.length + " 个";
  byId("none-found").hidden = shown > 0;
  for (const tile of document.querySelectorAll(".tile")) {
    tile.setAttribute("aria-pressed", String(tile.dataset.verdict === controls.verdict.value));
    tile.querySelector(".tile-count").textContent = counts[tile.dataset.verdict] || 0;
  }
  keepOneTabStop();
  refresh("subjects", "labels");
  if (map) { drawLegend(); writeLink(); }
}

// One row is in the tab order, the arrow keys reach the others: five thousand rows are no tab trap.
function keepOneTabStop() {
  const visible = rows.filter((row) => !row.hidden);
  const stop = rowsById.get(state.chosen);
  for (const row of rows) row.tabIndex = -1;
  const first = stop && !stop.hidden ? stop : visible[0];
  if (first) first.tabIndex = 0;
}

function walkRows(event) {
  const row = event.target.closest("tbody tr");
  if (!row) return;
  if (event.key === "Enter" && event.target === row) return chooseAndZoom(row.dataset.id);
  const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
  if (!step) return;
  event.preventDefault();
  let at = rows.indexOf(row) + step;
  while (rows[at] && rows[at].hidden) at += step;
  const next = rows[at];
  if (next) { row.tabIndex = -1; next.tabIndex = 0; next.focus(); }
}

// What the words in the search box could also mean: a coordinate, a unit, a county, a town.
function drawSuggestions() {
  const box = byId("found"), query = search.value.trim(), items = [], at = parseCoordinate(halfWidth(query));
  if (at) items.push(button("定位到 " + coordinateText(at), {class: "link"}, () => goTo(at)));
  else if (query.length >= 2) items.push(...matchingZones(searchWords(query)).slice(0, 6).map(zoneButton));
  box.hidden = !items.length;
  box.replaceChildren(...items);
}

function matchingZones(words) {
  const found = [];
  for (const layer of data.layers)
    for (let zone = 0; zone < layer.ids.length && found.length < 12; zone++)
    {
      const text = halfWidth(layer.names[zone] + " " + layer.ids[zone]).toLowerCase();
      if (words.every((word) => text.includes(word))) found.push({layer, zone});
    }
  return found;
}

function zoneButton(found) {
  const {layer, zone} = found;
  return button(layer.title + "　" + (layer.names[zone] || layer.ids[zone]), {class: "link"}, () => goToZone(found));
}

function goTo({lat, lng}) {
  state.marked = [lat, lng];
  map.setView([lat, lng], Math.max(map.getZoom(), 12.5), {animate: false});
  refresh("labels");
  identify(L.latLng(lat, lng));
}

async function switchOn(layer) {
  if (!layer.shown) {
    await showLayer(layer, true);
    const box = [...document.querySelectorAll("#layer-tree input[type=checkbox]")].find((b) => b.dataset.layer === layer.id);
    box.checked = true;
    box.closest("details").open = true;
  }
  await layer.ready;
}

function zoneBounds({layer, zone}) {
  const {parts, rings, full} = layer.outlines, bounds = L.latLngBounds([]);
  for (let ring = rings[parts[zone]]; ring < rings[parts[zone + 1]]; ring++) {
    const [west, north, east, south] = full.boxes.subarray(4 * ring, 4 * ring + 4);
    bounds.extend([latOf(south), lonOf(west)]).extend([latOf(north), lonOf(east)]);
  }
  return bounds;
}

async function goToZone(found) {
  await switchOn(found.layer);
  state.outlined = [found];
  map.fitBounds(zoneBounds(found).pad(0.3), {maxZoom: 14, animate: false});
  refresh("zones", "labels");
  drawLegend();
}

function csvCell(text) {
  const risky = /^[=+\-@\t\r\n＝＋－＠]/.test(text) && !/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text);
  return '"' + ((risky ? "'" : "") + text).replaceAll('"', '""') + '"';
}

function saveCsv() {
  const lines = [EXPORTED.map(([, title]) => csvCell(title)).join(",")];
  for (const subject of chosenSubjects()) lines.push(EXPORTED.map(([name]) => csvCell(String(exportedValue(subject, name)))).join(","));
  lines.push(csvCell(stampText()));
  saveFile("筛选结果.csv", ["\ufeff" + lines.join("\r\n") + "\r\n"], "text/csv");
  say("已导出 " + (lines.length - 2) + " 行");
}

// The far rows of a long list are laid out part by part while nothing else is to do.
function showFarRows() {
  const later = document.querySelector("#verdict-table tbody.later");
  if (!later) return;
  later.classList.remove("later");
  (window.requestIdleCallback || setTimeout)(showFarRows);
}

function prepareList() {
  const table = byId("verdict-table");
  table.addEventListener("click", (event) => {
    const row = event.target.closest("tbody tr");
    if (row && !event.target.closest("a")) chooseAndZoom(row.dataset.id);
  });
  table.addEventListener("keydown", walkRows);
  for (const control of Object.values(controls)) control.addEventListener("change", applyFilters);
  search.addEventListener("input", () => { applyFilters(); drawSuggestions(); });
  byId("filters").addEventListener("submit", (event) => { event.preventDefault(); byId("found").querySelector("button")?.click(); });
  byId("filters").addEventListener("reset", () => setTimeout(() => { state.marked = null; state.outlined = []; applyFilters(); drawSuggestions(); choose(null); showAll(); }));
  byId("save-csv").addEventListener("click", saveCsv);
  for (const tile of document.querySelectorAll(".tile")) tile.addEventListener("click", () => {
    controls.verdict.value = controls.verdict.value === tile.dataset.verdict ? "" : tile.dataset.verdict;
    applyFilters();
  });
}
