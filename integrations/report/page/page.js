"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const root = document.documentElement;

  // Light or dark, as the reader likes; kept where that is allowed.
  const theme = $("theme");
  const remember = (value) => { try { localStorage.setItem("syncgate-theme", value); } catch { /* a file may have no storage */ } };
  const remembered = () => { try { return localStorage.getItem("syncgate-theme"); } catch { return null; } };
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const label = () => { theme.textContent = dark() ? "Light" : "Dark"; theme.setAttribute("aria-label", "Use " + (dark() ? "light" : "dark") + " colours"); };
  if (["light", "dark"].includes(remembered())) root.dataset.theme = remembered();
  theme.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; remember(root.dataset.theme); label(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", label);
  theme.hidden = false;
  label();

  // What can be copied has a button beside it.
  const addCopiers = (within) => {
    for (const code of within.querySelectorAll("code.copy")) {
      if (code.nextElementSibling && code.nextElementSibling.classList.contains("copier")) continue;
      const b = document.createElement("button");
      b.type = "button"; b.className = "copier"; b.textContent = "Copy";
      b.addEventListener("click", async () => {
        try { await navigator.clipboard.writeText(code.textContent); b.textContent = "Copied"; }
        catch { const r = document.createRange(); r.selectNodeContents(code); const s = getSelection(); s.removeAllRanges(); s.addRange(r); b.textContent = "Selected"; }
        setTimeout(() => { b.textContent = "Copy"; }, 1500);
      });
      code.after(b);
    }
  };
  for (const card of document.querySelectorAll(".cards")) addCopiers(card);

  const rows = [...document.querySelectorAll(".rows > li")];
  if (!rows.length) return;
  for (const row of rows) row.firstElementChild.addEventListener("toggle", () => addCopiers(row), { once: true });

  // Search and filters.
  const q = $("q"), shown = $("shown"), clear = $("clear"), none = $("none");
  const filters = [...document.querySelectorAll(".filters button")], columns = [...document.querySelectorAll(".col")];
  let show = "all", column = -1;
  const texts = new Map();
  const text = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase().replace(/\s+/g, " "));
    return texts.get(row);
  };
  const matches = (row, words) => {
    if (show !== "all" && !row.classList.contains(show)) return false;
    if (column >= 0 && !"fuw".includes(row.dataset.cells[column])) return false;
    return words.every((w) => text(row).includes(w));
  };
  const update = () => {
    const words = q.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const row of rows) { const yes = matches(row, words); row.hidden = !yes; if (yes) n++; }
    const all = show === "all" && column < 0 && !words.length;
    shown.textContent = all ? "" : n + " of " + rows.length + " shown";
    clear.hidden = all; none.hidden = n > 0;
    for (const b of filters) b.setAttribute("aria-pressed", String(b.dataset.show === show));
    for (const b of columns) b.setAttribute("aria-pressed", String(Number(b.dataset.column) === column));
  };
  const reset = () => { q.value = ""; show = "all"; column = -1; update(); };
  let timer;
  q.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(update, rows.length > 300 ? 120 : 0); });
  for (const b of filters) b.addEventListener("click", () => { show = b.dataset.show; update(); });
  for (const b of columns) b.addEventListener("click", () => { column = Number(b.dataset.column) === column ? -1 : Number(b.dataset.column); update(); });
  for (const b of document.querySelectorAll("[data-find]")) b.addEventListener("click", () => {
    reset(); q.value = b.dataset.find; update(); $("images").scrollIntoView(); q.focus({ preventScroll: true });
  });
  clear.addEventListener("click", () => { reset(); q.focus(); });
  $("clear2").addEventListener("click", () => { reset(); q.focus(); });
  $("tools").hidden = false;
  $("keys").hidden = false;

  // Keys.
  const visible = () => rows.filter((r) => !r.hidden);
  const move = (by) => {
    const list = visible();
    const at = list.findIndex((r) => r.contains(document.activeElement));
    const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + by))];
    if (next) next.querySelector("summary").focus();
  };
  addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const typing = e.target.matches && e.target.matches("input, textarea");
    if (e.key === "/" && !typing) { e.preventDefault(); q.focus(); q.select(); }
    else if (e.key === "Escape") { reset(); if (typing) q.blur(); }
    else if (e.key === "ArrowDown" && (typing || (e.target.closest && e.target.closest(".rows")))) { e.preventDefault(); move(1); }
    else if (e.key === "ArrowUp" && e.target.closest && e.target.closest(".rows")) { e.preventDefault(); move(-1); }
    else if (e.key === "Enter" && typing) { e.preventDefault(); move(1); }
  });

  // A link to an image opens it.
  const open = () => {
    const row = location.hash.length > 1 && $(decodeURIComponent(location.hash.slice(1)));
    if (!row || !rows.includes(row)) return;
    if (row.hidden) reset();
    row.firstElementChild.open = true;
    row.querySelector("summary").focus({ preventScroll: true });
    row.scrollIntoView({ block: "start" });
  };
  addEventListener("hashchange", open);
  update();
  open();
})();
