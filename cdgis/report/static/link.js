// The page's address says what is shown: view, layers, opacity, filters, choice. Everything stays after the #.
let linkReady = false, lastLink = "";

function currentLink() {
  const {lat, lng} = map.getCenter(), link = new URLSearchParams();
  link.set("v", [map.getZoom(), lat.toFixed(5), lng.toFixed(5)].join("/"));
  link.set("l", data.layers.filter((layer) => layer.shown).map((layer) => layer.id).join("."));
  for (const [theme, share] of state.opacity) if (share < 1) link.append("o", theme + "/" + Math.round(share * 100));
  for (const name of FILTERS) if (controls[name].value) link.set(name, controls[name].value);
  if (search.value) link.set("q", search.value);
  if (state.chosen) link.set("s", state.chosen);
  if (state.grid) link.set("g", "1");
  if (relief.picture && !relief.shown) link.set("r", "0");
  return link.toString();
}

function writeLink() {
  if (!linkReady) return;
  lastLink = currentLink();
  // A file opened from disk has no history of its own in some browsers; replacing the fragment always works.
  try { history.replaceState(null, "", "#" + lastLink); } catch { location.replace("#" + lastLink); }
}

async function readLink() {
  const hash = location.hash.slice(1);
  if (!hash.includes("=")) {
    const id = decodeURIComponent(hash);
    applyFilters();
    if (subjectsById.has(id)) { chooseAndZoom(id); showRow(id); }
    return;
  }
  const link = new URLSearchParams(hash);
  for (const name of FILTERS) controls[name].value = link.get(name) || "";
  search.value = link.get("q") || "";
  for (const pair of link.getAll("o")) { const [theme, share] = pair.split("/").map(Number); state.opacity.set(theme, share / 100); }
  if (link.has("g")) byId("graticule").click();
  if (link.has("l")) {
    const wanted = new Set(link.get("l").split("."));
    await Promise.all(data.layers.filter((layer) => layer.shown !== wanted.has(layer.id)).map((layer) => showLayer(layer, wanted.has(layer.id))));
  }
  showRelief(link.get("r") !== "0");
  drawTree();
  applyFilters();
  if (subjectsById.has(link.get("s"))) { choose(link.get("s")); showRow(link.get("s")); }
  const [zoom, lat, lng] = (link.get("v") || "").split("/").map(Number);
  if ([zoom, lat, lng].every(Number.isFinite)) map.setView([lat, lng], zoom, {animate: false});
}

async function copyText(text, done) {
  const box = byId("link-text");
  box.hidden = false;
  box.value = text;
  box.select();
  try { await navigator.clipboard.writeText(text); say(done); } catch { say("请按 Ctrl+C 复制选中的文字"); }
}

function copyLink() {
  writeLink();
  return copyText(location.href, "链接已复制");
}

async function runPage() {
  await start();
  prepareTools();
  prepareList();
  prepareSheet();
  prepareExport();
  drawTree();
  byId("layer-search").addEventListener("input", findLayers);
  byId("layers-none").addEventListener("click", hideAllLayers);
  if (window.innerWidth <= 700) byId("layer-panel").open = false;
  showAll();
  watchPointer();
  watchLinks();
  byId("copy-link").addEventListener("click", copyLink);
  await readLink();
  linkReady = true;
  let rest = 0;
  map.on("moveend", () => {
    drawScale();
    clearTimeout(rest);
    rest = setTimeout(() => { drawLegend(); writeLink(); }, 120);
  });
  drawScale(); drawLegend(); writeLink();
  window.addEventListener("hashchange", () => { if (location.hash.slice(1) !== lastLink) readLink(); });
  document.documentElement.dataset.ready = "true";
  setTimeout(showFarRows, 50);
}

if (typeof DecompressionStream === "undefined") say("浏览器版本过旧，地图不能显示；请用 2021 年以后的 Chrome、Edge、Firefox（113 起）或 360 极速浏览器打开。下列名录和摘要仍可阅读。");
else runPage();
