// A job followed as it goes on.
import { ask, el, number } from "./desk.js";

const OPEN = ["等候", "进行中"];

/** Call `shown` with every state of a job; resolve with the whole job once it has ended. */
export function follow(id, shown) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(`/api/jobs/${id}/events`);
    const ended = () => { source.close(); ask("GET", `/api/jobs/${id}`).then(resolve, reject); };
    source.onmessage = ({ data }) => {
      const job = JSON.parse(data);
      shown(job);
      if (!OPEN.includes(job.state)) ended();
    };
    // a server that was closed ends the stream: what became of the job is asked, or told that nobody answers
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) ended(); };
  });
}

export const isOpen = (job) => OPEN.includes(job.state);

/** Return what a job is doing, in words. */
export function doing(job) {
  if (job.state === "等候") return "等候前面的作业做完";
  const count = job.total ? `（${job.done} / ${job.total}）` : job.done ? `（${job.done}）` : "";
  return [`${job.stage || "启动"}${count}`, job.message].filter(Boolean).join("　");
}

/** Return what a job was asked, in words. */
export function askedWords({ asked }) {
  const parts = [];
  if (asked.as_of) parts.push(`基准日 ${asked.as_of}`);
  if (asked.close?.length) parts.push(`关闭 ${asked.close.join("、")}`);
  for (const [park, area] of Object.entries(asked.cap_ha ?? {})) parts.push(`${park} 余地 ${number(area)} 公顷`);
  const weights = Object.values(asked.weights ?? {}).reduce((sum, group) => sum + Object.keys(group).length, 0);
  if (weights) parts.push(`改权重 ${weights} 项`);
  if (asked.free?.length) parts.push(`自由选址 ${asked.free.join("、")}`);
  if (asked.start) parts.push(`${asked.up ? "上溯" : "下行"} ${asked.start}`);
  if (asked.points?.length) parts.push(`拟设 ${asked.points.join("；")}`);
  if (asked.layer) parts.push(asked.layer);
  if (asked.cases) parts.push(`${asked.cases.length} 件`);
  return parts.join("；");
}

/** Return a table of rows of cells, stacked on a narrow screen. */
export function table(heads, rows) {
  return el("div", { className: "scroll" }, el("table", { className: "stack" },
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", {}, head)))),
    el("tbody", {}, rows.map((cells) => el("tr", {}, cells.map((cell, at) => el("td", { data: { label: heads[at] } }, cell ?? "—")))))));
}
