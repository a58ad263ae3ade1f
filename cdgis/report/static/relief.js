// The shaded relief: one picture the page carries, in its own pane under tiles, zones and everything else.
const RELIEF_PANE = "relief", RELIEF_DEPTH = 150;
const relief = {shown: true, picture: null};

// The relief belongs to the ground: it pales with its theme.
const reliefTheme = () => data.themes.length - 1;

function prepareRelief() {
  if (!data.relief) return;
  const pane = map.createPane(RELIEF_PANE);
  pane.style.zIndex = RELIEF_DEPTH;
  pane.style.pointerEvents = "none";
  relief.picture = L.imageOverlay(data.relief.picture, data.relief.bounds, {pane: RELIEF_PANE, alt: ""});
  showRelief(true);
}

function showRelief(on) {
  relief.shown = on;
  if (!relief.picture) return;
  if (on) relief.picture.addTo(map); else relief.picture.remove();
  fadeRelief();
}

function fadeRelief() { relief.picture?.setOpacity(state.opacity.get(reliefTheme()) ?? 1); }

function reliefRow() {
  const box = element("input", {type: "checkbox", id: "relief-box"});
  box.checked = relief.shown;
  box.addEventListener("change", () => { showRelief(box.checked); drawLegend(); writeLink(); });
  return element("label", {class: "layer"}, box, element("span", {}, data.relief.title));
}

// Shadow on the slopes turned away from the light, which stands in the north-west.
function reliefKey() {
  const swatch = drawing("svg", {width: 18, height: 12, "aria-hidden": "true"}, drawing("path", {d: "M1 11 9 1v10z", fill: "#dcdcd6"}), drawing("path", {d: "M9 1 17 11H9z", fill: "#8b8d90"}));
  return element("span", {class: "key"}, swatch, data.relief.title + "（光自西北）");
}
