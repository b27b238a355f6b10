// Keeps an open page up to date: replaces its panels, moves its marks, announces new alerts.
"use strict";
(() => {
  const script = document.currentScript;
  const line = document.getElementById("line");
  const banner = document.getElementById("banner");
  const panels = [...document.querySelectorAll("[data-panel]")];
  const language = document.documentElement.lang;
  const known = new Set(alerts().map((one) => one.dataset.alert));

  const query = new URLSearchParams({ lang: language, since: script.dataset.version });
  for (const panel of panels) query.append("panel", panel.dataset.panel);
  const source = new EventSource(`/live?${query}`);

  source.addEventListener("open", () => tell(line.dataset.on, "on"));
  source.addEventListener("error", () => tell(line.dataset.off, "off"));
  source.addEventListener("look", (event) => {
    const news = JSON.parse(event.data);
    if (window.Shishigaki) window.Shishigaki.update(news.features);
    for (const panel of panels) {
      if (panel.dataset.panel in news.panels) replace(panel, news.panels[panel.dataset.panel]);
    }
    announce();
    ahead = Date.parse(news.now) - Date.now();
    ages();
    document.body.dataset.version = event.lastEventId;
  });

  function tell(text, state) {
    if (line.textContent !== text) line.textContent = text;
    line.dataset.state = state;
  }

  // The HTML comes escaped from our own templates; what was unfolded stays so, and whoever was on a link or
  // on "show more" stays there.
  function replace(panel, html) {
    const at = panel.contains(document.activeElement) ? document.activeElement : null;
    const place = at?.matches("summary") ? "summary" : at?.hasAttribute("href") && `[href="${CSS.escape(at.getAttribute("href"))}"]`;
    const open = panel.querySelector("details")?.open;
    panel.innerHTML = html;
    panel.querySelector("details")?.toggleAttribute("open", Boolean(open));
    if (place) panel.querySelector(place)?.focus();
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
    const text = fresh.map((one) => one.innerText.replace(/\s+/g, " ").trim());
    banner.replaceChildren();
    banner.appendChild(document.createElement("strong")).textContent = banner.dataset.title;
    for (const one of text.slice(0, 3)) banner.appendChild(document.createElement("span")).textContent = one;
    if (text.length > 3) banner.appendChild(document.createElement("span")).textContent = `+${text.length - 3}`;
    const close = banner.appendChild(document.createElement("button"));
    close.type = "button";
    close.textContent = banner.dataset.close;
    close.addEventListener("click", () => banner.replaceChildren());
  }

  // "3 minutes ago" beside every time; the time itself stays.
  // The gateway's clock counts, not the phone's: the difference is learnt with every message.
  let ahead = Date.parse(script.dataset.now) - Date.now();
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "always", style: "short" });
  const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60]];
  function ages() {
    for (const time of document.querySelectorAll("time")) {
      const seconds = (Date.parse(time.dateTime) - Date.now() - ahead) / 1000;
      const [unit, size] = STEPS.find(([, one]) => Math.abs(seconds) >= one) || STEPS[2];
      time.dataset.age = relative.format(Math.trunc(seconds / size), unit);
    }
  }
  ages();
  setInterval(ages, 20000);
})();
