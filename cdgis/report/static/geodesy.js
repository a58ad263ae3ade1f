// CGCS2000 (EPSG:4490) in the page: geodesic distance, ellipsoidal area, Gauss-Krüger and its inverse.
// Ellipsoid a = 6378137 m, 1/f = 298.257222101. Series: Krüger's in n, to n^4 (below 1 mm within 3 degrees).
const A_M = 6378137, F = 1 / 298.257222101, B_M = A_M * (1 - F), E2 = F * (2 - F), N = F / (2 - F);
const RECTIFYING_M = (A_M / (1 + N)) * (1 + N ** 2 / 4 + N ** 4 / 64);
const FORWARD = [N / 2 - (2 / 3) * N ** 2 + (5 / 16) * N ** 3 + (41 / 180) * N ** 4, (13 / 48) * N ** 2 - (3 / 5) * N ** 3 + (557 / 1440) * N ** 4, (61 / 240) * N ** 3 - (103 / 140) * N ** 4, (49561 / 161280) * N ** 4];
const BACK = [N / 2 - (2 / 3) * N ** 2 + (37 / 96) * N ** 3 - N ** 4 / 360, N ** 2 / 48 + N ** 3 / 15 - (437 / 1440) * N ** 4, (17 / 480) * N ** 3 - (37 / 840) * N ** 4, (4397 / 161280) * N ** 4];
const radians = (degrees) => (degrees * Math.PI) / 180;

function zoneNumber(lon) { return Math.round(lon / 3); }

// Easting with zone prefix and 500 km, northing, both in metres.
function gaussKruger(lon, lat) {
  const zone = zoneNumber(lon), e = Math.sqrt(E2), phi = radians(lat), lambda = radians(lon - 3 * zone);
  const tau = Math.sinh(Math.atanh(Math.sin(phi)) - e * Math.atanh(e * Math.sin(phi)));
  let xi = Math.atan2(tau, Math.cos(lambda)), eta = Math.asinh(Math.sin(lambda) / Math.hypot(tau, Math.cos(lambda)));
  const xi0 = xi, eta0 = eta;
  FORWARD.forEach((c, i) => { xi += c * Math.sin(2 * (i + 1) * xi0) * Math.cosh(2 * (i + 1) * eta0); eta += c * Math.cos(2 * (i + 1) * xi0) * Math.sinh(2 * (i + 1) * eta0); });
  return {east: zone * 1e6 + 500000 + RECTIFYING_M * eta, north: RECTIFYING_M * xi, zone};
}

function fromGaussKruger(east, north) {
  const zone = Math.floor(east / 1e6), e = Math.sqrt(E2), xi0 = north / RECTIFYING_M, eta0 = (east - zone * 1e6 - 500000) / RECTIFYING_M;
  let xi = xi0, eta = eta0;
  BACK.forEach((c, i) => { xi -= c * Math.sin(2 * (i + 1) * xi0) * Math.cosh(2 * (i + 1) * eta0); eta -= c * Math.cos(2 * (i + 1) * xi0) * Math.sinh(2 * (i + 1) * eta0); });
  const conformal = Math.asin(Math.sin(xi) / Math.cosh(eta));
  let phi = conformal;
  for (let i = 0; i < 8; i++) phi = Math.asin(Math.tanh(Math.atanh(Math.sin(conformal)) + e * Math.atanh(e * Math.sin(phi))));
  return {lat: (phi * 180) / Math.PI, lng: 3 * zone + (Math.atan2(Math.sinh(eta), Math.cos(xi)) * 180) / Math.PI};
}

