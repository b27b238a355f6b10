// Puts the changed rows of a panel into an open page and announces new alerts.
"use strict";
window.Panels = (() => {
  const language = document.documentElement.lang;
  const banner = document.getElementById("banner");
  const panels = [...document.querySelectorAll("[data-panel]")];
  const known = new Set(alerts().map((one) => one.dataset.alert));

  // The HTML comes escaped from our own templates.
  function element(html) {
    const template = document.createElement("template");
    template.innerHTML = html.trim();
    return template.content.firstElementChild;
  }

  // Rows by key, the order of the keys, and the HTML around them: only what is there has changed. What was
  // unfolded stays so, and whoever was on a link or on "show more" stays there.
  function apply(panel, change) {
    const at = panel.contains(document.activeElement) ? document.activeElement : null;
    const place = at?.matches("summary") ? "summary" : at?.hasAttribute("href") && `[href="${CSS.escape(at.getAttribute("href"))}"]`;
    const open = panel.querySelector("details")?.open;
    const rows = new Map([...panel.querySelectorAll("[data-key]")].map((one) => [one.dataset.key, one]));
    for (const [key, html] of Object.entries(change.rows || {})) {
      const fresh = element(html);
      rows.get(key)?.replaceWith(fresh);
      rows.set(key, fresh);
    }
    if ("shell" in change) panel.innerHTML = change.shell;
    const slots = panel.querySelectorAll("[data-rows]");
    (change.slots || []).forEach((keys, number) => order(slots[number], keys.map((key) => rows.get(key))));
    panel.querySelector("details")?.toggleAttribute("open", Boolean(open));
    if (place && document.activeElement !== at) panel.querySelector(place)?.focus();
  }

  function order(slot, wanted) {
    const kept = new Set(wanted);
    for (const row of [...slot.children]) if (!kept.has(row)) row.remove();
    wanted.forEach((row, at) => { if (slot.children[at] !== row) slot.insertBefore(row, slot.children[at] || null); });
  }

  function update(changes) {
    for (const panel of panels) {
      if (changes && panel.dataset.panel in changes) apply(panel, changes[panel.dataset.panel]);
    }
    announce();
  }

  function alerts() {
    return [...document.querySelectorAll("[data-panel=alerts] [data-alert]")];
  }

  function announce() {
    const fresh = alerts().filter((one) => !known.has(one.dataset.alert));
    for (const one of fresh) known.add(one.dataset.alert);
    if (fresh.length) show(fresh);
  }

  function show(fresh) {
    const text = fresh.map((one) => (one.innerText || one.textContent).replace(/\s+/g, " ").trim());
    banner.replaceChildren();
    banner.appendChild(document.createElement("strong")).textContent = banner.dataset.title;
    for (const one of text.slice(0, 3)) banner.appendChild(document.createElement("bdi")).textContent = one;
    if (text.length > 3) banner.appendChild(document.createElement("span")).textContent = `+${text.length - 3}`;
    const close = banner.appendChild(document.createElement("button"));
    close.type = "button";
    close.textContent = banner.dataset.close;
    close.addEventListener("click", () => banner.replaceChildren());
  }

  // "3 minutes ago" beside every time; the time itself stays.
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "always", style: "short" });
  const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60]];
  function ages(nowMs) {
    for (const time of document.querySelectorAll("time")) {
      const seconds = (Date.parse(time.dateTime) - nowMs) / 1000;
      const [unit, size] = STEPS.find(([, one]) => Math.abs(seconds) >= one) || STEPS[2];
      const age = relative.format(Math.trunc(seconds / size), unit);
      if (time.dataset.age !== age) time.dataset.age = age;
    }
  }

  return { names: panels.map((panel) => panel.dataset.panel), update, ages };
})();
