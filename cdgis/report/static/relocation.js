// List, map and filters of the relocation page; everything it shows stands in the page already.
"use strict";
const rows = [...document.querySelectorAll("#case-table tbody tr")];
const marks = new Map([...document.querySelectorAll(".mark")].map((mark) => [mark.dataset.id, mark]));
const inputs = [...document.querySelectorAll("[data-filter]")];
const groups = [...document.querySelectorAll(".group")];

function wanted(row) {
  const pressed = groups.filter((b) => b.getAttribute("aria-pressed") === "true").map((b) => b.dataset.group);
  if (pressed.length && !pressed.includes(row.dataset.group)) return false;
  return inputs.every((input) => {
    const value = input.value.trim(), name = input.dataset.filter;
    if (!value) return true;
    if (name === "text") return row.textContent.includes(value);
    if (name === "industry") return row.dataset.industry.startsWith(value);
    return row.dataset[name] === value;
  });
}

function refresh() {
  let shown = 0;
  for (const row of rows) {
    const keep = wanted(row);
    row.hidden = !keep;
    shown += keep ? 1 : 0;
    marks.get(row.dataset.id)?.classList.toggle("dim", !keep);
  }
  document.getElementById("shown").textContent = shown;
}

function choose(id, scroll) {
  for (const row of rows) {
    const own = row.dataset.id === id;
    row.classList.toggle("chosen", own);
    if (own && scroll) row.scrollIntoView({block: "nearest"});
  }
  for (const [name, mark] of marks) {
    mark.classList.toggle("chosen", name === id);
    if (name === id) mark.parentNode.append(mark);
  }
}

for (const row of rows) row.addEventListener("click", () => choose(row.dataset.id, false));
for (const [id, mark] of marks) mark.addEventListener("click", () => choose(id, true));
for (const input of inputs) input.addEventListener("input", refresh);
for (const button of groups)
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    refresh();
  });
document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
