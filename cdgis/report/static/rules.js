// Place, industry, kind and type narrow the list; what a rule does not ask for never hides it.
const byId = (id) => document.getElementById(id);
const rules = [...document.querySelectorAll("details.rule")];
const fields = ["place", "industry", "kind", "type", "effect", "words"].map((name) => byId("rules-" + name));

function admits(list, wanted) {
  return !wanted || !list || list.split(" ").some((item) => item === wanted);
}

// A shorter code than the rule's leaves the question open, so the rule stays.
function concerns(prefixes, code) {
  return !code || !prefixes || prefixes.split(" ").some((prefix) => code.startsWith(prefix) || prefix.startsWith(code));
}

function narrow() {
  const [place, industry, kind, type, effect, words] = fields.map((field) => field.value.trim().toUpperCase());
  const code = industry.replace(/^[A-Z]/, "");
  let shown = 0;
  for (const rule of rules) {
    const data = rule.dataset;
    const here = !place || data.place.toUpperCase() === place || data.place === "";
    rule.hidden = !(here && concerns(data.industry, code) && admits(data.kind.toUpperCase(), kind) && admits(data.type, type)
      && admits(data.effect, effect) && (!words || words.split(/\s+/).every((word) => rule.textContent.toUpperCase().includes(word))));
    if (!rule.hidden) shown += 1;
  }
  for (const part of document.querySelectorAll("section.rules")) part.hidden = !part.querySelector("details.rule:not([hidden])");
  byId("rules-count").textContent = "列出 " + shown + " / " + rules.length + " 条";
}

for (const field of fields) field.addEventListener("input", narrow);
byId("rules-open").addEventListener("click", () => rules.forEach((rule) => { rule.open = !rule.hidden; }));
byId("rules-shut").addEventListener("click", () => rules.forEach((rule) => { rule.open = false; }));
addEventListener("beforeprint", () => rules.forEach((rule) => { rule.open = !rule.hidden; }));
narrow();
