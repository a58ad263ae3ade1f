// Builds elements. Text from data only ever becomes text, never markup.
function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function drawing(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function button(text, attributes, action) {
  const node = element("button", {type: "button", ...attributes}, text);
  node.addEventListener("click", action);
  return node;
}

const byId = (id) => document.getElementById(id);

// Tells a reader who does not see the map, and one who does, what has just happened.
function say(text) { byId("status").textContent = text; }

const SYMBOLS = {
  diamond: [["M8 .4 15.6 8 8 15.6.4 8z", "fill"], ["m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8", "cross"]],
  triangle: [["M8 .8 15.6 14.8H.4z", "fill"]],
  square: [["M1.6 1.6h12.8v12.8H1.6z", "fill"]],
  circle: [["M1 8a7 7 0 1 0 14 0a7 7 0 1 0-14 0z", "fill"]],
  ring: [["M2.2 8a5.8 5.8 0 1 0 11.6 0a5.8 5.8 0 1 0-11.6 0z", "hollow"]],
};

function symbolPaint(kind, shape, fill) {
  if (kind === "cross") return {fill: "none", stroke: "#fff", width: 1.6};
  if (kind === "hollow") return {fill: "#fff", stroke: fill, width: 2.8};
  return {fill, stroke: shape === "square" ? "#7d6800" : "#fff", width: 1.2};
}

function symbol(verdict, size) {
  const {fill, shape} = data.verdicts[verdict];
  const paths = SYMBOLS[shape].map(([d, kind]) => {
    const paint = symbolPaint(kind, shape, fill);
    return drawing("path", {d, fill: paint.fill, stroke: paint.stroke, "stroke-width": paint.width});
  });
  return drawing("svg", {width: size, height: size, viewBox: "0 0 16 16", "aria-hidden": "true"}, ...paths);
}

function swatch(layer, colour) {
  const {style} = layer, line = layer.geometry === "line" || !style.fill;
  const shape = line
    ? drawing("path", {d: "M0 6H18", stroke: style.outline || colour, "stroke-width": 2.4, ...(style.dash ? {"stroke-dasharray": "6 2 2 2"} : {})})
    : layer.geometry === "point"
      ? drawing("circle", {cx: 9, cy: 6, r: 4, fill: colour})
      : drawing("rect", {x: 1, y: 1, width: 16, height: 10, fill: colour, "fill-opacity": Math.max(style.fill, 0.4), stroke: style.outline === "#ffffff" ? colour : style.outline || colour});
  return drawing("svg", {width: 18, height: 12, "aria-hidden": "true"}, shape);
}
