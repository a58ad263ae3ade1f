// Links to other files of the folder: on a page that was sent alone the reader is told, not led nowhere.
// Nothing is asked for until a reader follows a link; then one small file beside the page says whether the rest is there.
let wholeFolder = null;

function leadsElsewhere(link) {
  const href = link.getAttribute("href") || "";
  return href !== "" && !href.startsWith("#") && !/^[a-z][a-z0-9+.-]*:/i.test(href);
}

function folderIsWhole() {
  wholeFolder = wholeFolder || new Promise((resolve) => {
    const probe = new Image();
    probe.onload = () => resolve(true);
    probe.onerror = () => resolve(false);
    probe.src = "data/here.svg";
  });
  return wholeFolder;
}

function tellAlone(link) {
  const notice = byId("alone");
  byId("alone-file").textContent = decodeURIComponent(link.getAttribute("href"));
  for (const other of document.querySelectorAll("a"))
    if (leadsElsewhere(other)) { other.removeAttribute("href"); other.title = "不在旁边：本页是单独转发来的"; }
  notice.hidden = false;
  notice.scrollIntoView({block: "center"});
  notice.focus();
}

function watchLinks() {
  document.addEventListener("click", async (event) => {
    const link = event.target.closest ? event.target.closest("a") : null;
    if (!link || event.defaultPrevented || !leadsElsewhere(link) || link.dataset.there) return;
    event.preventDefault();
    if (!await folderIsWhole()) return tellAlone(link);
    link.dataset.there = "yes";
    link.click();
  });
}
