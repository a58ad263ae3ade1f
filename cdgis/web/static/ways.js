// What follows the verdict: shapes that would pass, to accept; the nearest zones; places elsewhere; sums over caps.
import { ask, el, number, tell, told } from "./desk.js";

/** Fill in every site's ways out, and draw those that help on the map. */
export function drawWays(page) {
  const { ways } = page;
  for (const place of document.querySelectorAll("[data-ways]")) {
    const site = ways.sites?.find(({ subject_id: id }) => id === place.dataset.ways);
    place.replaceChildren(...(site ? [...remedies(page, site.remedies), ...near(page, site.near), ...caps(site.caps), ...elsewhere(page, place)] : [el("p", { className: "lost" }, ways.reason ?? "")]));
  }
  const helpful = (ways.sites ?? []).flatMap((site) => site.remedies).filter(({ geometry, feasible }) => geometry && feasible);
  page.map.showGhosts(helpful.map((way) => ({ geometry: way.geometry, text: `${way.kind}：${way.target}，之后：${way.verdict}`, accept: page.can("修改") ? told(() => accept(page, way)) : null })), { look: false });
}

async function accept(page, way) {
  const reason = await page.reason("采用这个图形", `以“${way.kind}：${way.target}”的图形代替现在的边界；之后须重新核对、确认。`, { yes: "采用" });
  if (reason !== null) await page.boundary.accept(way.geometry, `采用整改办法 ${way.kind}：${way.target}`);
}

function remedies(page, rows) {
  if (!rows.length) return [];
  const drawn = rows.map((way) => {
    const said = [way.reason, way.verdict ? `之后：${way.verdict}` : "", way.distance_m !== null ? `移 ${number(way.distance_m, 1)} 米` : "",
      way.area_m2 !== null ? `余 ${number(way.area_m2 / 10000, 4)} 公顷` : ""].filter(Boolean).join("；");
    const show = way.geometry ? el("button", { type: "button", on: { click: () => page.map.showGhosts([{ geometry: way.geometry, text: way.kind }]) } }, "在图上看") : null;
    const take = way.geometry && way.feasible && page.can("修改") ? el("button", { type: "button", on: { click: told(() => accept(page, way)) } }, "采用") : null;
    return el("div", { className: "way" }, el("strong", {}, `${way.kind}：${way.target}`), el("p", {}, said), el("p", { className: "row" }, show, take));
  });
  return [el("h3", {}, "怎样才能通过"), ...drawn];
}

function near(page, rows) {
  if (!rows.length) return [];
  return [el("details", {}, el("summary", {}, "最近的其他管控区"), el("ul", { className: "rows" }, rows.map((row) => {
    const text = `${row.layer} ${row.zone}：${number(row.distance_m, 1)} 米`;
    return el("li", {}, row.ends ? el("button", { type: "button", className: "link", on: { click: () => page.map.showLines([{ ends: row.ends, text }], { look: true }) } }, text) : text);
  })))];
}

function elsewhere(page, place) {
  const list = el("div", { aria: { live: "polite" } });
  const button = el("button", { type: "button", on: { click: told(async () => {
    button.disabled = true;
    list.replaceChildren(el("p", { className: "muted" }, "正在找……要半分钟左右。"));
    try {
      const found = await ask("GET", `${page.path}/alternatives?subject=${encodeURIComponent(place.dataset.ways)}`);
      const rows = found.locations;
      list.replaceChildren(el("p", { className: "muted" }, found.note), el("ol", { className: "rows" }, rows.map((row) => el("li", {},
        el("button", { type: "button", className: "link", on: { click: () => page.map.showGhosts([{ geometry: row.geometry, text: `第 ${row.rank} 处` }]) } }, `第 ${row.rank} 处（${row.lon.toFixed(4)}，${row.lat.toFixed(4)}）：${row.verdict}`)))));
      if (rows.length) page.map.showGhosts(rows.map((row) => ({ geometry: row.geometry, text: `第 ${row.rank} 处：${row.verdict}`, named: true })));
    } catch (error) {
      list.replaceChildren();
      tell(error.message);
    }
    button.disabled = false;
  }) } }, "在本县区找别处可建的位置");
  return [el("details", {}, el("summary", {}, "别处的位置"), el("p", {}, button), list)];
}

function caps(rows) {
  if (!rows.length) return [];
  return [el("details", {}, el("summary", {}, "所在单元的总量上限"), el("ul", { className: "rows" }, rows.map((row) => el("li", {},
    `${row.zone_name} ${row.resource}：上限 ${number(row.cap)} ${row.unit}，已申报 ${number(row.declared)}${row.missing_count ? `，${row.missing_count} 个对象未申报` : ""}`))))];
}
