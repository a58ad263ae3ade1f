"use strict";
// Reads what report/map/encoding.py packed: base64 of deflated whole numbers. No library, no eval.
async function inflate(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function inflateJson(base64) {
  return JSON.parse(new TextDecoder().decode(await inflate(base64)));
}

// Zigzag varints, one after the other.
class Numbers {
  constructor(bytes) { this.bytes = bytes; this.at = 0; }
  next() {
    let value = 0, factor = 1, byte;
    do { byte = this.bytes[this.at++]; value += (byte & 127) * factor; factor *= 128; } while (byte > 127);
    return value % 2 ? -(value + 1) / 2 : value / 2;
  }
  // Offsets 0, n0, n0 + n1 ... of `count` run lengths.
  offsets(count) {
    const ends = new Int32Array(count + 1);
    for (let i = 0; i < count; i++) ends[i + 1] = ends[i] + this.next();
    return ends;
  }
}

// World coordinates of Web Mercator: the whole earth is 1 by 1, y grows southwards.
const worldX = (lon) => lon / 360 + 0.5;
const worldY = (lat) => 0.5 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI);
const lonOf = (x) => (x - 0.5) * 360;
const latOf = (y) => (Math.atan(Math.exp((0.5 - y) * 2 * Math.PI)) * 360) / Math.PI - 90;

function unpackGeometry(bytes) {
  const numbers = new Numbers(bytes);
  const zones = numbers.next(), precision = numbers.next(), levels = numbers.next();
  const parts = numbers.offsets(zones);
  const rings = numbers.offsets(parts[zones]);
  const points = numbers.offsets(rings[rings.length - 1]);
  const count = points[points.length - 1];
  const x = new Float64Array(count), y = new Float64Array(count);
  for (let i = 0, lon = 0, lat = 0; i < count; i++) {
    lon += numbers.next(); lat += numbers.next();
    x[i] = worldX(lon / precision); y[i] = worldY(lat / precision);
  }
  const size = (count + 7) >> 3;
  const masks = Array.from({length: levels}, (_, k) => bytes.subarray(numbers.at + k * size, numbers.at + (k + 1) * size));
  return {zones, parts, rings, masks, levels: [], full: withBoxes({points, x, y})};
}

// Adds the bounding box of each ring: west, north, east, south in world coordinates.
function withBoxes(level) {
  const {points, x, y} = level, boxes = new Float64Array(4 * (points.length - 1));
  for (let ring = 0; ring + 1 < points.length; ring++) {
    let west = Infinity, north = Infinity, east = -Infinity, south = -Infinity;
    for (let i = points[ring]; i < points[ring + 1]; i++) {
      if (x[i] < west) west = x[i];
      if (x[i] > east) east = x[i];
      if (y[i] < north) north = y[i];
      if (y[i] > south) south = y[i];
    }
    boxes.set([west, north, east, south], 4 * ring);
  }
  return {...level, boxes};
}

// The vertices of one level of detail, made when first drawn.
function levelOf(geometry, number) {
  if (number < 0 || number >= geometry.masks.length) return geometry.full;
  if (geometry.levels[number]) return geometry.levels[number];
  const {points, x, y} = geometry.full, mask = geometry.masks[number];
  const keptX = new Float64Array(x.length), keptY = new Float64Array(x.length), keptPoints = new Int32Array(points.length);
  let count = 0;
  for (let ring = 0; ring + 1 < points.length; ring++) {
    for (let i = points[ring]; i < points[ring + 1]; i++)
      if (mask[i >> 3] & (1 << (i & 7))) { keptX[count] = x[i]; keptY[count++] = y[i]; }
    keptPoints[ring + 1] = count;
  }
  const level = withBoxes({points: keptPoints, x: keptX.slice(0, count), y: keptY.slice(0, count)});
  geometry.levels[number] = level;
  return level;
}
