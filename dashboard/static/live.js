// Keeps an open page up to date by the stream /live, and says how old the page is when nothing comes.
// A hidden page has no stream. Of many pages in one browser the three that asked last keep a stream, because
// a browser gives one address six connections in all; the others ask for a moment now and then.
"use strict";
(() => {
  const SILENT_MS = 35000; // the gateway says something every 15 s
  const LOOK_MS = 15000; // how often a page without a stream asks
  const RETRY_MS = 8000;
  const WATCH_MS = 1000;
  const MOST_STREAMS = 3;
  const script = document.currentScript;
  const line = document.getElementById("line");
  const language = document.documentElement.lang;
  const self = `${performance.timeOrigin}-${performance.now()}-${Math.random()}`;
  const others = "BroadcastChannel" in window ? new BroadcastChannel("shishigaki-live") : null;
  const newer = new Set(); // pages that took a stream after this one
  let version = script.dataset.version;
  let shownAt = Date.parse(script.dataset.now); // the gateway's time of what is shown
  // The gateway's clock counts, not the phone's: the difference is learnt with every message.
  const root = document.documentElement;
  const ageMs = 1000 * Number(root.dataset.age || 0); // of a page that the service worker had kept
  let ahead = shownAt + ageMs - Date.now();
  let heard = ageMs ? -Infinity : performance.now(); // when the gateway said something last
  let tried = -Infinity;
  let source = null;
  let brief = false; // the open stream ends with its first event
  let full = false; // the gateway has asked this page to let go

  function take() {
    drop();
    tried = performance.now();
    brief = full || newer.size >= MOST_STREAMS;
    const query = new URLSearchParams(location.search);
    query.set("lang", language);
    query.set("since", version);
    for (const name of window.Panels.names) query.append("panel", name);
    if (window.Shishigaki) query.append("panel", "map");
    source = new EventSource(`/live?${query}`);
    source.addEventListener("look", (event) => show(event, JSON.parse(event.data)));
    source.addEventListener("tick", (event) => show(event, JSON.parse(event.data)));
    source.addEventListener("let-go", () => { full = true; drop(); });
    source.addEventListener("error", () => { if (!isOld()) tell(line.dataset.off, "off"); });
    if (!brief) others?.postMessage({ took: self });
  }

  function drop() {
    source?.close();
    source = null;
  }

  function leave() {
    drop();
    others?.postMessage({ left: self });
  }

  function show(event, news) {
    heard = performance.now();
    version = event.lastEventId;
    shownAt = Date.parse(news.now);
    ahead = shownAt - Date.now();
    root.dataset.now = news.now;
    root.dataset.heard = Date.now();
    delete root.dataset.age;
    if (window.Shishigaki) {
      window.Shishigaki.update(news.features || []);
      window.Shishigaki.remove(news.gone || []);
      if (news.cells) window.Shishigaki.count(news.cells);
    }
    window.Panels.update(news.panels);
    ages();
    tell(line.dataset.on, "on");
    document.body.dataset.version = version;
    if (brief) drop();
  }

  const isOld = () => performance.now() - heard > SILENT_MS;

  function watch() {
    if (document.hidden) return;
    if (isOld()) tell(line.dataset.old.replace("{time}", time()), "old");
    const since = performance.now() - tried;
    if (source === null ? since > LOOK_MS : source.readyState === EventSource.CLOSED ? since > RETRY_MS
      : isOld() && since > SILENT_MS) take();
  }

  function time() {
    return new Date(shownAt).toLocaleString(language, {
      timeZone: script.dataset.zone, month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit",
    });
  }

  function tell(text, state) {
    if (line.textContent !== text) line.textContent = text;
    line.dataset.state = state;
  }

  function ages() {
    window.Panels.ages(Date.now() + ahead);
  }

  // A page that is shown again asks at once, and is the newest.
  function wake() {
    if (document.hidden) {
      leave();
      return;
    }
    full = false;
    newer.clear();
    if (isOld()) watch();
    take();
  }

  others?.addEventListener("message", ({ data }) => {
    if (data.took) newer.add(data.took);
    if (data.left) newer.delete(data.left);
    if (newer.size >= MOST_STREAMS && source && !brief) drop();
  });
  document.addEventListener("visibilitychange", wake);
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => { if (event.persisted) wake(); });
  addEventListener("focus", () => { if (!document.hidden && (source === null || brief)) wake(); });
  ages();
  if (isOld()) tell(line.dataset.old.replace("{time}", time()), "old");
  setInterval(ages, 20000);
  setInterval(watch, WATCH_MS);
  if (!document.hidden) take();
})();
