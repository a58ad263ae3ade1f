// A map sheet for paper: A4 or A3 with title, legend, scale, date, compiler and review number. The screen shows it as it prints.
const PAPERS_MM = {a4: [297, 210], a3: [420, 297]};

function openSheet() {
  byId("sheet-title").textContent = byId("paper-title").value;
  document.body.classList.add("sheet-mode");
  byId("sheet-bar").hidden = false;
  byId("sheet-map").append(byId("map-box"));
  byId("sheet-legend").append(byId("legend-body"));
  sizeSheet();
  byId("sheet-print").focus();
}

function sizeSheet() {
  const [long, short] = PAPERS_MM[byId("paper-size").value], upright = byId("paper-turn").value === "upright";
  const [width, height] = upright ? [short, long] : [long, short];
  document.body.dataset.paper = byId("paper-size").value + "-" + byId("paper-turn").value;
  const sheet = byId("sheet"), centre = map.getCenter();
  sheet.style.width = width - 16 + "mm";
  sheet.style.height = height - 16 + "mm";
  byId("sheet-title").textContent = byId("paper-title").value;
  map.invalidateSize({animate: false});
  map.setView(centre, map.getZoom(), {animate: false});
  drawScale(); drawLegend();
  byId("sheet-scale").textContent = "约 1:" + (Math.round(scaleNumber() / 1000) * 1000).toLocaleString("zh-CN");
}

function closeSheet() {
  document.body.classList.remove("sheet-mode");
  delete document.body.dataset.paper;
  byId("sheet-bar").hidden = true;
  byId("map-home").prepend(byId("map-box"));
  byId("legend").append(byId("legend-body"));
  map.invalidateSize({animate: false});
  drawScale(); drawLegend();
  byId("open-sheet").focus();
}

function prepareSheet() {
  byId("open-sheet").addEventListener("click", openSheet);
  byId("sheet-close").addEventListener("click", closeSheet);
  byId("sheet-print").addEventListener("click", () => window.print());
  for (const id of ["paper-size", "paper-turn", "paper-title"]) byId(id).addEventListener("change", sizeSheet);
  map.on("moveend", () => { if (document.body.classList.contains("sheet-mode")) byId("sheet-scale").textContent = "约 1:" + (Math.round(scaleNumber() / 1000) * 1000).toLocaleString("zh-CN"); });
}
