// Draws packed outlines on canvas; what lies outside the canvas is passed over, not drawn.
const PADDING = 0.2;

// A canvas in its own pane; `draw(context, view)` fills it after every move. Panning moves it, without drawing.
const Surface = L.Layer.extend({
  initialize(draw, zIndex) { this.drawOn = draw; this.zIndex = zIndex; this.frame = 0; },
  onAdd(map) {
    const pane = map.createPane("surface-" + this.zIndex);
    pane.style.zIndex = this.zIndex;
    pane.style.pointerEvents = "none";
    this.canvas = L.DomUtil.create("canvas", "surface", pane);
    this.canvas.setAttribute("aria-hidden", "true");
    this.redraw();
  },
  getEvents() { return {moveend: this.settle, zoom: this.request, resize: this.redraw, viewreset: this.redraw}; },
  // After a small move the picture still covers the map: it is drawn anew when the map has come to rest.
  settle() {
    const zoom = this._map.getZoom(), min = this._map.getPixelBounds().min;
    const near = zoom === this.drawnZoom && Math.abs(min.x - this.drawnAt.x) <= this.pad.x && Math.abs(min.y - this.drawnAt.y) <= this.pad.y;
    clearTimeout(this.rest);
    if (near) this.rest = setTimeout(() => this.redraw(), 120); else this.redraw();
  },
  request() { if (!this.frame) this.frame = requestAnimationFrame(() => { this.frame = 0; this.redraw(); }); },
  redraw() {
    const size = this._map.getSize(), pad = size.multiplyBy(PADDING).round(), ratio = window.devicePixelRatio || 1;
    const width = size.x + 2 * pad.x, height = size.y + 2 * pad.y;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = width * ratio; this.canvas.height = height * ratio;
      this.canvas.style.width = width + "px"; this.canvas.style.height = height + "px";
    }
    L.DomUtil.setPosition(this.canvas, this._map.containerPointToLayerPoint(pad.multiplyBy(-1)));
    const context = this.canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const origin = this._map.getPixelBounds().min.subtract(pad), zoom = this._map.getZoom();
    clearTimeout(this.rest);
    Object.assign(this, {drawnZoom: zoom, drawnAt: this._map.getPixelBounds().min, pad});
    this.drawOn(context, {scale: 256 * 2 ** zoom, x: origin.x, y: origin.y, width, height, zoom, pad});
  },
});

// Bits: 1 left, 2 right, 4 above, 8 below the canvas.
function outside(px, py, view) {
  return (px < -2 ? 1 : px > view.width + 2 ? 2 : 0) | (py < -2 ? 4 : py > view.height + 2 ? 8 : 0);
}

// Runs of vertices beyond one side of the canvas shrink to their last one: the filled picture is the same.
function traceRing(context, level, ring, view, closed) {
  const {x, y, points} = level, start = points[ring], end = points[ring + 1];
  let run = 0, waiting = false, waitX = 0, waitY = 0;
  for (let i = start; i < end; i++) {
    const px = x[i] * view.scale - view.x, py = y[i] * view.scale - view.y, code = outside(px, py, view);
    if (i === start) { context.moveTo(px, py); run = code; continue; }
    if (waiting && !(run & code)) { context.lineTo(waitX, waitY); run = outside(waitX, waitY, view); waiting = false; }
    if (run & code) { run &= code; waiting = true; waitX = px; waitY = py; continue; }
    context.lineTo(px, py);
    run = code;
  }
  if (waiting) context.lineTo(waitX, waitY);
  if (closed) context.closePath();
}

function boxMisses(boxes, at, view) {
  return boxes[at + 2] * view.scale - view.x < 0 || boxes[at] * view.scale - view.x > view.width ||
    boxes[at + 3] * view.scale - view.y < 0 || boxes[at + 1] * view.scale - view.y > view.height;
}

function traceParts(context, geometry, level, first, last, view, closed) {
  const {boxes, points} = level;
  let traced = 0;
  for (let part = first; part < last; part++)
    for (let ring = geometry.rings[part]; ring < geometry.rings[part + 1]; ring++) {
      const at = 4 * ring;
      if (points[ring + 1] === points[ring] || boxMisses(boxes, at, view)) continue;
      const wide = (boxes[at + 2] - boxes[at]) * view.scale, high = (boxes[at + 3] - boxes[at + 1]) * view.scale;
      if (closed && wide < 0.9 && high < 0.9) {
        // Less than a pixel: a dot for an island, nothing for a hole.
        if (ring === geometry.rings[part]) { context.rect(boxes[at] * view.scale - view.x, boxes[at + 1] * view.scale - view.y, 0.9, 0.9); traced++; }
        continue;
      }
      traceRing(context, level, ring, view, closed);
      traced++;
    }
  return traced;
}

