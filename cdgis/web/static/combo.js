// A text field with a list below it: typed words ask for rows, arrows and Enter choose one.
import { el, told } from "./desk.js";

/** `find` returns rows, `show` the text of one, `take` does with the chosen one; `emptied` is called when nothing is typed. */
export function combo(input, list, { find, show, take, emptied = () => {}, left = () => {} }) {
  let chosen = -1;
  let turn = 0;
  let rows = [];
  const hide = () => { list.hidden = true; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); chosen = -1; };
  const mark = (index) => {
    chosen = (index + rows.length) % rows.length;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", i === chosen));
    input.setAttribute("aria-activedescendant", list.children[chosen].id);
    list.children[chosen].scrollIntoView({ block: "nearest" });
  };
  const choose = (row) => { turn += 1; input.value = show(row); hide(); take(row); };
  input.addEventListener("input", told(async () => {
    const mine = ++turn;
    const word = input.value.trim();
    if (!word) { hide(); return emptied(); }
    const found = await find(word.slice(0, 60));
    if (mine !== turn) return;
    rows = found;
    list.replaceChildren(...rows.map((row, i) => el("li", { role: "option", id: `${list.id}-${i}`, aria: { selected: "false" }, on: { mousedown: (event) => { event.preventDefault(); choose(row); } } }, show(row))));
    list.hidden = !rows.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    chosen = -1;
  }));
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") mark(chosen + 1);
    else if (event.key === "ArrowUp") mark(chosen - 1);
    else if (event.key === "Enter" && chosen >= 0) choose(rows[chosen]);
    else if (event.key === "Escape") hide();
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", () => { hide(); left(); });
}
