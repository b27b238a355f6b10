// The service worker of the residents' form: the form without signal, and reports sent after it was closed.
// Before this text stand VERSION and ASSETS, and `send.js` is read.
"use strict";
(() => {
  const KEPT = `report-${VERSION}`;
  const SLOW_MS = 2500; // then the kept form is shown

  self.addEventListener("install", (event) => {
    event.waitUntil((async () => {
      const files = await caches.open(KEPT);
      await files.addAll(ASSETS);
      await files.add(new Request("/report", { cache: "no-store" }));
      await self.skipWaiting();
    })());
  });

  self.addEventListener("activate", (event) => {
    event.waitUntil((async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith("report-") && name !== KEPT) await caches.delete(name);
      }
      await self.clients.claim();
    })());
  });

  self.addEventListener("fetch", (event) => {
    const { request } = event;
    const address = new URL(request.url);
    if (request.method !== "GET" || address.origin !== location.origin) return;
    if (request.mode === "navigate" && address.pathname === "/report") event.respondWith(form(request));
    else if (ASSETS.includes(address.pathname + address.search)) event.respondWith(file(request));
  });

  async function file(request) {
    return (await caches.match(request)) || fetch(request);
  }

  async function form(request) {
    const kept = await (await caches.open(KEPT)).match("/report");
    if (!kept) return fetch(request);
    try {
      const answer = await fetch(request, { signal: AbortSignal.timeout(SLOW_MS) });
      if (!answer.ok || answer.redirected) return answer.status < 500 ? answer : kept;
      await (await caches.open(KEPT)).put("/report", answer.clone());
      return answer;
    } catch {
      return kept;
    }
  }

  self.addEventListener("sync", (event) => {
    if (event.tag === "report") event.waitUntil(sync());
  });

  async function sync() {
    if (await self.ReportSend.send()) throw new Error("not sent yet"); // the browser tries again
  }
})();