function levelNumber(geometry, zoom) {
  const number = data.levelZooms.findIndex((limit) => zoom <= limit);
  return number < 0 ? geometry.masks.length : number;
}

function drawZones(context, layer, view, opacity) {
  const {outlines: geometry, style} = layer, level = levelOf(geometry, levelNumber(geometry, view.zoom)), closed = layer.geometry === "polygon";
  context.lineWidth = style.weight;
  context.lineJoin = "round";
  context.setLineDash(style.dash || []);
  for (let zone = 0; zone < geometry.zones; zone++) {
    const colour = layer.classes[layer.kinds[zone]][1];
    context.beginPath();
    if (layer.geometry === "point") { drawPoints(context, layer, zone, view, opacity); continue; }
    if (!traceParts(context, geometry, level, geometry.parts[zone], geometry.parts[zone + 1], view, closed)) continue;
    if (closed && style.fill) { context.globalAlpha = style.fill * opacity; context.fillStyle = colour; context.fill("evenodd"); }
    context.globalAlpha = (style.opacity ?? 1) * opacity;
    context.strokeStyle = style.outline || colour;
    context.stroke();
  }
  context.globalAlpha = 1;
  context.setLineDash([]);
}

function drawPoints(context, layer, zone, view, opacity) {
  const {outlines: geometry, style} = layer, {x, y} = geometry.full;
  context.globalAlpha = style.fill * opacity;
  context.fillStyle = layer.classes[layer.kinds[zone]][1];
  for (let part = geometry.parts[zone]; part < geometry.parts[zone + 1]; part++) {
    const px = x[part] * view.scale - view.x, py = y[part] * view.scale - view.y;
    if (outside(px, py, view)) continue;
    context.moveTo(px + style.radius, py);
    context.arc(px, py, style.radius, 0, 7);
  }
  context.fill();
}

// Even-odd rule over the rings whose box holds the point; the number of the part, or -1.
function partAt(geometry, zone, x, y) {
  const {boxes, points, x: xs, y: ys} = geometry.full;
  for (let part = geometry.parts[zone]; part < geometry.parts[zone + 1]; part++) {
    let inside = false;
    for (let ring = geometry.rings[part]; ring < geometry.rings[part + 1]; ring++) {
      const at = 4 * ring;
      if (x < boxes[at] || x > boxes[at + 2] || y < boxes[at + 1] || y > boxes[at + 3]) continue;
      for (let i = points[ring], j = points[ring + 1] - 1; i < points[ring + 1]; j = i++)
        if (ys[i] > y !== ys[j] > y && x < ((xs[j] - xs[i]) * (y - ys[i])) / (ys[j] - ys[i]) + xs[i]) inside = !inside;
    }
    if (inside) return part;
  }
  return -1;
}

// Whether any of a zone is drawn in the window: an edge, or its filled inside.
function zoneInWindow(layer, zone, box) {
  const {outlines: geometry} = layer, {boxes, points, x, y} = geometry.full;
  for (let part = geometry.parts[zone]; part < geometry.parts[zone + 1]; part++)
    for (let ring = geometry.rings[part]; ring < geometry.rings[part + 1]; ring++) {
      const at = 4 * ring;
      if (boxes[at] > box[2] || boxes[at + 2] < box[0] || boxes[at + 1] > box[3] || boxes[at + 3] < box[1]) continue;
      for (let i = points[ring]; i < points[ring + 1]; i++) {
        const j = i + 1 < points[ring + 1] ? i + 1 : layer.geometry === "polygon" ? points[ring] : i;
        if (edgeInWindow(x[i], y[i], x[j], y[j], box)) return true;
      }
    }
  return layer.geometry === "polygon" && layer.style.fill > 0 && partAt(geometry, zone, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2) >= 0;
}

// Liang and Barsky: the stretch of the edge inside the window is not empty.
function edgeInWindow(x0, y0, x1, y1, box) {
  if ((x0 < box[0] && x1 < box[0]) || (x0 > box[2] && x1 > box[2]) || (y0 < box[1] && y1 < box[1]) || (y0 > box[3] && y1 > box[3])) return false;
  if (x0 >= box[0] && x0 <= box[2] && y0 >= box[1] && y0 <= box[3]) return true;
  let from = 0, to = 1;
  for (const [step, room] of [[x0 - x1, x0 - box[0]], [x1 - x0, box[2] - x0], [y0 - y1, y0 - box[1]], [y1 - y0, box[3] - y0]]) {
    if (step === 0) { if (room < 0) return false; continue; }
    const t = room / step;
    if (step < 0) from = Math.max(from, t); else to = Math.min(to, t);
    if (from > to) return false;
  }
  return true;
}
