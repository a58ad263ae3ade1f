// Filters, the list of subjects, and the card of the chosen one; list and map always show the same subjects.
const rows = [...document.querySelectorAll("#verdict-table tbody tr")];
const controls = Object.fromEntries(["verdict", "kind", "county", "industry"].map((name) => [name, document.getElementById("filter-" + name)]));
const search = document.getElementById("search");
const card = document.getElementById("card");
let chosen = null;

function matches(row, query) {
  const wanted = Object.entries(controls).every(([name, control]) =>
    !control.value || (name === "industry" ? row.dataset.industry.startsWith(control.value) : row.dataset[name] === control.value));
  return wanted && (!query || (row.textContent + " " + row.dataset.unit).toLowerCase().includes(query));
}

function applyFilters() {
  const query = search.value.trim().toLowerCase();
  let shown = 0;
  for (const row of rows) {
    const visible = matches(row, query);
    row.hidden = !visible;
    shown += visible;
    const {mark, shape} = marks.get(row.dataset.id);
    mark.getElement().classList.toggle("out", !visible);
    if (shape) { if (visible) shape.addTo(map); else shape.remove(); }
  }
  document.getElementById("shown-count").textContent = shown === rows.length ? "共 " + rows.length + " 个" : "筛出 " + shown + " / " + rows.length + " 个";
  for (const tile of document.querySelectorAll(".tile")) tile.setAttribute("aria-pressed", String(tile.dataset.verdict === controls.verdict.value));
}

const EFFECT_COLOURS = {"禁止": "#b2182b", "退出": "#b2182b", "须论证": "#e08214", "限制": "#e6c229"};

function clauseItem([ruleNumber, zones, missing]) {
  const [id, effect, level, clause, basis, mark] = data.rules[ruleNumber];
  const item = element("div", {class: "clause-item"}, element("strong", {}, effect), "　", clause);
  item.style.borderLeftColor = EFFECT_COLOURS[effect] || "#9aa3ad";
  const source = basis + "　" + level + "　" + id + (mark === "M" ? "　凭记忆未核实" : "");
  item.append(element("div", {class: "basis"}, source));
  if (zones) item.append(element("div", {class: "basis"}, "涉及：" + zones));
  if (missing) item.append(element("div", {class: "basis warn"}, "还缺：" + missing));
  return item;
}

function clauseList(title, clauses) {
  return clauses.length ? [element("h3", {}, title + "（" + clauses.length + " 条）"), ...clauses.map(clauseItem)] : [];
}

function drawCard(subject) {
  const close = element("button", {type: "button", class: "card-close"}, "关闭");
  close.addEventListener("click", () => choose(null));
  const verdict = element("p", {}, symbol(subject.verdict, 15), " ", element("strong", {}, subject.verdict === "未发现冲突" ? "未发现冲突（基于所载数据）" : subject.verdict));
  verdict.append("　" + subject.stability + (subject.atLeast ? "　至少 " + subject.atLeast : "") + "　需人工判定 " + subject.manual + " 条");
  const facts = [subject.subject_id, subject.county, subject.industry, subject.project_type].filter(Boolean).join("　");
  const parts = [element("div", {class: "card-head"}, element("h2", {}, subject.name || "（未填名称）"), close), verdict, element("p", {class: "muted small"}, facts)];
  if (subject.page) parts.push(element("p", {}, element("a", {href: "sites/" + encodeURIComponent(subject.page)}, "打开完整报告"), "　", element("span", {class: "code muted"}, subject.number)));
  parts.push(...clauseList("适用的条款", subject.applies), ...clauseList("资料不足的条款", subject.unknown));
  if (!subject.applies.length && !subject.unknown.length) parts.push(element("p", {class: "muted"}, "没有条款适用。"));
  card.replaceChildren(...parts);
}

function choose(id) {
  for (const row of rows) row.classList.toggle("chosen", row.dataset.id === id);
  if (chosen) marks.get(chosen).mark.getElement().classList.remove("chosen");
  chosen = id;
  card.hidden = id === null;
  if (id === null) return;
  marks.get(id).mark.getElement().classList.add("chosen");
  drawCard(subjectsById.get(id));
  card.scrollTop = 0;
}

function chooseAndZoom(id) {
  choose(id);
  const {mark, shape} = marks.get(id);
  if (shape && shape.getBounds().isValid()) map.fitBounds(shape.getBounds().pad(1.2), {maxZoom: 14, animate: false});
  else map.setView(mark.getLatLng(), Math.max(map.getZoom(), 12.5), {animate: false});
}

for (const row of rows) {
  const activate = (event) => { if (!event.target.closest("a")) chooseAndZoom(row.dataset.id); };
  row.addEventListener("click", activate);
  row.addEventListener("keydown", (event) => { if (event.key === "Enter") activate(event); });
}
for (const [id, {mark}] of marks) mark.on("click", () => {
  choose(id);
  const row = rows.find((r) => r.dataset.id === id);
  const list = row.closest(".list-scroll");
  list.scrollTop = row.offsetTop - list.clientHeight / 3;
});
for (const control of Object.values(controls)) control.addEventListener("change", applyFilters);
search.addEventListener("input", applyFilters);
document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
document.getElementById("filters").addEventListener("reset", () => setTimeout(() => { applyFilters(); choose(null); showAll(); }));
for (const tile of document.querySelectorAll(".tile")) tile.addEventListener("click", () => {
  controls.verdict.value = controls.verdict.value === tile.dataset.verdict ? "" : tile.dataset.verdict;
  applyFilters();
});
const wanted = decodeURIComponent(location.hash.slice(1));
if (subjectsById.has(wanted)) chooseAndZoom(wanted);
