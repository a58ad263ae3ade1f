// An outside ground map, only where desk.toml asks for it: 天地图, whose key stays in this browser and goes to it alone.
import { $, el } from "./desk.js";

const L = window.L;
const KEY = "cdgis.tianditu.key";
const grid = $('meta[name="ground"]')?.content.replace("tianditu-", "") ?? "";

/** Options of a map on the ground's grid: c is degrees of CGCS2000, w is Web Mercator. */
export const groundOptions = () => (grid === "c" ? { crs: L.CRS.EPSG4326 } : {});

/** Degrees a pixel at a zoom: on the grid of degrees the whole of level 0 is half the globe. */
export const degreesPerPixel = (zoom) => (grid === "c" ? 180 : 360) / (256 * 2 ** zoom);

/** Return one layer of tiles. Our level 0 of degrees is their level 1, so levels are written out, never read from its capabilities. */
function tiles(name, key) {
  const place = `https://t{s}.tianditu.gov.cn/${name}_${grid}/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER=${name}&STYLE=default`;
  const tile = `&TILEMATRIXSET=${grid}&FORMAT=tiles&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk=${encodeURIComponent(key)}`;
  return L.tileLayer(place + tile, {
    subdomains: "01234567", minZoom: 1, maxNativeZoom: grid === "c" ? 17 : 18, maxZoom: 20, zoomOffset: grid === "c" ? 1 : 0, referrerPolicy: "origin",
  });
}

/** Offer the outside ground among the layers; without a key of this browser nothing is asked of it. */
export function addGround(map, list) {
  if (!grid || !list) return;
  const shown = L.layerGroup().addTo(map);
  const draw = () => {
    shown.clearLayers();
    const key = localStorage.getItem(KEY);
    if (key && kind.value) for (const name of kind.value.split("+")) shown.addLayer(tiles(name, key));
  };
  const kind = el("select", { on: { change: draw } }, [["", "本地数据"], ["vec+cva", "天地图 矢量"], ["img+cia", "天地图 影像"]]
    .map(([value, text]) => el("option", { value }, text)));
  const input = el("input", { type: "password", autocomplete: "off", size: 18, value: localStorage.getItem(KEY) ?? "", on: { change: () => {
    localStorage.setItem(KEY, input.value.trim());
    draw();
  } } });
  list.before(el("p", { className: "row", id: "ground" }, el("label", {}, "底图 ", kind), el("label", {}, "天地图密钥（只存在本浏览器）", input)));
}
