// The card of the chosen subject: its verdict, its clauses, the way to its report; the layers that decided it are switched on.
const EFFECT_COLOURS = {"禁止": "#b2182b", "退出": "#b2182b", "须论证": "#e08214", "限制": "#e6c229"};

function clauseItem([ruleNumber, zones, missing]) {
  const [id, effect, level, clause, basis, mark] = data.rules[ruleNumber];
  const item = element("div", {class: "clause-item"}, element("strong", {}, effect), "　", clause);
  item.style.borderLeftColor = EFFECT_COLOURS[effect] || "#9aa3ad";
  item.append(element("div", {class: "basis"}, basis + "　" + level + "　" + id + (mark === "M" ? "　凭记忆未核实" : "")));
  if (zones) item.append(element("div", {class: "basis"}, "涉及：" + zones));
  if (missing) item.append(element("div", {class: "basis warn"}, "还缺：" + missing));
  return item;
}

function clauseList(title, clauses) {
  return clauses.length ? [element("h3", {}, title + "（" + clauses.length + " 条）"), ...clauses.map(clauseItem)] : [];
}

// Subjects whose symbols lie upon each other however near the map: within about a metre.
const ONE_PLACE = 3e-8;
function companions(subject) {
  return data.subjects.filter((other) => other !== subject && Math.hypot(other.x - subject.x, other.y - subject.y) < ONE_PLACE);
}

function companionList(subject) {
  const others = companions(subject);
  if (!others.length) return [];
  const item = (s) => element("li", {}, symbol(s.verdict, 12), " ", button((s.name || s.subject_id) + "（" + s.subject_id + "，" + s.verdict + "）", {class: "link"}, () => chooseOnMap(s.subject_id)));
  return [element("p", {class: "small", id: "companions"}, "同一位置另有 " + others.length + " 个："), element("ul", {class: "zone-list small"}, ...others.map(item))];
}

// A click where several lie goes from one to the next.
function nextAt(subject) {
  const group = [subject, ...companions(subject)].filter((s) => state.visible.has(s.subject_id)).sort((a, b) => a.index - b.index);
  const at = group.findIndex((s) => s.subject_id === state.chosen);
  return at < 0 ? subject : group[(at + 1) % group.length];
}

function drawCard(subject) {
  const close = button("关闭", {class: "card-close"}, () => { choose(null); rowsById.get(subject.subject_id)?.focus(); });
  const verdict = element("p", {}, symbol(subject.verdict, 15), " ", element("strong", {}, subject.verdict === "未发现冲突" ? "未发现冲突（基于所载数据）" : subject.verdict));
  verdict.append("　" + subject.stability + (subject.atLeast ? "　至少 " + subject.atLeast : "") + "　需人工判定 " + subject.manual + " 条");
  if (subject.caveats.length) verdict.append(element("span", {class: "warn small"}, "　" + subject.caveats.join("；")));
  const facts = [subject.subject_id, subject.county, subject.unit_code, subject.industry, subject.project_type].filter(Boolean).join("　");
  const parts = [element("div", {class: "card-head"}, element("h2", {}, subject.name || "（未填名称）"), close), verdict, element("p", {class: "muted small"}, facts)];
  if (subject.page) parts.push(element("p", {}, element("a", {href: data.folder + encodeURIComponent(subject.page)}, "打开完整报告"), "　", element("span", {class: "code muted"}, subject.number)));
  parts.push(...companionList(subject));
  parts.push(...clauseList("适用的条款", subject.applies), ...clauseList("资料不足的条款", subject.unknown));
  if (!subject.applies.length && !subject.unknown.length) parts.push(element("p", {class: "muted"}, "没有条款适用。"));
  byId("card").replaceChildren(...parts);
}

function choose(id) {
  rowsById.get(state.chosen)?.classList.remove("chosen");
  state.chosen = id;
  state.outlined = [];
  byId("card").hidden = id === null;
  if (id !== null) {
    rowsById.get(id)?.classList.add("chosen");
    drawCard(subjectsById.get(id));
    byId("card").scrollTop = 0;
    showDecisive(subjectsById.get(id));
  }
  refresh("subjects", "labels");
  writeLink();
}

// Zones named in the deciding clauses are outlined, their layers switched on.
async function showDecisive(subject) {
  const layers = data.layers.filter((layer) => subject.decisiveLayers.includes(layer.id));
  await Promise.all(layers.map(switchOn));
  if (state.chosen !== subject.subject_id) return;
  const wanted = new Set(subject.decisiveZones);
  state.outlined = layers.flatMap((layer) => layer.ids.flatMap((id, zone) => (wanted.has(id) ? [{layer, zone}] : [])));
  refresh("zones", "labels");
  drawLegend();
}

function chooseAndZoom(id) {
  choose(id);
  const subject = subjectsById.get(id), i = subject.index, shapes = data.shapes;
  if (shapes && shapes.parts[i] < shapes.parts[i + 1]) map.fitBounds(zoneBounds({layer: {outlines: shapes}, zone: i}).pad(1.2), {maxZoom: 14, animate: false});
  else map.setView([subject.lat, subject.lon], Math.max(map.getZoom(), 12.5), {animate: false});
}

function chooseOnMap(id) {
  choose(id);
  showRow(id);
}

function showRow(id) {
  const row = rowsById.get(id), list = row.closest(".list-scroll");
  list.scrollTop = row.offsetTop - list.clientHeight / 3;
  keepOneTabStop();
}