// Vincenty's inverse formula (Survey Review 1975), to 0.1 mm; points of one region never fail to converge.
function geodesicM(from, to) {
  const u1 = Math.atan((1 - F) * Math.tan(radians(from.lat))), u2 = Math.atan((1 - F) * Math.tan(radians(to.lat)));
  const length = radians(to.lng - from.lng);
  let lambda = length, sinS = 0, cosS = 1, sigma = 0, cos2a = 1, cos2m = 0;
  for (let i = 0; i < 50; i++) {
    sinS = Math.hypot(Math.cos(u2) * Math.sin(lambda), Math.cos(u1) * Math.sin(u2) - Math.sin(u1) * Math.cos(u2) * Math.cos(lambda));
    if (sinS === 0) return 0;
    cosS = Math.sin(u1) * Math.sin(u2) + Math.cos(u1) * Math.cos(u2) * Math.cos(lambda);
    sigma = Math.atan2(sinS, cosS);
    const sinA = (Math.cos(u1) * Math.cos(u2) * Math.sin(lambda)) / sinS;
    cos2a = 1 - sinA ** 2;
    cos2m = cos2a ? cosS - (2 * Math.sin(u1) * Math.sin(u2)) / cos2a : 0;
    const c = (F / 16) * cos2a * (4 + F * (4 - 3 * cos2a)), before = lambda;
    lambda = length + (1 - c) * F * sinA * (sigma + c * sinS * (cos2m + c * cosS * (2 * cos2m ** 2 - 1)));
    if (Math.abs(lambda - before) < 1e-13) break;
  }
  const u = (cos2a * (A_M ** 2 - B_M ** 2)) / B_M ** 2;
  const a = 1 + (u / 16384) * (4096 + u * (-768 + u * (320 - 175 * u))), b = (u / 1024) * (256 + u * (-128 + u * (74 - 47 * u)));
  const delta = b * sinS * (cos2m + (b / 4) * (cosS * (2 * cos2m ** 2 - 1) - (b / 6) * cos2m * (4 * sinS ** 2 - 3) * (4 * cos2m ** 2 - 3)));
  return B_M * a * (sigma - delta);
}

// Area in the equal-area plane all tables use: y = a (1 - e²)/... the authalic q(φ); edges straight in that plane.
function areaM2(points) {
  const e = Math.sqrt(E2);
  const q = (lat) => { const s = Math.sin(radians(lat)); return (1 - E2) * (s / (1 - E2 * s * s) + Math.atanh(e * s) / e); };
  let twice = 0;
  points.forEach((p, i) => {
    const n = points[(i + 1) % points.length];
    twice += radians(p.lng - points[0].lng) * q(n.lat) - radians(n.lng - points[0].lng) * q(p.lat);
  });
  return (Math.abs(twice) / 2) * (A_M ** 2 / 2);
}

function degreesText(value, digits = 5) { return Math.abs(value).toFixed(digits) + "°"; }

function dmsText(value) {
  const hundredths = Math.round(Math.abs(value) * 360000);
  const pad = (n, size = 2) => String(n).padStart(size, "0");
  return Math.floor(hundredths / 360000) + "°" + pad(Math.floor(hundredths / 6000) % 60) + "′" + pad(Math.floor((hundredths % 6000) / 100)) + "." + pad(hundredths % 100) + "″";
}

let coordinateForm = "degrees";

function coordinateText({lat, lng}, form = coordinateForm) {
  if (form === "gk") {
    const {east, north, zone} = gaussKruger(lng, lat);
    return "X（北）" + north.toFixed(1) + "　Y（东，" + zone + " 带）" + east.toFixed(1) + "　CGCS2000 3度带";
  }
  const text = form === "dms" ? dmsText : degreesText;
  return (lng < 0 ? "西经 " : "东经 ") + text(lng) + "　" + (lat < 0 ? "南纬 " : "北纬 ") + text(lat) + "　CGCS2000";
}

// Degrees, degrees-minutes-seconds or Gauss-Krüger with zone prefix, in either order; null when it is none of these.
function parseCoordinate(text) {
  const numbers = text.replace(/[，,;；/\s]+/g, " ").match(/\d+(?:\.\d+)?/g);
  if (!numbers || /[A-Za-z\u4e00-\u9fff]/.test(text.replace(/[东经北纬度分秒NEne]/g, ""))) return null;
  const n = numbers.map(Number);
  if (n.length === 2) {
    const [small, large] = [Math.min(...n), Math.max(...n)];
    if (large >= 25e6 && large < 46e6 && small > 1e6 && small < 7e6) return fromGaussKruger(large, small);
    if (large >= 73 && large <= 136 && small >= 3 && small <= 54) return {lng: large, lat: small};
  }
  if (n.length === 6) {
    const [a, b] = [n.slice(0, 3), n.slice(3)].map(([d, m, s]) => d + m / 60 + s / 3600);
    const [small, large] = [Math.min(a, b), Math.max(a, b)];
    if (large >= 73 && large <= 136 && small >= 3 && small <= 54) return {lng: large, lat: small};
  }
  return null;
}
